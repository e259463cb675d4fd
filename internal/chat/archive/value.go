package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// maxLine is longer than any line: of each value at most longestPart bytes stand in one, and a byte needs
// at most six characters.
const maxLine = 16 << 20

const hexadecimal = "0123456789abcdef"

// appendValue writes one value of a row in the form that the package comment describes.
func appendValue(to []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(to, "null"...), nil
	case int64:
		return strconv.AppendInt(to, v, 10), nil
	case string:
		return appendText(to, v)
	case []byte:
		to = append(to, `{"base64":"`...)
		to = base64.StdEncoding.AppendEncode(to, v)
		return append(to, `"}`...), nil
	}
	return nil, fmt.Errorf("a %T is no value of a row", value)
}

// appendText writes a text as a JSON string in ASCII. The text is WTF-8; anything else is an error,
// because it could not be given back.
func appendText(to []byte, text string) ([]byte, error) {
	to = append(to, '"')
	plain := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		to = append(to, text[plain:i]...)
		if c < utf8.RuneSelf {
			to = appendEscaped(to, c)
			i++
			plain = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size <= 1 {
			var ok bool
			if r, ok = surrogate(text[i:]); !ok || (r >= 0xDC00 && i >= 3 && endsInHigh(text[:i])) {
				return nil, errors.New("a text is not valid WTF-8")
			}
			size = 3
		}
		to = appendUnits(to, r)
		i += size
		plain = i
	}
	to = append(to, text[plain:]...)
	return append(to, '"'), nil
}

func appendEscaped(to []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(to, '\\', c)
	case '\b':
		return append(to, `\b`...)
	case '\t':
		return append(to, `\t`...)
	case '\n':
		return append(to, `\n`...)
	case '\f':
		return append(to, `\f`...)
	case '\r':
		return append(to, `\r`...)
	}
	return appendUnit(to, rune(c))
}

func appendUnits(to []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		to = appendUnit(to, 0xD800|r>>10)
		r = 0xDC00 | r&0x3FF
	}
	return appendUnit(to, r)
}

func appendUnit(to []byte, u rune) []byte {
	return append(to, '\\', 'u', hexadecimal[u>>12&15], hexadecimal[u>>8&15], hexadecimal[u>>4&15], hexadecimal[u&15])
}

// surrogate reads the three-byte form of a lone surrogate.
func surrogate(text string) (rune, bool) {
	if len(text) < 3 || text[0] != 0xED || text[1] < 0xA0 || text[1] > 0xBF || text[2]&0xC0 != 0x80 {
		return 0, false
	}
	return 0xD000 | rune(text[1]&0x3F)<<6 | rune(text[2]&0x3F), true
}

func endsInHigh(text string) bool {
	r, ok := surrogate(text[len(text)-3:])
	return ok && r < 0xDC00
}

// line reads one line, in exactly the form that appendValue and the writers give it.
type line struct {
	text []byte
	at   int
	work []byte // for strings with escapes, used again
}

var errLine = errors.New("the line is not in the archive's form")

func (l *line) peek() byte {
	if l.at < len(l.text) {
		return l.text[l.at]
	}
	return 0
}

// take moves past exactly this text.
func (l *line) take(text string) bool {
	if len(l.text)-l.at < len(text) || string(l.text[l.at:l.at+len(text)]) != text {
		return false
	}
	l.at += len(text)
	return true
}

// end tells that the line is used up.
func (l *line) end() bool { return l.at == len(l.text) }

// value reads one value of a table's row.
func (l *line) value() (any, error) {
	switch c := l.peek(); {
	case c == '"':
		return l.string()
	case c == 'n' && l.take("null"):
		return nil, nil
	case c == '{' && l.take(`{"base64":`):
		text, err := l.string()
		if err != nil || !l.take("}") {
			return nil, errLine
		}
		content, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || base64.StdEncoding.EncodeToString(content) != text {
			return nil, errLine
		}
		return content, nil
	}
	return l.integer()
}

// nullable reads a string or null.
func (l *line) nullable() (text string, null bool, err error) {
	if l.take("null") {
		return "", true, nil
	}
	text, err = l.string()
	return text, false, err
}

// integer reads a whole number without needless signs and zeros.
func (l *line) integer() (int64, error) {
	start := l.at
	if l.peek() == '-' {
		l.at++
	}
	for c := l.peek(); c >= '0' && c <= '9'; c = l.peek() {
		l.at++
	}
	digits := string(l.text[start:l.at])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != digits {
		return 0, errLine
	}
	return n, nil
}

const second = 10_000_000 // in ticks

// appendSeconds writes ticks as seconds, exactly.
func appendSeconds(to []byte, ticks int64) []byte {
	size := uint64(ticks)
	if ticks < 0 {
		to = append(to, '-')
		size = -size
	}
	to = strconv.AppendUint(to, size/second, 10)
	rest := size % second
	if rest == 0 {
		return to
	}
	to = append(to, '.')
	for unit := uint64(second / 10); rest > 0; unit /= 10 {
		to = append(to, byte('0'+rest/unit))
		rest %= unit
	}
	return to
}

