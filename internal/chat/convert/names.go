package convert

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxNameBytes keeps a file's name, with a number and an extension behind, below what file systems hold.
const maxNameBytes = 120

// FileName makes a part of a path of a text from outside: letters and digits of any script stay, all else
// becomes a hyphen, and it is cut at 120 bytes. What stays of it may be empty. Two texts can give the same
// name, also in another case: put a number behind it, which keeps the names of devices away, too.
func FileName(text string) string {
	var b strings.Builder
	pending := false
	for _, r := range norm.NFC.String(Valid(text)) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			pending = b.Len() > 0
			continue
		}
		if b.Len()+len(string(r))+1 > maxNameBytes {
			break
		}
		if pending {
			b.WriteByte('-')
			pending = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Valid gives the text as UTF-8: a lone surrogate becomes U+FFFD.
func Valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// Shorten cuts a text to at most so many bytes, between characters.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xC0 == 0x80 {
		most--
	}
	return text[:most]
}
