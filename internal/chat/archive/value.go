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

// appendText writes a text as a JSON string. The text is WTF-8; anything else is an error, because it
// could not be given back.
func appendText(to []byte, text string) ([]byte, error) {
	to, err := appendEscapes(append(to, '"'), text, '"')
	return append(to, '"'), err
}

// appendEscapes writes a text with escapes for what cannot stand for itself: control characters, lone
// surrogates, the backslash, and the quote where there is one.
func appendEscapes(to []byte, text string, quote byte) ([]byte, error) {
	for text != "" {
		n, valid := plainRun(text, quote)
		if !valid {
			return appendSurrogates(to, text, quote)
		}
		to = append(to, text[:n]...)
		if n == len(text) {
			break
		}
		to = appendEscaped(to, text[n])
		text = text[n+1:]
	}
	return to, nil
}

// appendSurrogates does the work of appendEscapes for a text that is no valid UTF-8 up to its first escape.
func appendSurrogates(to []byte, text string, quote byte) ([]byte, error) {
	highBefore := false
	for text != "" {
		r, size := decodeWTF(text)
		switch {
		case r == utf8.RuneError && size <= 1, highBefore && isLow(r):
			return nil, errors.New("a text is not valid WTF-8")
		case isSurrogate(r):
			to = appendUnit(to, r)
		case r < 0x20, r == '\\', quote != 0 && r == rune(quote):
			to = appendEscaped(to, byte(r))
		default:
			to = append(to, text[:size]...)
		}
		highBefore = isHigh(r)
		text = text[size:]
	}
	return to, nil
}

func isSurrogate(r rune) bool { return r >= 0xD800 && r <= 0xDFFF }
func isHigh(r rune) bool      { return r >= 0xD800 && r <= 0xDBFF }
func isLow(r rune) bool       { return r >= 0xDC00 && r <= 0xDFFF }

// plainRun tells how many bytes at the start of a text need no escape, and whether they are valid UTF-8.
func plainRun[T string | []byte](text T, quote byte) (n int, valid bool) {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	quotes := ones * uint64(quote)
	seen := uint64(0)
	// Eight bytes at a time, as long as none of them ends the run; the last eight once more in part. A byte below
	// 0x20 borrows from its top bit, and so does one that is made zero by what it is compared with.
	for n < len(text) && len(text) >= 8 {
		at := min(n, len(text)-8)
		word := uint64(text[at]) | uint64(text[at+1])<<8 | uint64(text[at+2])<<16 | uint64(text[at+3])<<24 |
			uint64(text[at+4])<<32 | uint64(text[at+5])<<40 | uint64(text[at+6])<<48 | uint64(text[at+7])<<56
		slash := word ^ ones*'\\'
		ends := (word-ones*0x20)&^word | (slash-ones)&^slash
		if quote != 0 {
			end := word ^ quotes
			ends |= (end - ones) &^ end
		}
		if ends&tops != 0 {
			break
		}
		seen |= word
		n = at + 8
	}
	for ; n < len(text); n++ {
		c := text[n]
		if c < 0x20 || c == '\\' || c == quote {
			break
		}
		seen |= uint64(c)
	}
	return n, seen&tops == 0 || isUTF8(text[:n])
}

func isUTF8[T string | []byte](text T) bool {
	switch v := any(text).(type) {
	case []byte:
		return utf8.Valid(v)
	case string:
		return utf8.ValidString(v)
	}
	return false
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

func appendUnit(to []byte, u rune) []byte {
	return append(to, '\\', 'u', hexadecimal[u>>12&15], hexadecimal[u>>8&15], hexadecimal[u>>4&15], hexadecimal[u&15])
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

// after gives the byte that follows this one, 0 where this one is not next.
func (l *line) after(c byte) byte {
	if l.peek() == c && l.at+1 < len(l.text) {
		return l.text[l.at+1]
	}
	return 0
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
	negative := l.take("-")
	start := l.at
	size := uint64(0)
	for c := l.peek(); c >= '0' && c <= '9'; c = l.peek() {
		if size > (1<<63)/10 {
			return 0, errLine
		}
		size = size*10 + uint64(c-'0') // at most 2^63 + 2
		l.at++
	}
	switch digits := l.at - start; {
	case digits == 0, digits > 1 && l.text[start] == '0', negative && size == 0:
		return 0, errLine
	case negative && size <= 1<<63:
		return int64(-size), nil
	case !negative && size < 1<<63:
		return int64(size), nil
	}
	return 0, errLine
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
	text, _, err := l.scan('"', true)
	return text, err
}

// plain reads the rest of the line as a text.
func (l *line) plain() (string, error) {
	text, _, err := l.scan(0, true)
	return text, err
}

// skipPlain moves past what plain would read, and gives how many bytes of WTF-8 it stands for.
func (l *line) skipPlain() (size int, err error) {
	_, size, err = l.scan(0, false)
	return size, err
}

// scan reads a text up to its quote, or up to the end where it has none, and gives its size in WTF-8.
func (l *line) scan(quote byte, wanted bool) (text string, size int, err error) {
	l.work = l.work[:0]
	escaped := false
	high := false // the last thing was an escape for a high surrogate
	for {
		n, valid := plainRun(l.text[l.at:], quote)
		if !valid {
			return "", 0, errLine
		}
		run := l.text[l.at : l.at+n]
		l.at, size = l.at+n, size+n
		high = high && n == 0
		switch c := l.peek(); {
		case l.end() && quote == 0, c == quote && quote != 0:
			if !l.end() {
				l.at++
			}
			switch {
			case !wanted:
				return "", size, nil
			case !escaped:
				return string(run), size, nil
			}
			l.work = append(l.work, run...)
			return string(l.work), size, nil
		case c != '\\':
			return "", 0, errLine
		}
		l.at++
		escaped = true
		if wanted {
			l.work = append(l.work, run...)
		}
		r, ok := l.escape(quote)
		if !ok || (high && isLow(r)) {
			return "", 0, errLine
		}
		high = isHigh(r)
		if size++; isSurrogate(r) {
			size += 2
		}
		if wanted {
			l.work = appendRune(l.work, r)
		}
	}
}

// escape reads what stands behind a backslash.
func (l *line) escape(quote byte) (rune, bool) {
	c := l.peek()
	l.at++
	switch c {
	case '\\':
		return '\\', true
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
	case 'u':
		return l.unit()
	}
	return rune(c), c == quote && quote != 0
}

// unit reads four digits that stand for what has no shorter form.
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
	switch u {
	case '\b', '\t', '\n', '\f', '\r':
		return 0, false
	}
	return u, u < 0x20 || isSurrogate(u)
}

// appendRune writes a character in WTF-8.
func appendRune(to []byte, r rune) []byte {
	if isSurrogate(r) {
		return append(to, 0xED, byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
	}
	return utf8.AppendRune(to, r)
}
