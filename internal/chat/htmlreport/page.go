package htmlreport

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"csbackup/internal/chat/archive"
)

// Page is what a report says.
type Page struct {
	Title    string
	Verdict  string // the outcome in a sentence or two
	Good     bool   // whether all is as it was wished
	Facts    []Fact
	Sections []Section // those without rows are not shown
}

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// Section is a table with a title.
type Section struct {
	Title   string
	Header  []string
	Rows    [][]string
	Numbers int // how many of the last columns are numbers
}

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"visible": visible, "number": isNumber}).Parse(source))

// Write makes the file at path, or replaces it.
func Write(path string, p Page) error {
	return archive.Create(path, func(to io.Writer) error {
		if err := page.Execute(to, p); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	})
}

// isNumber tells whether the column at a place holds numbers.
func isNumber(s Section, place int) bool { return place >= len(s.Header)-s.Numbers }

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
