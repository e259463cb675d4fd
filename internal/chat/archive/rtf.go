package archive

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"csbackup/internal/chat/schema"
)

// rule makes RTF out of a message's text.
type rule struct{ line, before, after string }

// lineForms are the forms of a line break that Writer tries.
var lineForms = [...]string{"\\par\r\n", "\\par ", "\\line ", "\\par\n", "\\line\r\n"}

const (
	maxRules = 256 // in a member
	// leastRuled is how long a text must be, in RTF, to be sure that it was found where it really stands.
	leastRuled = 6
	// longestRuled keeps the search for a new rule short.
	longestRuled = 1 << 20
	// longestRule is how long a rule's before and after may be together.
	longestRule = 16 << 10
	// longestLineForm is how long a rule's form of a line break may be.
	longestLineForm = 64
)

// apply appends what the rule makes of the text.
func (r rule) apply(to []byte, content string) []byte {
	to = append(to, r.before...)
	to = appendRTF(to, content, r.line)
	return append(to, r.after...)
}

func appendRTF(to []byte, content, lineForm string) []byte {
	for i := 0; i < len(content); {
		start := i
		for i < len(content) && isPlainRTF[content[i]] {
			i++
		}
		if to = append(to, content[start:i]...); i == len(content) {
			break
		}
		c := content[i]
		if c < utf8.RuneSelf {
			i++
			switch c {
			case '\\', '{', '}':
				to = append(to, '\\', c)
			case '\t':
				to = append(to, `\tab `...)
			case '\r':
				if i < len(content) && content[i] == '\n' {
					i++
				}
				to = append(to, lineForm...)
			case '\n':
				to = append(to, lineForm...)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(content[i:])
		if r == utf8.RuneError && size <= 1 {
			r, _ = schema.Surrogate(content[i:])
			size = 3
		}
		i += size
		if r >= 0x10000 {
			r -= 0x10000
			to = appendRTFUnit(to, 0xD800|r>>10)
			r = 0xDC00 | r&0x3FF
		}
		to = appendRTFUnit(to, r)
	}
	return to
}

// isPlainRTF tells which bytes stand for themselves in RTF.
var isPlainRTF = func() (plain [256]bool) {
	for c := range utf8.RuneSelf {
		plain[c] = !strings.ContainsRune("\\{}\t\r\n", rune(c))
	}
	return plain
}()

func appendRTFUnit(to []byte, u rune) []byte {
	to = strconv.AppendInt(append(to, `\u`...), int64(int16(uint16(u))), 10)
	return append(to, '?')
}

// rules are those of one member.
type rules struct {
	known []rule
	last  int // number of the rule used last; 0 is none
	work  []byte
}

// match gives the number of a known rule that makes exactly this RTF; 0 is none.
func (s *rules) match(content, rtf string) int {
	for step := range len(s.known) {
		n := step
		if s.last > 0 { // the last one first
			n = (s.last - 1 + step) % len(s.known)
		}
		r := s.known[n]
		if !strings.HasPrefix(rtf, r.before) || !strings.HasSuffix(rtf, r.after) {
			continue
		}
		if s.work = r.apply(s.work[:0], content); string(s.work) == rtf {
			return n + 1
		}
	}
	return 0
}

// find looks for a rule that makes exactly this RTF and remembers it.
func (s *rules) find(content, rtf string) (found rule, ok bool) {
	if len(s.known) >= maxRules || len(rtf) > longestRuled {
		return rule{}, false
	}
	for _, form := range lineForms {
		s.work = appendRTF(s.work[:0], content, form)
		if len(s.work) < leastRuled {
			return rule{}, false
		}
		if at := strings.LastIndex(rtf, string(s.work)); at >= 0 && len(rtf)-len(s.work) <= longestRule {
			found = rule{form, rtf[:at], rtf[at+len(s.work):]}
			s.known = append(s.known, found)
			return found, true
		}
	}
	return rule{}, false
}
