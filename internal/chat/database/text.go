package database

import (
	"encoding/binary"
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

// fromUTF16 appends UTF-16 with the low byte first as WTF-8, in which nothing is lost.
func fromUTF16(out, b []byte) ([]byte, error) {
	if len(b)%2 != 0 {
		return out, fmt.Errorf("a text of %d bytes is not UTF-16", len(b))
	}
	for len(b) > 0 {
		if len(b) >= 8 {
			if four := binary.LittleEndian.Uint64(b); four&0xFF80FF80FF80FF80 == 0 { // ASCII, as most text is
				out = append(out, byte(four), byte(four>>16), byte(four>>32), byte(four>>48))
				b = b[8:]
				continue
			}
		}
		r := rune(b[0]) | rune(b[1])<<8
		b = b[2:]
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
			continue
		case r < 0xD800 || r > 0xDFFF:
			out = utf8.AppendRune(out, r)
			continue
		}
		if len(b) >= 2 {
			if pair := utf16.DecodeRune(r, rune(b[0])|rune(b[1])<<8); pair != utf8.RuneError {
				out = utf8.AppendRune(out, pair)
				b = b[2:]
				continue
			}
		}
		out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return out, nil
}

// toUTF16 appends a text the other way; it must be WTF-8, which the schema's check makes sure of.
func toUTF16(out []byte, v string) []byte {
	for i := 0; i < len(v); {
		if i+4 <= len(v) {
			if four := uint64(v[i]) | uint64(v[i+1])<<16 | uint64(v[i+2])<<32 | uint64(v[i+3])<<48; four&0x0080008000800080 == 0 { // ASCII
				out = binary.LittleEndian.AppendUint64(out, four)
				i += 4
				continue
			}
		}
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

// toCodePage appends a varchar and refuses characters that the code page lacks.
func toCodePage(out []byte, page encoding.Encoding, v string) ([]byte, error) {
	if page == nil || isASCII(v) {
		if !utf8.ValidString(v) {
			return out, fmt.Errorf("a lone surrogate cannot be a varchar")
		}
		return append(out, v...), nil
	}
	b, err := page.NewEncoder().Bytes([]byte(v))
	if err != nil {
		return out, fmt.Errorf("the code page of the column lacks a character: %w", err)
	}
	return append(out, b...), nil
}

func isASCII[T string | []byte](v T) bool {
	i := 0
	for ; i+8 <= len(v); i += 8 {
		if (v[i]|v[i+1]|v[i+2]|v[i+3]|v[i+4]|v[i+5]|v[i+6]|v[i+7])&utf8.RuneSelf != 0 {
			return false
		}
	}
	for ; i < len(v); i++ {
		if v[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
