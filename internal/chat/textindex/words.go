package textindex

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// longestWord is how many characters of a word count.
const longestWord = 40

// Words calls yield with each word of a text, in its order; a word may come several times. The bytes are only
// valid during the call. What is no UTF-8 separates words.
func Words(text string, yield func(word []byte)) {
	var w words
	w.yield = yield
	for at := 0; at < len(text); {
		c := text[at]
		if c < utf8.RuneSelf {
			switch {
			case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
				w.add(rune(c))
			case c >= 'A' && c <= 'Z':
				w.add(rune(c) + 'a' - 'A')
			default:
				w.end()
			}
			at++
			continue
		}
		// A run of other characters is normalized together with the one before it, which may take a mark. Bytes that
		// are no UTF-8 are no part of a run: what follows them would not be normalized.
		end := at
		for end < len(text) && text[end] >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[end:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			end += size
		}
		if end == at {
			w.end()
			at++
			continue
		}
		for _, r := range norm.NFKD.String(text[at:end]) {
			w.rune(r)
		}
		at = end
	}
	w.end()
}

// words collects the word that is being read.
type words struct {
	yield  func(word []byte)
	word   []byte
	length int  // in characters
	last   rune // of a script without spaces; 0 where the character before was another one
}

func (w *words) rune(r rune) {
	switch {
	case unicode.Is(unicode.M, r):
	case isPaired(r):
		if w.last == 0 {
			w.end()
		} else {
			w.word = utf8.AppendRune(utf8.AppendRune(w.word[:0], w.last), r)
			w.yield(w.word)
		}
		w.last = r
	case unicode.IsLetter(r), unicode.Is(unicode.N, r):
		if r = unicode.ToLower(r); r == 'ς' { // the form of σ at the end of a word
			r = 'σ'
		}
		w.add(r)
	default:
		w.end()
	}
}

func (w *words) add(r rune) {
	if w.last != 0 {
		w.end()
	}
	if w.length < longestWord {
		w.word = utf8.AppendRune(w.word, r)
	}
	w.length++
}

func (w *words) end() {
	if w.last != 0 {
		w.word = utf8.AppendRune(w.word[:0], w.last)
		w.last, w.length = 0, 1
	}
	if w.length > 0 {
		w.yield(w.word)
	}
	w.word, w.length = w.word[:0], 0
}

// isPaired tells whether a character belongs to a script that puts no spaces between words.
func isPaired(r rune) bool {
	return unicode.In(
		r,
		unicode.Han,
		unicode.Hiragana,
		unicode.Katakana,
		unicode.Thai,
		unicode.Lao,
		unicode.Khmer,
		unicode.Myanmar,
	) &&
		unicode.IsLetter(r)
}

// Query is what somebody looks for.
type Query struct {
	Words    []string // texts must have all of these
	Prefixes []string // and for each of these a word that begins so
}

// mostWords is how many words of a query count.
const mostWords = 32

// ParseQuery cuts what somebody types into words. The last word stands for all that begin with it, unless a
// space or anything else that is no letter follows it; so does a single character of a script without spaces.
// Of more than 32 words the first 32 count.
func ParseQuery(text string) Query {
	var q Query
	seen := map[string]bool{}
	var all []string
	Words(text, func(word []byte) {
		if len(all) < mostWords {
			all = append(all, string(word))
		}
	})
	last, _ := utf8.DecodeLastRuneInString(text)
	open := unicode.IsLetter(last) || unicode.Is(unicode.N, last) || unicode.Is(unicode.M, last)
	for i, word := range all {
		first, size := utf8.DecodeRuneInString(word)
		paired := isPaired(first)
		switch {
		case seen[word]:
		case paired && size == len(word) && i > 0 && endsWith(all[i-1], first):
			// The last character of a run stands in the pair before it already.
		case paired && size == len(word), !paired && open && i == len(all)-1:
			q.Prefixes = append(q.Prefixes, word)
		default:
			q.Words = append(q.Words, word)
		}
		seen[word] = true
	}
	return q
}

// endsWith tells whether a word is a pair of characters that ends with this one.
func endsWith(word string, last rune) bool {
	r, size := utf8.DecodeLastRuneInString(word)
	return r == last && size < len(word) && isPaired(r)
}

// IsEmpty tells that a query looks for nothing.
func (q Query) IsEmpty() bool { return len(q.Words)+len(q.Prefixes) == 0 }

// Matches tells whether a text has all that a query looks for.
func (q Query) Matches(text string) bool {
	if q.IsEmpty() {
		return true
	}
	missing := uint64(1)<<(len(q.Words)+len(q.Prefixes)) - 1
	Words(text, func(word []byte) {
		if missing == 0 {
			return
		}
		for i, one := range q.Words {
			if string(word) == one {
				missing &^= 1 << i
			}
		}
		for i, one := range q.Prefixes {
			if len(word) >= len(one) && string(word[:len(one)]) == one {
				missing &^= 1 << (len(q.Words) + i)
			}
		}
	})
	return missing == 0
}

// Wants tells whether a word is one that a query looks for.
func (q Query) Wants(word []byte) bool {
	for _, one := range q.Words {
		if string(word) == one {
			return true
		}
	}
	for _, one := range q.Prefixes {
		if len(word) >= len(one) && string(word[:len(one)]) == one {
			return true
		}
	}
	return false
}
