package database

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// fromUTF16 turns UTF-16 with the low byte first into WTF-8, in which nothing is lost.
func fromUTF16(b []byte) (string, error) {
	if len(b)%2 != 0 {
		return "", fmt.Errorf("a text of %d bytes is not UTF-16", len(b))
	}
	out := make([]byte, 0, len(b)/2+len(b)/8)
	for i := 0; i < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
			continue
		case r < 0xD800 || r > 0xDFFF:
			out = utf8.AppendRune(out, r)
			continue
		}
		if i+3 < len(b) {
			if pair := utf16.DecodeRune(r, rune(b[i+2])|rune(b[i+3])<<8); pair != utf8.RuneError {
				out = utf8.AppendRune(out, pair)
				i += 2
				continue
			}
		}
		out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return string(out), nil
}

// toUTF16 is the way back; the text must be WTF-8, which the schema's check makes sure of. It never
// gives nil, which would be NULL.
func toUTF16(v string) []byte {
	out := make([]byte, 0, 2*len(v))
	for i := 0; i < len(v); {
		if v[i] < utf8.RuneSelf {
			out = append(out, v[i], 0)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(v[i:])
		if r == utf8.RuneError && size == 1 && i+2 < len(v) { // the three bytes of a lone surrogate
			r, size = rune(v[i]&0x0F)<<12|rune(v[i+1]&0x3F)<<6|rune(v[i+2]&0x3F), 3
		}
		if r >= 0x10000 {
			high, low := utf16.EncodeRune(r)
			out = append(out, byte(high), byte(high>>8))
			r = low
		}
		out = append(out, byte(r), byte(r>>8))
		i += size
	}
	return out
}

// codePage gives the encoding of a varchar column by its code page; nil for UTF-8.
func codePage(number int64) (encoding.Encoding, error) {
	switch number {
	case 437:
		return charmap.CodePage437, nil
	case 850:
		return charmap.CodePage850, nil
	case 874:
		return charmap.Windows874, nil
	case 932:
		return japanese.ShiftJIS, nil
	case 936:
		return simplifiedchinese.GBK, nil
	case 949:
		return korean.EUCKR, nil
	case 950:
		return traditionalchinese.Big5, nil
	case 65001:
		return nil, nil
	}
	windows := []encoding.Encoding{charmap.Windows1250, charmap.Windows1251, charmap.Windows1252, charmap.Windows1253,
		charmap.Windows1254, charmap.Windows1255, charmap.Windows1256, charmap.Windows1257, charmap.Windows1258}
	if number >= 1250 && number <= 1258 {
		return windows[number-1250], nil
	}
	return nil, fmt.Errorf("the code page %d is not known", number)
}

// fromCodePage decodes a varchar. Bytes that would not come back the same are an error, as the text
// would silently change.
func fromCodePage(page encoding.Encoding, b []byte) (string, error) {
	if page == nil || isASCII(b) {
		if !utf8.Valid(b) {
			return "", fmt.Errorf("a text is not valid UTF-8")
		}
		return string(b), nil
	}
	decoded, err := page.NewDecoder().Bytes(b)
	if err != nil {
		return "", err
	}
	back, err := page.NewEncoder().Bytes(decoded)
	if err != nil || string(back) != string(b) {
		return "", fmt.Errorf("a text holds bytes that its code page does not define")
	}
	return string(decoded), nil
}

// toCodePage encodes a varchar and refuses characters that the code page lacks.
func toCodePage(page encoding.Encoding, v string) ([]byte, error) {
	if page == nil || isASCII(v) {
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("a lone surrogate cannot be a varchar")
		}
		return append([]byte{}, v...), nil
	}
	b, err := page.NewEncoder().Bytes([]byte(v))
	if err != nil {
		return nil, fmt.Errorf("the code page of the column lacks a character: %w", err)
	}
	return b, nil
}

func isASCII[T string | []byte](v T) bool {
	for i := range len(v) {
		if v[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
