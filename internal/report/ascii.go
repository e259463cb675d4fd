package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Line gives value as one line of ASCII JSON, ending in a line feed. What is not ASCII is written
// as \uXXXX, so that no code page between the program and its reader can damage it.
func Line(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", value, err)
	}
	return escape(text.Bytes()), nil
}

// escape replaces every rune beyond ASCII. In valid JSON such runes stand inside strings only.
func escape(text []byte) []byte {
	ascii := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			ascii = append(ascii, text[0])
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			ascii = fmt.Appendf(ascii, `\u%04x\u%04x`, high, low)
			continue
		}
		ascii = fmt.Appendf(ascii, `\u%04x`, r)
	}
	return ascii
}