// seconds reads what appendSeconds writes.
func (l *line) seconds() (int64, error) {
	negative := l.take("-")
	start := l.at
	var size uint64
	for c := l.peek(); c >= '0' && c <= '9'; c = l.peek() {
		if size > math.MaxUint64/second {
			return 0, errLine
		}
		size = size*10 + uint64(c-'0')
		l.at++
	}
	if l.at == start || (l.text[start] == '0' && l.at > start+1) || size > (1<<63)/second {
		return 0, errLine
	}
	size *= second
	if l.take(".") {
		first := l.at
		for unit := uint64(second / 10); unit > 0 && l.peek() >= '0' && l.peek() <= '9'; unit /= 10 {
			size += unit * uint64(l.peek()-'0')
			l.at++
		}
		if l.at == first || l.text[l.at-1] == '0' {
			return 0, errLine
		}
	}
	switch {
	case negative && size > 0 && size <= 1<<63:
		return int64(-size), nil
	case !negative && size < 1<<63:
		return int64(size), nil
	}
	return 0, errLine
}

// string reads a JSON string into WTF-8.
func (l *line) string() (string, error) {
	if !l.take(`"`) {
		return "", errLine
	}
	start := l.at
	for l.at < len(l.text) {
		c := l.text[l.at]
		if c == '"' {
			text := string(l.text[start:l.at])
			l.at++
			return text, nil
		}
		if c == '\\' {
			l.work = append(l.work[:0], l.text[start:l.at]...)
			return l.escapedString()
		}
		if c < 0x20 || c >= utf8.RuneSelf {
			return "", errLine
		}
		l.at++
	}
	return "", errLine
}

// skip moves past what string would read, and gives how many bytes of WTF-8 it stands for.
func (l *line) skip() (size int, err error) {
	if !l.take(`"`) {
		return 0, errLine
	}
	high := false // the unit before was a high surrogate
	for l.at < len(l.text) {
		c := l.text[l.at]
		l.at++
		if c == '"' {
			return size, nil
		}
		if c != '\\' {
			if c < 0x20 || c >= utf8.RuneSelf {
				return 0, errLine
			}
			size, high = size+1, false
			continue
		}
		if !l.take("u") {
			if _, ok := unescape(l.peek()); !ok {
				return 0, errLine
			}
			l.at++
			size, high = size+1, false
			continue
		}
		u, ok := l.unit()
		if !ok {
			return 0, errLine
		}
		switch {
		case u < utf8.RuneSelf:
			size++
		case u < 0x800:
			size += 2
		case high && u >= 0xDC00 && u <= 0xDFFF:
			size++ // the pair takes four, of which three are counted
			high = false
			continue
		default:
			size += 3
		}
		high = u >= 0xD800 && u <= 0xDBFF
	}
	return 0, errLine
}

// escapedString goes on at the first escape, with what came before it in work.
func (l *line) escapedString() (string, error) {
	high := rune(0) // a high surrogate that waits for its other half
	for l.at < len(l.text) {
		c := l.text[l.at]
		l.at++
		if c == '\\' {
			if l.take("u") {
				u, ok := l.unit()
				if !ok {
					return "", errLine
				}
				if high != 0 && u >= 0xDC00 && u <= 0xDFFF {
					l.work = utf8.AppendRune(l.work, 0x10000+(high-0xD800)<<10+(u-0xDC00))
					high = 0
					continue
				}
				l.work = appendLone(l.work, high)
				if high = 0; u >= 0xD800 && u <= 0xDBFF {
					high = u
					continue
				}
				l.work = appendRune(l.work, u)
				continue
			}
			var ok bool
			if c, ok = unescape(l.peek()); !ok {
				return "", errLine
			}
			l.at++
		} else if c == '"' {
			return string(appendLone(l.work, high)), nil
		} else if c < 0x20 || c >= utf8.RuneSelf {
			return "", errLine
		}
		l.work = append(appendLone(l.work, high), c)
		high = 0
	}
	return "", errLine
}

// unit reads four digits that stand for a character which has no shorter form.
func (l *line) unit() (rune, bool) {
	if len(l.text)-l.at < 4 {
		return 0, false
	}
	u := rune(0)
	for range 4 {
		switch c := l.text[l.at]; {
		case c >= '0' && c <= '9':
			u = u<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			u = u<<4 | rune(c-'a'+10)
		default:
			return 0, false
		}
		l.at++
	}
	switch {
	case u >= 0x20 && u < utf8.RuneSelf, u == '\b', u == '\t', u == '\n', u == '\f', u == '\r':
		return 0, false
	}
	return u, true
}

func unescape(c byte) (byte, bool) {
	switch c {
	case '"', '\\':
		return c, true
	case 'b':
		return '\b', true
	case 't':
		return '\t', true
	case 'n':
		return '\n', true
	case 'f':
		return '\f', true
	case 'r':
		return '\r', true
	}
	return 0, false
}

// appendLone writes a surrogate that found no other half; 0 is none.
func appendLone(to []byte, high rune) []byte {
	if high == 0 {
		return to
	}
	return append(to, 0xED, byte(0x80|high>>6&0x3F), byte(0x80|high&0x3F))
}

func appendRune(to []byte, r rune) []byte {
	if r >= 0xD800 && r <= 0xDFFF {
		return appendLone(to, r)
	}
	return utf8.AppendRune(to, r)
}
