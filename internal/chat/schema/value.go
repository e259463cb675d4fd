package schema

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Size is how many bytes of texts and images a row holds.
func Size(row []any) (size int) {
	for _, value := range row {
		switch v := value.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	return size
}

// Check tells why the column cannot hold the value; nil when it can. The value must have the Go form that
// the package comment lists. Lengths count UTF-16 units, as SQL Server does.
func (c Column) Check(value any) error {
	switch v := value.(type) {
	case nil:
		if !c.Nullable {
			return fmt.Errorf("%s must not be NULL", c.Name)
		}
		return nil
	case int64:
		low, high, ok := c.Type.limits()
		if !ok {
			break
		}
		if v < low || v > high {
			return fmt.Errorf("%s: %d is outside of %s", c.Name, v, c.Type)
		}
		return nil
	case string:
		if problem, ok := c.checkText(v); ok {
			if problem != "" {
				return fmt.Errorf("%s: %s", c.Name, problem)
			}
			return nil
		}
	case []byte:
		if c.Type == Image {
			return nil
		}
	}
	return fmt.Errorf("%s: a %T cannot be a %s", c.Name, value, c.Type)
}

func (t Type) limits() (low, high int64, ok bool) {
	switch t {
	case Bit:
		return 0, 1, true
	case SmallInt:
		return math.MinInt16, math.MaxInt16, true
	case Int:
		return math.MinInt32, math.MaxInt32, true
	case BigInt:
		return math.MinInt64, math.MaxInt64, true
	}
	return 0, 0, false
}

// checkText gives what is wrong with a text, "" for nothing; not ok where the type is no text.
func (c Column) checkText(v string) (problem string, ok bool) {
	switch c.Type {
	case NVarChar, VarChar:
		if (c.Length == 0 || len(v) <= c.Length) && utf8.ValidString(v) { // nearly every text
			return "", true
		}
		units, valid := units(v)
		switch {
		case !valid:
			return "the text is not valid WTF-8", true
		case c.Length > 0 && units > c.Length:
			return fmt.Sprintf("%d characters where %d fit", units, c.Length), true
		}
		return "", true
	case GUID:
		if !isGUID(v) {
			return fmt.Sprintf("%.50q is not a lower-case GUID", v), true
		}
		return "", true
	case DateTime, DateTime2, SmallDateTime:
		return c.Type.checkTime(v), true
	}
	return "", false
}

// units counts UTF-16 units; not valid where the text is not WTF-8. A surrogate pair that is written as
// two lone surrogates is not valid, as the same text would have two forms.
func units(v string) (n int, valid bool) {
	highBefore := false
	for i := 0; i < len(v); {
		r, size := utf8.DecodeRuneInString(v[i:])
		if r == utf8.RuneError && size <= 1 {
			s, isSurrogate := Surrogate(v[i:])
			if !isSurrogate || (highBefore && s >= 0xDC00) {
				return 0, false
			}
			highBefore = s < 0xDC00
			n, i = n+1, i+3
			continue
		}
		highBefore = false
		n, i = n+1, i+size
		if r >= 0x10000 {
			n++
		}
	}
	return n, true
}

// Surrogate reads the three-byte form of a lone surrogate at the start of v; not ok where none stands there.
func Surrogate(v string) (r rune, ok bool) {
	if len(v) < 3 || v[0] != 0xED || v[1] < 0xA0 || v[1] > 0xBF || v[2]&0xC0 != 0x80 {
		return 0, false
	}
	return 0xD000 | rune(v[1]&0x3F)<<6 | rune(v[2]&0x3F), true
}

func isGUID(v string) bool {
	if len(v) != 36 {
		return false
	}
	for i := range len(v) {
		switch c := v[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// TimeLayout is the form of times without their fraction, as package time writes layouts.
const TimeLayout = "2006-01-02 15:04:05"

// ParseTime reads a time in its canonical form, as UTC.
func ParseTime(v string) (time.Time, error) {
	const whole = len(TimeLayout)
	if len(v) < whole || len(v) == whole+1 || len(v) > whole+8 || (len(v) > whole && v[whole] != '.') {
		return time.Time{}, fmt.Errorf("%.50q is not a time of the form YYYY-MM-DD HH:MM:SS.fffffff", v)
	}
	t, err := time.Parse(TimeLayout, v) // takes a fraction after the seconds too
	if err != nil {
		return time.Time{}, fmt.Errorf("%.50q is not a time of the form YYYY-MM-DD HH:MM:SS.fffffff", v)
	}
	return t, nil
}

// FormatTime writes a time in its canonical form: no fraction where it is zero, else seven digits.
func FormatTime(t time.Time) string {
	if t.Nanosecond() < 100 {
		return t.Format(TimeLayout)
	}
	return t.Format(TimeLayout + ".0000000")
}

func (t Type) checkTime(v string) string {
	at, err := ParseTime(v)
	switch {
	case err != nil:
		return err.Error()
	case at.Year() < 1, t == DateTime && at.Year() < 1753, t == SmallDateTime && (at.Year() < 1900 || v > "2079-06-06 23:59:59"):
		return fmt.Sprintf("%s is outside of %s", v, t)
	case t == SmallDateTime && !strings.HasSuffix(v, ":00"):
		return fmt.Sprintf("%s is not a whole minute", v)
	}
	return ""
}
