package service

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readable writes a name for people and JSON: bytes that are no UTF-8 become \xHH, as does a backslash
// that would be read as the beginning of one. named reads it back.
func readable(name string) string {
	if utf8.ValidString(name) && !strings.Contains(name, `\x`) {
		return name
	}
	var out strings.Builder
	for rest := name; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError && size == 1 || strings.HasPrefix(rest, `\x`) {
			fmt.Fprintf(&out, `\x%02x`, rest[0])
		} else {
			out.WriteString(rest[:size])
		}
		rest = rest[size:]
	}
	return out.String()
}

var escaped = regexp.MustCompile(`\\x[0-9a-f]{2}`)

func named(text string) string {
	return escaped.ReplaceAllStringFunc(text, func(one string) string {
		b, err := strconv.ParseUint(one[2:], 16, 8)
		if err != nil {
			return one // the expression admits hexadecimal digits only
		}
		return string([]byte{byte(b)})
	})
}
