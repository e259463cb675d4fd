package textindex_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"csbackup/internal/chat/textindex"
)

func words(text string) []string {
	found := []string{}
	textindex.Words(text, func(word []byte) { found = append(found, string(word)) })
	return found
}

func TestTextIsCutIntoWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"Hello, World! don't":          "hello world don t",
		"Grüße, Zoë e\u0301t\u00e9":    "gruße zoe ete",
		"ΚΌΣΜΟΣ κόσμος":                "κοσμοσ κοσμοσ",
		"ﬁne Ⅷ ½ x²":                   "fine viii 1 2 x2",
		"今天的会议":                        "今天 天的 的会 会议 议",
		"会议 and 会":                     "会议 议 and 会",
		"abc会议def":                     "abc 会议 议 def",
		"カタカナ ガ":                       "カタ タカ カナ ナ カ",
		"half \xed\xa0\xbd pair a\xff": "half pair a",
		"a\x00b\u2028c_d-e":            "a b c d e",
		"пойдём שָׁלוֹם":               "поидем שלום",
		strings.Repeat("x", 50) + "y":  strings.Repeat("x", 40),
	} {
		if got := strings.Join(words(text), " "); got != want {
			t.Errorf("%q is cut into %q, not %q", text, got, want)
		}
	}
}

func TestAQueryFindsWhatItNames(t *testing.T) {
	for _, one := range []struct {
		query, text string
		found       bool
	}{
		{"budget", "the BUDGETS of 2018", true}, {"budget ", "the budgets", false}, {"budget 2018", "2018: our Budget", true}, {"the bud", "no such thing, bud", false},
		{"GRUSS", "grus", false}, {"gruß", "Grüße", true}, {"会议", "今天的会议", true}, {"会", "今天的会议", true}, {"议", "今天的会议", true}, {"天会", "今天的会议", false},
		{"", "anything", true}, {"!?", "anything", true}, {strings.Repeat("a ", 100), "a", true},
	} {
		if got := textindex.ParseQuery(one.query).Matches(one.text); got != one.found {
			t.Errorf("%q in %q: %v", one.query, one.text, got)
		}
	}
}

// built gives the index of texts as the numbers of each word.
func built(t *testing.T, texts [][]string, limit int) map[string][]uint64 {
	t.Helper()
	dir := t.TempDir()
	b := textindex.NewBuilder(dir, limit)
	for n, text := range texts {
		for _, word := range text {
			b.Add(uint64(n), []byte(word))
		}
		if err := b.Spill(); err != nil {
			t.Fatal(err)
		}
	}
	index, before := map[string][]uint64{}, ""
	err := b.Finish(func(e textindex.Entry) error {
		if e.Word <= before && before != "" {
			t.Errorf("%q comes after %q", e.Word, before)
		}
		before = e.Word
		last := uint64(0)
		for rest := e.Postings; len(rest) > 0; {
			distance, size := binary.Uvarint(rest)
			rest = rest[size:]
			last += distance
			index[e.Word] = append(index[e.Word], last)
		}
		if int64(len(index[e.Word])) != e.Count {
			t.Errorf("%q is in %d texts, not %d", e.Word, len(index[e.Word]), e.Count)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	return index
}

func TestAnIndexHasEachWordOfEachText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([][]string, 3000)
	want := map[string][]uint64{}
	for n := range texts {
		for range random.IntN(12) {
			word := fmt.Sprint("w", random.IntN(1+random.IntN(500)))
			texts[n] = append(texts[n], word)
			if !slices.Contains(want[word], uint64(n)) {
				want[word] = append(want[word], uint64(n))
			}
		}
	}
	for _, limit := range []int{1 << 30, 20_000, 1} { // all in memory, some files, a file for each text
		if got := built(t, texts[:min(len(texts), limit*300)], limit); limit > 1 &&
			!reflect.DeepEqual(got, want) {
			t.Errorf("with %d bytes of memory the index differs", limit)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, seed := range []string{"Grüße", "今天", "a\u0301b", "\xff", "\xf7ŷ", "ﬁ½"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, word := range words(text) {
			if word == "" || !utf8.ValidString(word) || utf8.RuneCountInString(word) > 40 {
				t.Errorf("%q has the word %q", text, word)
			}
			// Each word of a text finds the text.
			if !textindex.ParseQuery(word + " ").Matches(text) {
				t.Errorf("%q is not found by %q", text, word)
			}
		}
	})
}
