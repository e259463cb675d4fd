package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTheTablesAreThePublishedOnes(t *testing.T) {
	for database, want := range map[string][2]int{Chat: {27, 130}, Compliance: {4, 21}} {
		tables := Tables(database)
		columns, seen := 0, map[string]bool{}
		for _, table := range tables {
			columns += len(table.Columns)
			for _, r := range table.References {
				target, ok := Lookup(r.Table)
				if _, has := target.Column(r.Target); !ok || !has {
					t.Errorf("%s.%s refers to %s.%s, which is not there", table.Name, r.Column, r.Table, r.Target)
				}
				if !r.Implied && target.Database == database && r.Table != table.Name && !seen[r.Table] {
					t.Errorf("%s comes before %s, to which it refers", table.Name, r.Table)
				}
			}
			for _, key := range table.Key {
				if !slices.Contains(table.ColumnNames(), key) {
					t.Errorf("%s has no key column %s", table.Name, key)
				}
			}
			if seen[table.Name] {
				t.Errorf("%s is there twice", table.Name)
			}
			seen[table.Name] = true
		}
		if len(tables) != want[0] || columns != want[1] {
			t.Errorf("%s has %d tables and %d columns, want %v", database, len(tables), columns, want)
		}
	}
	if Tables("other") != nil {
		t.Error("an unknown database has tables")
	}
}

// wtf8 writes UTF-16 units as WTF-8 in the slowest and plainest way.
func wtf8(units []uint16) string {
	var b []byte
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if i+1 < len(units) {
			if pair := utf16.DecodeRune(r, rune(units[i+1])); pair != utf8.RuneError {
				b = utf8.AppendRune(b, pair)
				i++
				continue
			}
		}
		if utf16.IsSurrogate(r) {
			b = append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
			continue
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

func TestAnyUnitsAreATextOfThatLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOf(rapid.OneOf(rapid.Uint16(), rapid.Uint16Range(0xD800, 0xDFFF), rapid.Uint16Range(0, 0x7F))).Draw(t, "units")
		text := wtf8(units)
		for _, length := range []int{0, len(units), len(units) + 1} {
			if err := (Column{Name: "c", Type: NVarChar, Length: length}).Check(text); err != nil {
				t.Fatalf("%x: %v", units, err)
			}
		}
		if len(units) > 1 {
			if err := (Column{Name: "c", Type: NVarChar, Length: len(units) - 1}).Check(text); err == nil {
				t.Fatalf("%d units fit into %d", len(units), len(units)-1)
			}
		}
	})
}

func TestAnyBytesAreATextOnlyWhereTheyComeFromUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOf(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0xED, 0xA0, 0x80, 0xB0, 0xBF, 0xF0, 0x9F}))).Draw(t, "bytes")
		text := string(bytes)
		accepted := (Column{Name: "c", Type: NVarChar}).Check(text) == nil
		if back, ok := fromWTF8(text); accepted != (ok && wtf8(back) == text) {
			t.Fatalf("%x: accepted is %t", bytes, accepted)
		}
	})
}

// fromWTF8 is the plain way back.
func fromWTF8(text string) (units []uint16, ok bool) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			if i+2 >= len(text) || text[i] != 0xED || text[i+1]&0xC0 != 0x80 || text[i+2]&0xC0 != 0x80 {
				return nil, false
			}
			r, size = 0xD000|rune(text[i+1]&0x3F)<<6|rune(text[i+2]&0x3F), 3
		}
		units = append(units, utf16.AppendRune(nil, r)...)
		if utf16.IsSurrogate(r) {
			units[len(units)-1] = uint16(r)
		}
		i += size
	}
	return units, true
}

func TestValuesOutsideOfAColumnAreRefused(t *testing.T) {
	for _, c := range []struct {
		column Column
		good   []any
		bad    []any
	}{
		{Column{Type: Bit}, []any{int64(0), int64(1)}, []any{int64(2), int64(-1), true, nil, "1"}},
		{Column{Type: SmallInt, Nullable: true}, []any{int64(-32768), int64(32767), nil}, []any{int64(-32769), int64(32768), 1, "1", []byte{1}}},
		{Column{Type: Int}, []any{int64(-1 << 31), int64(1<<31 - 1)}, []any{int64(-1<<31 - 1), int64(1 << 31)}},
		{Column{Type: GUID}, []any{"01234567-89ab-cdef-0123-456789abcdef"}, []any{"01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef", "{01234567-89ab-cdef-0123-456789abcdef}", ""}},
		{Column{Type: NVarChar, Length: 2}, []any{"", "ab", "\U0001F600", "\xed\xa0\x80é"}, []any{"abc", "\U0001F600a", "\xff", "\xed\xa0\xbd\xed\xb8\x80", "\xc0\x80", []byte("a")}},
		{Column{Type: Image}, []any{[]byte{}, []byte{0}}, []any{"x", int64(1)}},
		{Column{Type: DateTime}, []any{"1753-01-01 00:00:00", "9999-12-31 23:59:59.9970000"}, []any{"1752-12-31 00:00:00", "2018-02-30 00:00:00", "2018-01-31T00:00:00", "2018-01-31", "2018-01-31 00:00:00.", "2018-01-31 00:00:00.12345678", "2018-01-31 00:00:00Z"}},
		{Column{Type: DateTime2}, []any{"0001-01-01 00:00:00", "9999-12-31 23:59:59.9999999"}, []any{"0000-01-01 00:00:00", "10000-01-01 00:00:00"}},
		{Column{Type: SmallDateTime}, []any{"1900-01-01 00:00:00", "2079-06-06 23:59:00"}, []any{"1899-12-31 00:00:00", "2079-06-07 00:00:00", "2018-01-31 00:00:01"}},
	} {
		c.column.Name = "someColumn"
		for _, value := range c.good {
			if err := c.column.Check(value); err != nil {
				t.Errorf("%s: %q is refused: %v", c.column.Type, value, err)
			}
		}
		for _, value := range c.bad {
			if err := c.column.Check(value); err == nil || !strings.Contains(err.Error(), "someColumn") {
				t.Errorf("%s: %q: got %v", c.column.Type, value, err)
			}
		}
	}
}

func TestTimesComeBackInTheirOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "2018-01-31 12:34:56"
		if ticks := rapid.IntRange(0, 9999999).Draw(t, "ticks"); ticks > 0 {
			text += fmt.Sprintf(".%07d", ticks)
		}
		at, err := ParseTime(text)
		if err != nil || FormatTime(at) != text {
			t.Fatalf("%s came back as %s, %v", text, FormatTime(at), err)
		}
	})
}

func TestEachTableHasWordsOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, database := range []string{Chat, Compliance} {
		for _, table := range Tables(database) {
			words := Words(table.Name)
			if words == table.Name || seen[words] != "" {
				t.Errorf("%s is called %q, and so is %q", table.Name, words, seen[words])
			}
			seen[words] = table.Name
		}
	}
}
