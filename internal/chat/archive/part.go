package archive

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"csbackup/internal/chat/schema"
)

// longestPart is how many bytes of a value stand in one line; longer values are cut.
const longestPart = 3 << 18

// longestValue is what a column without a limit holds: 2^31-1 bytes, which are half as many UTF-16 units.
const longestValue = 1<<31 - 1

var errLong = errors.New("a value is longer than its column can hold")

// cutText gives how many bytes of a text the next part takes: no character is cut.
func cutText(text string) int {
	if len(text) <= longestPart {
		return len(text)
	}
	at := longestPart
	for at > longestPart-utf8.UTFMax+1 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// cutValue takes the next part from a value: the part is nil when the value is short enough to stand in its row.
func cutValue(value any) (part, rest any) {
	switch v := value.(type) {
	case string:
		if at := cutText(v); at < len(v) {
			return v[:at], v[at:]
		}
	case []byte:
		if len(v) > longestPart {
			return v[:longestPart], v[longestPart:]
		}
	}
	return nil, value
}

// checkLength tells whether a value is one that a column can hold.
func checkLength(value any) error {
	switch v := value.(type) {
	case string:
		if len(v) > 3*longestValue {
			return errLong
		}
	case []byte:
		if len(v) > longestValue {
			return errLong
		}
	}
	return nil
}

// appendPart writes the line of a part.
func appendPart(to []byte, column int, part any) ([]byte, error) {
	to = strconv.AppendInt(append(to, `{"column":`...), int64(column), 10)
	to, err := appendValue(append(to, `,"part":`...), part)
	if err != nil {
		return nil, err
	}
	return append(to, "}\n"...), nil
}

// parts collects the parts of the values that the next row needs, in the order of their columns.
type parts struct {
	proof   bool   // the values are not wanted, only whether they are in order
	long    []bool // the columns whose values may have parts
	columns []int
	pending map[int]*pendingValue
}

// pendingValue is what came of one long value.
type pendingValue struct {
	text   bool
	value  []byte // all of it, or in a proof only the part that came last
	latest int    // where the part that came last starts in value
	size   int64  // in bytes, of all parts
}

// read takes a line that starts with {"column":, with the reader behind that.
func (p *parts) read(l *line) error {
	column, err := l.integer()
	if err != nil || column < 0 || column >= int64(len(p.long)) || !p.long[column] || !l.take(`,"part":`) {
		return errLine
	}
	value, err := l.value()
	if err != nil || !l.take("}") || !l.end() {
		return errLine
	}
	at := int(column)
	if len(p.columns) > 0 && at < p.columns[len(p.columns)-1] {
		return errLine
	}
	v := p.pending[at]
	if v == nil {
		_, text := value.(string)
		v = &pendingValue{text: text}
		if p.pending == nil {
			p.pending = map[int]*pendingValue{}
		}
		p.pending[at] = v
		p.columns = append(p.columns, at)
	}
	if err := v.add(value, p.proof); err != nil {
		return err
	}
	if !v.whole(false) {
		return errLine
	}
	return nil
}

// add joins the next part. What was cut where Writer would not have cut it is refused.
func (v *pendingValue) add(value any, proof bool) error {
	var next []byte
	text, isText := value.(string)
	image, isImage := value.([]byte)
	if isText {
		next = []byte(text)
	} else {
		next = image
	}
	if isText != v.text || isImage == v.text || len(next) == 0 {
		return errLine
	}
	if v.text && v.size > 0 {
		low, size := decodeWTF(text)
		before := v.value[v.latest:]
		high, _ := schema.Surrogate(string(before[max(0, len(before)-3):]))
		if len(before)+size <= longestPart || (isHigh(high) && isLow(low)) {
			return errLine
		}
	}
	if v.size += int64(len(next)); v.size > 3*longestValue {
		return errLong
	}
	if proof {
		v.value, v.latest = next, 0
		return nil
	}
	v.latest = len(v.value)
	v.value = append(v.value, next...)
	return nil
}

// whole tells whether the latest part has the size that Writer gives it: as much as it can have unless it is
// the last.
func (v *pendingValue) whole(last bool) bool {
	size := len(v.value) - v.latest
	switch {
	case size > longestPart:
		return false
	case last:
		return true
	case v.text:
		return size > longestPart-utf8.UTFMax
	}
	return size == longestPart
}

// join puts the parts of a column in front of the end that stands in the row. Where there are none it
// only tells whether the end is short enough to have none.
func (p *parts) join(column int, end any) (any, error) {
	v := p.pending[column]
	if v == nil {
		if part, _ := cutValue(end); part != nil {
			return nil, errLine
		}
		return end, nil
	}
	delete(p.pending, column)
	if err := v.add(end, p.proof); err != nil {
		return nil, err
	}
	if !v.whole(true) {
		return nil, errLine
	}
	if v.text {
		return string(v.value), nil
	}
	return v.value, nil
}

// waiting tells whether there are parts without the row that they belong to.
func (p *parts) waiting() bool { return len(p.pending) > 0 }

// none tells that all parts found their row, and makes ready for the next.
func (p *parts) none() error {
	if p.waiting() {
		return errors.New("part of a value has no place in its row")
	}
	p.columns = p.columns[:0]
	return nil
}

// decodeWTF reads the first character of a text, which may be a lone surrogate.
func decodeWTF(text string) (rune, int) {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size <= 1 {
		if s, ok := schema.Surrogate(text); ok {
			return s, 3
		}
	}
	return r, size
}
