package database

import (
	"testing"

	"pgregory.net/rapid"

	"csbackup/internal/chat/schema"
)

func TestAnyUnitsComeBackFromWTF8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOf(rapid.OneOf(rapid.Uint16(), rapid.Uint16Range(0xD800, 0xDFFF), rapid.Uint16Range(0, 0x7F))).Draw(t, "units")
		var wide []byte
		for _, u := range units {
			wide = append(wide, byte(u), byte(u>>8))
		}
		text, err := fromUTF16(nil, wide)
		if err != nil {
			t.Fatal(err)
		}
		if err := (schema.Column{Name: "c", Type: schema.NVarChar, Length: len(units)}).Check(string(text)); err != nil {
			t.Fatalf("%x: %v", units, err)
		}
		if back := toUTF16(nil, string(text)); string(back) != string(wide) {
			t.Fatalf("%x came back as %x", wide, back)
		}
	})
	if _, err := fromUTF16(nil, []byte{1}); err == nil {
		t.Error("half a unit is a text")
	}
}

func TestACodePageGivesBackWhatItTakes(t *testing.T) {
	page, err := codePage(1252)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		narrow := rapid.SliceOf(rapid.Byte()).Draw(t, "narrow")
		text, err := fromCodePage(page, narrow)
		if err != nil {
			return // the page does not define one of the bytes, which is said
		}
		back, err := toCodePage(nil, page, text)
		if err != nil || string(back) != string(narrow) {
			t.Fatalf("%x came back as %x, %v", narrow, back, err)
		}
	})
	for _, text := range []string{"日本", "\xed\xa0\x80"} {
		if _, err := toCodePage(nil, page, text); err == nil {
			t.Errorf("%q fits into the code page 1252", text)
		}
	}
	if _, err := codePage(12345); err == nil {
		t.Error("an unknown code page is known")
	}
}
