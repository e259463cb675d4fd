package psmodule

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kind says what a piece of a PowerShell file is.
type kind int

const (
	word     kind = iota // a command, a keyword, a bare argument, a number
	dashed               // -Name, or an operator such as -eq
	variable             // without its $
	text                 // a string, without its quotes
	comment
	mark // an operator or another sign
	line // the end of a line, or a semicolon
	group
)

// piece is a token, or a group of them in brackets.
type piece struct {
	kind  kind
	text  string // for a group: its opening bracket
	inner []piece
	row   int
	tight bool // nothing stands between it and the piece before it
}

// reader cuts a PowerShell file into pieces. It knows what the module's files use, and fails on
// what does not fit together, such as a bracket or a quote that is not closed.
type reader struct {
	name string
	rest string
	row  int
}

func (r *reader) fail(format string, values ...any) {
	panic(fmt.Errorf("%s:%d: %s", r.name, r.row, fmt.Sprintf(format, values...)))
}

func (r *reader) take(n int) string {
	taken := r.rest[:n]
	r.row += strings.Count(taken, "\n")
	r.rest = r.rest[n:]
	return taken
}

// until takes everything up to and with end.
func (r *reader) until(end string) string {
	at := strings.Index(r.rest, end)
	if at < 0 {
		r.fail("%q is missing", end)
	}
	return r.take(at + len(end))
}

// read gives the pieces of a file.
func read(name, content string) (pieces []piece, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = problem.(error)
		}
	}()
	r := &reader{name: name, rest: content, row: 1}
	pieces = r.pieces("")
	return pieces, nil
}

var closing = map[string]string{"(": ")", "$(": ")", "@(": ")", "{": "}", "@{": "}", "${": "}", "[": "]"}

// pieces reads up to the closing bracket.
func (r *reader) pieces(closed string) []piece {
	var found []piece
	tight := false
	for r.rest != "" {
		if strings.HasPrefix(r.rest, " ") || strings.HasPrefix(r.rest, "`\n") {
			r.take(1 + strings.IndexAny(r.rest, " \n"))
			tight = false
			continue
		}
		if closed != "" && strings.HasPrefix(r.rest, closed) {
			r.take(len(closed))
			return found
		}
		one := piece{row: r.row, tight: tight}
		r.one(&one)
		found = append(found, one)
		tight = one.kind != line
	}
	if closed != "" {
		r.fail("%q is missing", closed)
	}
	return found
}

func (r *reader) one(p *piece) {
	switch {
	case strings.HasPrefix(r.rest, "<#"):
		p.kind, p.text = comment, r.until("#>")
	case r.rest[0] == '#':
		p.kind = comment
		p.text = r.take(strings.Index(r.rest+"\n", "\n"))
	case r.rest[0] == '\n' || r.rest[0] == ';':
		p.kind, p.text = line, r.take(1)
	case strings.HasPrefix(r.rest, "@'\n"):
		r.take(3)
		p.kind, p.text = text, strings.TrimSuffix(r.until("\n'@"), "\n'@")
	case strings.HasPrefix(r.rest, "@\""):
		r.fail("a here-string with variables: write it in another way")
	case r.rest[0] == '\'':
		p.kind, p.text = text, r.single()
	case r.rest[0] == '"':
		p.kind = text
		r.double(p)
	case r.rest[0] == '$':
		r.dollar(p)
	case r.bracket(p):
	default:
		r.plain(p)
	}
}

func (r *reader) bracket(p *piece) bool {
	for _, open := range []string{"@(", "@{", "(", "{", "["} {
		if strings.HasPrefix(r.rest, open) {
			r.take(len(open))
			p.kind, p.text = group, open
			p.inner = r.pieces(closing[open])
			return true
		}
	}
	return false
}

// single reads a string in single quotes, in which two of them are one.
func (r *reader) single() string {
	r.take(1)
	value := ""
	for {
		value += strings.TrimSuffix(r.until("'"), "'")
		if !strings.HasPrefix(r.rest, "'") {
			return value
		}
		value += r.take(1)
	}
}

// double reads a string in double quotes with the variables and expressions that it holds.
func (r *reader) double(p *piece) {
	r.take(1)
	for {
		switch {
		case r.rest == "":
			r.fail("a quote is missing")
		case strings.HasPrefix(r.rest, "\"\""):
			p.text += r.take(2)[:1]
		case r.rest[0] == '"':
			r.take(1)
			return
		case r.rest[0] == '`':
			if strings.ContainsAny(r.rest[1:2], "eu") {
				r.fail("the escape %q is newer than Windows PowerShell 5.1", r.rest[:2])
			}
			p.text += r.take(2)
		case r.rest[0] == '$' && len(r.rest) > 1 && (strings.ContainsAny(r.rest[1:2], "({_?") || isLetter(r.rest[1])):
			one := piece{row: r.row}
			r.dollar(&one)
			p.inner = append(p.inner, one)
			p.text += "\x00"
		default:
			p.text += r.take(1)
		}
	}
}

