package htmlreport

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/chart"
	"csbackup/internal/failure"
)

// Page is what a report says.
type Page struct {
	Title    string
	Verdict  string // the outcome in a sentence or two
	Good     bool   // whether all is as it was wished
	Sum      []Figure
	LeftOut  string // what is not included and why, in a sentence; "" says nothing of it
	Facts    []Fact
	Chart    chart.Chart
	Largest  chart.Bars
	Sections []Section // those without rows are not shown
}

// Figure is a number that stands for the whole, with what it counts.
type Figure struct{ Value, Label string }

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// Section is a table with a title.
type Section struct {
	Title   string
	Header  []string
	Rows    [][]string
	Behind  []string // for each row, what stands in small letters behind its first cell; nil for nothing
	Numbers int      // how many of the last columns are numbers
}

var (
	//go:embed page.html
	source string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

var pages = template.Must(
	template.Must(
		template.New("page").Funcs(template.FuncMap{"visible": visible}).Parse(chart.Template),
	).Parse(
		source,
	),
)

// The style and the script of a page, which must be there as they are: the policy has their hashes. Only a
// script that the policy trusts can load another one, which 'strict-dynamic' allows it; everything else is
// forbidden.
var (
	allStyle      = chart.Style + style
	styleElement  = template.HTML("<style>" + allStyle + "</style>")
	scriptElement = template.HTML("<script>" + script + "</script>")
	policy        = fmt.Sprintf(
		"default-src 'none'; style-src %s; script-src %s 'strict-dynamic'; base-uri 'none'; form-action 'none'",
		hashOf(allStyle),
		hashOf(script),
	)
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// sheet is one HTML file of a report.
type sheet struct {
	Page
	Home    string // the name of the first page, on those that follow it
	Folder  string // from this page to the further pages, with a slash at its end; "" for this page's own folder
	Tables  []table
	Policy  string
	Style   template.HTML
	Script  template.HTML
	Further bool // this is a further page
}

// Write makes the report at path, or replaces it, with its further pages before it.
func Write(path string, p Page) error {
	tables := make([]table, 0, len(p.Sections))
	for _, section := range p.Sections {
		if len(section.Rows) > 0 {
			tables = append(tables, newTable(section))
		}
	}
	folder, err := further(path, p, tables)
	if err != nil {
		return err
	}
	for i := range tables {
		tables[i].turnTo(1, folder)
	}
	return sheet{Page: p, Folder: folder, Tables: tables}.write(path)
}

// further writes the pages that continue tables, and gives the name of their folder, with a slash; "" where
// there is none.
func further(path string, p Page, tables []table) (string, error) {
	base := filepath.Base(path)
	name := strings.TrimSuffix(base, filepath.Ext(base)) + "-pages"
	folder := filepath.Join(filepath.Dir(path), name)
	written := map[string]bool{}
	for _, t := range tables {
		if t.Pages == 1 {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", failure.Wrap(
				failure.FileNotWritable,
				folder,
				"The folder for further pages of the report cannot be made",
				"Name a report elsewhere.",
				err,
			)
		}
		for n := 2; n <= t.Pages; n++ {
			here := t
			here.turnTo(n, "")
			one := sheet{
				Page: Page{
					Title: t.Title + ", page " + fmt.Sprint(n) + " of " + fmt.Sprint(t.Pages),
					Facts: []Fact{{"Report", p.Title}},
				},
				Home:    base,
				Tables:  []table{here},
				Further: true,
			}
			if err := one.write(filepath.Join(folder, t.fileOf(n))); err != nil {
				return "", err
			}
			written[t.fileOf(n)] = true
		}
		if err := archive.Create(filepath.Join(folder, t.Name+".js"), t.writeData); err != nil {
			return "", err
		}
		written[t.Name+".js"] = true
	}
	if err := removeOld(folder, written); err != nil {
		return "", err
	}
	if len(written) == 0 {
		return "", nil
	}
	return name + "/", nil
}

func (s sheet) write(path string) error {
	s.Policy, s.Style, s.Script = policy, styleElement, scriptElement
	return archive.Create(path, func(to io.Writer) error {
		if err := pages.Execute(to, s); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	})
}

// IsReport tells whether a file is an earlier report, by its beginning.
func IsReport(file io.Reader) bool {
	beginning, err := io.ReadAll(io.LimitReader(file, 1024))
	return err == nil && strings.HasPrefix(string(beginning), "<!DOCTYPE html>") && strings.Contains(string(beginning), mark)
}

// mark stands in the head of every report.
const mark = `<meta name="generator" content="csbackup">`

// visible replaces what a page cannot show, or what would turn the text around it.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, text)
}
