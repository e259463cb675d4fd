package service

import (
	"testing"
	"unicode/utf8"
)

func TestP17_NamesThatAreNoTextAreReadBack(t *testing.T) {
	for _, name := range []string{"plain", "\u00e9\u0301", "bad\xff\xfename", `back\slash`, `\xff`, `\x5c`, "\xe2\x82", "a/\x80/b", `\\x`, "\ufffd"} {
		text := readable(name)
		if !utf8.ValidString(text) || named(text) != name {
			t.Errorf("%q is written as %q and read back as %q", name, text, named(text))
		}
	}
	if readable("bad\xff") != `bad\xff` || readable("plain") != "plain" {
		t.Error("names are not written as they should be")
	}
}
