package convert

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"csbackup/internal/chat/rtf"

	"golang.org/x/text/unicode/norm"
)

// Names gives each thing a name of its own.
type Names struct {
	taken map[string]bool
	next  map[string]int // by base, the number that was given last
}

// Reserve takes names away that nothing may have, in any case.
func (n *Names) Reserve(names ...string) {
	n.begin()
	for _, one := range names {
		n.taken[strings.ToLower(one)] = true
	}
}

func (n *Names) begin() {
	if n.taken == nil {
		n.taken, n.next = map[string]bool{}, map[string]int{}
	}
}

// Take gives the base, cut to so many bytes, or the base with -2, -3 and so on where it is taken. The base is
// compared as it is: put it into lower case where the target ignores case.
func (n *Names) Take(base string, most int) string {
	base = strings.TrimRight(Shorten(base, most), "-_. ")
	return n.Choose(base, func(number int) string {
		if number == 1 {
			return base
		}
		suffix := fmt.Sprintf("-%d", number)
		return strings.TrimLeft(Shorten(base, most-len(suffix))+suffix, "-")
	})
}

// Choose gives the first of a row of candidates, which are counted from 1, that is not empty and not taken,
// and takes it. Key is what candidates of the same row have in common, so that no row is tried twice.
func (n *Names) Choose(key string, candidate func(number int) string) string {
	n.begin()
	for number := n.next[key] + 1; ; number++ {
		if name := candidate(number); name != "" && !n.taken[strings.ToLower(name)] {
			n.taken[strings.ToLower(name)] = true
			n.next[key] = number
			return name
		}
	}
}

// Slug puts a text into lower case, with a hyphen for everything that is no letter, no digit and no
// underscore. With ascii, letters are those of English only. It may be empty.
func Slug(text string, ascii bool) string {
	var b strings.Builder
	pending := false
	for _, r := range norm.NFKC.String(Valid(text)) {
		r = unicode.ToLower(r)
		plain := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' && b.Len() > 0
		if !plain && (ascii || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) || b.Len() == 0 && unicode.Is(unicode.M, r)) {
			pending = b.Len() > 0
			continue
		}
		if pending {
			b.WriteByte('-')
			pending = false
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), "_")
}

// devices are names that Windows does not let a folder have.
var devices = func() (names []string) {
	names = []string{"con", "prn", "aux", "nul"}
	for _, n := range "0123456789¹²³" {
		names = append(names, "com"+string(n), "lpt"+string(n))
	}
	return names
}()

// IsDevice tells whether a name in lower case is one of a device of Windows.
func IsDevice(name string) bool { return slices.Contains(devices, name) }

// Clock gives times that are each later than the one before, by at least its Unit, which is also what times
// are cut to.
type Clock struct {
	Unit time.Duration
	last time.Time
}

// Next gives the time of the next message. Moved tells that the time itself was given before.
func (c *Clock) Next(at time.Time) (next time.Time, moved bool) {
	next = at.Truncate(c.Unit)
	if earliest := c.last.Add(c.Unit); !c.last.IsZero() && next.Before(earliest) {
		next, moved = earliest, true
	}
	c.last = next
	return next, moved
}

// PlainText gives the text of a message for systems without RTF: its content, or where that is empty the text
// of its RTF. Lines end with LF; control characters but tab are taken out, which is noted.
func (p *Plan) PlainText(m *Message) string {
	text := m.Text
	if text == "" && m.HasRTF {
		if doc, err := rtf.Parse(m.RTF); err == nil {
			text = doc.Text()
		}
	}
	plain := rtf.Plain(text).Text()
	if len(plain) != len(text) && strings.ContainsFunc(text, isLost) {
		p.Notes.Change("Texts with control characters or halves of characters, which are taken out or replaced", p.Where(m), 1)
	}
	return plain
}

// isLost tells which characters PlainText does not keep.
func isLost(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\r' && r != '\t' || r >= 0x7F && r < 0xA0 || r >= 0xFFFD && r <= 0xFFFF
}

// Where names a message for a note.
func (*Plan) Where(m *Message) string { return fmt.Sprintf("%s, message %d", m.Room.Name, m.ID) }

// SplitText cuts a text into parts of at most so many characters, behind a line or else a space where one
// stands in the second half of a part. A text that is short enough is one part.
func SplitText(text string, most int) []string {
	var parts []string
	for utf8.RuneCountInString(text) > most {
		end := 0
		for range most {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		if at := strings.LastIndexByte(text[:end], '\n'); at > end/2 {
			end = at + 1
		} else if at := strings.LastIndexByte(text[:end], ' '); at > end/2 {
			end = at + 1
		}
		parts = append(parts, text[:end])
		text = text[end:]
	}
	return append(parts, text)
}

// Identity gives the one of several people with the same address in the new system who stands for them all:
// the first in the order of their numbers.
func (p *Plan) Identity(one *Person) *Person {
	if one.Address == "" {
		return one
	}
	if p.identities == nil {
		p.identities = map[string]*Person{}
		for _, other := range p.people {
			key := strings.ToLower(other.Address)
			if known := p.identities[key]; key != "" && (known == nil || other.Number < known.Number) {
				p.identities[key] = other
			}
		}
	}
	return p.identities[strings.ToLower(one.Address)]
}
