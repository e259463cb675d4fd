package converttest

import (
	"errors"
	"io"
	"strings"

	"csbackup/internal/chat/convert"
)

// Memory is an output in memory. It refuses what a real one would not hold.
type Memory struct {
	Files map[string]string
	open  bool
	seen  map[string]bool // names in lower case
}

// Create makes a file.
func (m *Memory) Create(name string) (io.WriteCloser, error) {
	switch {
	case m.open:
		return nil, errors.New("the file before is still open")
	case name == "" || strings.HasPrefix(name, "/") || strings.Contains(name, "..") || strings.ContainsAny(name, "\\:*?\"<>|\x00"):
		return nil, errors.New("no file can be called " + name)
	}
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	if m.seen[strings.ToLower(name)] {
		return nil, errors.New(name + " is there twice")
	}
	m.seen[strings.ToLower(name)] = true
	m.open = true
	m.Files[name] = ""
	return &file{memory: m, name: name}, nil
}

type file struct {
	memory *Memory
	name   string
	text   strings.Builder
}

func (f *file) Write(b []byte) (int, error) { return f.text.Write(b) }

func (f *file) Close() error {
	f.memory.open = false
	f.memory.Files[f.name] = f.text.String()
	return nil
}

// Done is false.
func (*Memory) Done(int64) bool { return false }

// Begin does nothing.
func (*Memory) Begin(int64) error { return nil }

// Complete does nothing.
func (*Memory) Complete(int64, []convert.Note) error { return nil }

// Finish does nothing.
func (*Memory) Finish() error { return nil }

// Abandon does nothing.
func (*Memory) Abandon() error { return nil }

// Texts are texts that targets tend to spoil.
func Texts() []string {
	return []string{
		"", " ", "plain", "\x00", "a\x00b\x1b[31m", "tab\tcr\rlf\ncrlf\r\nend", "Grüße, 日本語, العربية, ไทย", "\U0001F600 \U0001F469\u200D\U0001F4BB",
		"\xed\xa0\x80", "x\xed\xbf\xbfy", "\uFFFE\uFFFF\uFEFF", "<script>alert(1)</script>", "<b>&amp;</b> \"quoted\" 'single' \\", "<!channel> <@U00000002> @all",
		"=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''", "\t=1", "\r=1", "|cmd' /C calc'!A0", "a,b;c\td\"e", "# heading\n* list", "\u202Eabc\u202C", "\u2028line\u2029",
		strings.Repeat("long line ", 6000), strings.Repeat("\U0001F600", 20000), strings.Repeat("<&\"'\t", 8000),
	}
}

// RoomNames are names that targets tend to spoil; several are equal once they are made to fit.
func RoomNames() []string {
	return []string{
		"Alpha", "alpha", "ALPHA ", "Alpha!", "al-pha", "General", "general", "town-square", "CON", "nul", "com1", "..", ".", "../../etc/passwd", "a/b\\c:d", "a\x00b", "\xed\xa0\x80",
		"日本語", "日本語 ", "Ωmega \U0001F600", "\U0001F600", "___", "-x-", "x__y", "é", "e\u0301", "ﬁ", "fi", "K", "K", "users.json", "=1+1", "#hash % & * { } | \" '", "\u202Ecod.exe",
		strings.Repeat("n", 256), strings.Repeat("n", 255) + "m", strings.Repeat("語", 256), " ", "\t", "a.", ".a", "Forms", "_a_",
	}
}
