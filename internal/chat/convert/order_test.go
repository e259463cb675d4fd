package convert

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSortingOnDiskIsSortingInMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folder, err := os.MkdirTemp("", "csbackup-order-*")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		s := &sorter{memory: rapid.IntRange(100, 3000).Draw(t, "memory"), folder: folder}
		var all []kept
		for i, at := range rapid.SliceOf(rapid.Int64Range(0, 50)).Draw(t, "times") {
			k := kept{ID: int64(i), Author: at, Time: time.Unix(at, 0).UTC(), Text: strings.Repeat("x", int(at)), HasRTF: at%2 == 0}
			all = append(all, k)
			if err := s.add(k); err != nil {
				t.Fatal(err)
			}
		}
		var got []kept
		if err := s.each(func(k kept) error { got = append(got, k); return nil }); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(all, earlier)
		if len(got) != len(all) {
			t.Fatalf("%d of %d", len(got), len(all))
		}
		for i := range got {
			if got[i].ID != all[i].ID || got[i].Text != all[i].Text || !got[i].Time.Equal(all[i].Time) {
				t.Fatalf("%d: %+v, not %+v", i, got[i], all[i])
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Fatalf("%v, %v", left, err)
		}
	})
}

func TestSplitTextLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab \n日\U0001F600"))).Draw(t, "text")
		most := rapid.IntRange(1, 20).Draw(t, "most")
		parts := SplitText(text, most)
		if strings.Join(parts, "") != text {
			t.Fatalf("%q became %q", text, parts)
		}
		for _, one := range parts {
			if n := utf8.RuneCountInString(one); n > most || n == 0 && len(parts) > 1 {
				t.Fatalf("a part of %d characters: %q", n, parts)
			}
		}
	})
}

func TestNamesAreDifferentInAnyCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := &Names{}
		names.Reserve("a", "A-2")
		seen := map[string]bool{"a": true, "a-2": true}
		most := rapid.IntRange(4, 12).Draw(t, "most")
		for _, base := range rapid.SliceOf(rapid.StringMatching(`[aA-]{0,14}|a-[0-9]{1,3}|日{1,5}`)).Draw(t, "bases") {
			name := names.Take(base, most)
			if lower := strings.ToLower(name); seen[lower] || name == "" || len(name) > most || !utf8.ValidString(name) {
				t.Fatalf("%q became %q", base, name)
			}
			seen[strings.ToLower(name)] = true
		}
	})
}

func TestManyEqualNamesTakeNoLongTime(t *testing.T) {
	names := &Names{}
	for range 200_000 {
		names.Take("room", 64)
	}
	if got := names.Take("room", 64); got != fmt.Sprintf("room-%d", 200_001) {
		t.Error(got)
	}
}

func TestClockGivesEachTimeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Clock{Unit: time.Millisecond}
		at, last := time.Unix(1000, 0), time.Time{}
		for _, step := range rapid.SliceOf(rapid.Int64Range(0, 3_000_000)).Draw(t, "steps") {
			at = at.Add(time.Duration(step))
			next, moved := c.Next(at)
			if !next.After(last) || next.Truncate(time.Millisecond) != next || moved != !next.Equal(at.Truncate(time.Millisecond)) {
				t.Fatalf("%v after %v", next, last)
			}
			last = next
		}
	})
}

func TestFileNamesFitEverywhere(t *testing.T) {
	for _, text := range []string{"", "..", "a/b\\c", "CON", "a\x00b", "\xed\xa0\x80", "x ", strings.Repeat("語", 300), "Ωmega \U0001F600", "e\u0301"} {
		name := FileName(text)
		if strings.ContainsAny(name, "/\\:*?\"<>|. \x00") || len(name) > maxNameBytes || !utf8.ValidString(name) {
			t.Errorf("%q became %q", text, name)
		}
	}
}