// dollar reads a variable or an expression in brackets.
func (r *reader) dollar(p *piece) {
	switch {
	case strings.HasPrefix(r.rest, "$("):
		r.take(2)
		p.kind, p.text = group, "$("
		p.inner = r.pieces(")")
	case strings.HasPrefix(r.rest, "${"):
		r.take(2)
		p.kind, p.text = variable, strings.TrimSuffix(r.until("}"), "}")
	case len(r.rest) > 1 && strings.ContainsAny(r.rest[1:2], "?^$"):
		p.kind, p.text = variable, r.take(2)[1:]
	default:
		length := 1
		for length < len(r.rest) && (isLetter(r.rest[length]) || isDigit(r.rest[length]) ||
			r.rest[length] == ':' && length+1 < len(r.rest) && isLetter(r.rest[length+1])) {
			length++
		}
		if length == 1 {
			r.fail("a $ without a name")
		}
		p.kind, p.text = variable, r.take(length)[1:]
	}
}

func (r *reader) plain(p *piece) {
	c := r.rest[0]
	length := 1
	switch {
	case isLetter(c) || isDigit(c):
		p.kind = word
		for length < len(r.rest) && (isLetter(r.rest[length]) || isDigit(r.rest[length]) || strings.ContainsRune(`-.\`, rune(r.rest[length])) &&
			length+1 < len(r.rest) && (isLetter(r.rest[length+1]) || isDigit(r.rest[length+1]))) {
			length++
		}
	case c == '-' && len(r.rest) > 1 && isLetter(r.rest[1]):
		p.kind = dashed
		for length < len(r.rest) && (isLetter(r.rest[length]) || isDigit(r.rest[length])) {
			length++
		}
		if strings.HasPrefix(r.rest[length:], ":") {
			length++
		}
	case strings.ContainsRune("-+*/%=!.,:|&?<>@", rune(c)):
		p.kind = mark
		for _, two := range []string{"&&", "||", "??", "?.", "::", "+=", "-=", "..", "++", "--", "2>", ">>"} {
			if strings.HasPrefix(r.rest, two) {
				length = 2
			}
		}
	default:
		r.fail("%q was not expected here", c)
	}
	p.text = r.take(length)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// walk visits every piece, those in brackets and strings included.
func walk(pieces []piece, visit func(before []piece, p piece)) {
	for i, p := range pieces {
		visit(pieces[:i], p)
		walk(p.inner, visit)
	}
}

// without leaves out pieces of the given kinds.
func without(pieces []piece, kinds ...kind) []piece {
	var kept []piece
	for _, p := range pieces {
		leave := false
		for _, k := range kinds {
			leave = leave || p.kind == k
		}
		if !leave {
			kept = append(kept, p)
		}
	}
	return kept
}

// split cuts pieces at each one that is a mark of the given text.
func split(pieces []piece, at string) [][]piece {
	parts := [][]piece{nil}
	for _, p := range pieces {
		if p.kind == mark && p.text == at {
			parts = append(parts, nil)
			continue
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], p)
	}
	return parts
}

// plainText writes pieces without blanks, to compare them.
func plainText(pieces []piece) string {
	var all strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case variable:
			all.WriteString("$" + p.text)
		case text:
			all.WriteString("'" + p.text + "'")
		case group:
			all.WriteString(p.text + plainText(p.inner) + closing[p.text])
		default:
			all.WriteString(p.text)
		}
	}
	return all.String()
}

const root = "../../psmodule"

// file is one PowerShell file, read.
type file struct {
	path   string // below psmodule, with slashes
	raw    string
	pieces []piece
}

// files reads all files of the modules whose names end in one of the suffixes. What lies below
// psmodule/tests is not part of a module; it is read when tests is true, and alone.
func files(t *testing.T, tests bool, suffixes ...string) []file {
	t.Helper()
	var found []file
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		below = filepath.ToSlash(below)
		if strings.HasPrefix(below, "tests/") != tests || strings.HasPrefix(below, "CsBackup/bin/") {
			return nil
		}
		for _, suffix := range suffixes {
			if !strings.HasSuffix(name, suffix) {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			one := file{path: below, raw: string(content)}
			if strings.HasPrefix(filepath.Ext(name), ".ps") && filepath.Ext(name) != ".ps1xml" {
				if one.pieces, err = read(below, one.raw); err != nil {
					t.Errorf("%v", err)
				}
			}
			found = append(found, one)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheReaderNoticesWhatDoesNotFit(t *testing.T) {
	for _, bad := range []string{"if ($a) {", "'a", "\"a", "\"$(a\"", "@(1, 2", "<# a", "$a[1", "\"`u{41}\"", "$"} {
		if pieces, err := read("x", bad); err == nil {
			t.Errorf("%q is read as %v", bad, pieces)
		}
	}
	for good, want := range map[string]string{
		"Get-X -A:$false 'it''s' # c":         "word dashed variable text comment",
		"\"a $($_.B):[$($_.C)]`n\"":           "text",
		"$a.B(1, [int]$c)":                    "variable mark word group",
		"$x = @{ A = 1 }; f | g `\n  -B":      "variable mark group line word mark word dashed",
		"${place}in $global:Error[0] $?":      "variable word variable group variable",
		"1..3 | ForEach-Object -Process {  }": "word mark word mark word dashed group",
	} {
		pieces, err := read("x", good)
		var got []string
		for _, p := range pieces {
			got = append(got, []string{"word", "dashed", "variable", "text", "comment", "mark", "line", "group"}[p.kind])
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q is read as %v (%v), want %s", good, got, err, want)
		}
	}
}
