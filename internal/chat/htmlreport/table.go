package htmlreport

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// pageRows is how many rows of a table stand on one page.
const pageRows = 500

// searchableRows is from how many rows on a table has a field to search in.
const searchableRows = 10

// table is a section as one page shows it.
type table struct {
	Title   string
	Name    string // of its further pages and its data, such as "rooms"
	Total   int
	Count   string // Total for people
	Columns []column
	Pages   int
	Page    int // the number of the page that is shown, from 1
	Rows    []row
	Links   []link // to all pages; none where there is one
	Data    string // from the page to the file with all rows; "" where all are on the page
	Search  bool

	section Section
}

type column struct {
	Name   string
	Number bool
}

type row struct{ Cells []cell }

type cell struct {
	Text, Behind, Label string
	Number              bool
}

type link struct {
	Number int
	To     string // "" for the page itself
	From   string // what its first row begins with
}

func newTable(s Section) table {
	t := table{
		Title:   s.Title,
		Name:    fileName(s.Title),
		Total:   len(s.Rows),
		Count:   report.Number(int64(len(s.Rows))),
		Pages:   (len(s.Rows) + pageRows - 1) / pageRows,
		section: s,
	}
	t.Search = t.Total >= searchableRows
	for i, name := range s.Header {
		t.Columns = append(t.Columns, column{Name: name, Number: i >= len(s.Header)-s.Numbers})
	}
	return t
}

// turnTo makes it the n-th page. The further pages are in the folder, as it is named from that page.
func (t *table) turnTo(n int, folder string) {
	t.Page, t.Rows, t.Links = n, nil, nil
	first := (n - 1) * pageRows
	for i := first; i < min(first+pageRows, t.Total); i++ {
		var cells []cell
		for place, text := range t.section.Rows[i] {
			one := cell{Text: text, Label: t.Columns[place].Name, Number: t.Columns[place].Number}
			if place == 0 && i < len(t.section.Behind) {
				one.Behind = t.section.Behind[i]
			}
			cells = append(cells, one)
		}
		t.Rows = append(t.Rows, row{cells})
	}
	if t.Pages == 1 {
		return
	}
	t.Data = folder + t.Name + ".js"
	for page := 1; page <= t.Pages; page++ {
		one := link{
			Number: page,
			From:   strings.Join(t.section.Rows[(page-1)*pageRows][:min(2, len(t.Columns))], ", "),
		}
		switch {
		case page == n:
		case page == 1:
			one.To = homeLink
		default:
			one.To = folder + t.fileOf(page)
		}
		t.Links = append(t.Links, one)
	}
}

// homeLink stands for the first page, whose name the template knows.
const homeLink = "home"

func (t *table) fileOf(page int) string { return fmt.Sprintf("%s-%d.html", t.Name, page) }

// fileName makes the name of a file out of a title.
func fileName(title string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(title), "-"), "-")
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// writeData writes all rows for the script, which searches and sorts them.
func (t *table) writeData(to io.Writer) error {
	out := bufio.NewWriter(to)
	if _, err := fmt.Fprintf(out, "csbackupRows(%q,[\n", t.Name); err != nil {
		return err
	}
	for _, cells := range t.section.Rows {
		shown := make([]string, len(cells))
		for i, text := range cells {
			shown[i] = visible(text)
		}
		line, err := json.Marshal(shown)
		if err != nil {
			return fmt.Errorf("write the rows of %s: %w", t.Title, err)
		}
		if _, err := out.Write(append(line, ',', '\n')); err != nil {
			return err
		}
	}
	if _, err := out.WriteString("]);\n"); err != nil {
		return err
	}
	return out.Flush()
}

// ours are the names of files that this package writes into the folder with further pages.
var ours = regexp.MustCompile(`^[a-z][a-z0-9-]*(-[0-9]+\.html|\.js)$`)

// removeOld removes further pages of an earlier report that the new one does not have, and the folder once it
// is empty.
func removeOld(folder string, written map[string]bool) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && e.Type().IsRegular() && ours.MatchString(e.Name()) && !written[e.Name()] {
			err = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
	if err != nil {
		return failure.Wrap(
			failure.FileNotWritable,
			folder,
			"Further pages of an earlier report cannot be removed",
			"Remove the folder, or name a report elsewhere.",
			err,
		)
	}
	if len(written) == 0 {
		_ = os.Remove(folder) // it stays where something else is in it
	}
	return nil
}
