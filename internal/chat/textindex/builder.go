package textindex

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
)

// Builder makes an index.
type Builder struct {
	folder string
	limit  int // bytes of memory for words that wait
	terms  map[string]*postings
	size   int
	runs   []*os.File
}

// postings are the numbers of the texts with one word: the first, and the distance of each from the one
// before it as unsigned varints.
type postings struct {
	first, last uint64
	count       int64
	distances   []byte
}

// overhead is about how many bytes a word needs in memory besides its numbers.
const overhead = 120

// NewBuilder makes a builder that keeps files in the folder, "" for that of temporary files, and about so
// many bytes in memory.
func NewBuilder(folder string, limit int) *Builder {
	return &Builder{folder: folder, limit: limit, terms: map[string]*postings{}}
}

// Add notes that a text has a word. Texts come in the order of their numbers; a word that was noted of the
// text before is not noted twice.
func (b *Builder) Add(text uint64, word []byte) {
	p := b.terms[string(word)]
	switch {
	case p == nil:
		b.terms[string(word)] = &postings{first: text, last: text, count: 1}
		b.size += overhead + len(word)
	case p.last != text:
		before := cap(p.distances)
		p.distances = binary.AppendUvarint(p.distances, text-p.last)
		b.size += cap(p.distances) - before
		p.last = text
		p.count++
	}
}

// Spill writes what is in memory to a file, once it is more than the limit. It is called between two texts.
func (b *Builder) Spill() error {
	if b.size <= b.limit {
		return nil
	}
	file, err := os.CreateTemp(b.folder, "csbackup-words-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("make a file for the index: %w", err)
	}
	b.runs = append(b.runs, file)
	if runtime.GOOS != "windows" { // so that nothing is left after a kill
		if err := os.Remove(file.Name()); err != nil {
			return fmt.Errorf("make a file for the index: %w", err)
		}
	}
	out := bufio.NewWriterSize(file, 1<<18)
	var head []byte
	for _, word := range slices.Sorted(maps.Keys(b.terms)) {
		p := b.terms[word]
		head = binary.AppendUvarint(head[:0], uint64(len(word)))
		head = append(head, word...)
		for _, n := range []uint64{uint64(p.count), p.first, p.last, uint64(len(p.distances))} {
			head = binary.AppendUvarint(head, n)
		}
		if _, err = out.Write(head); err == nil {
			_, err = out.Write(p.distances)
		}
		if err != nil {
			return fmt.Errorf("write a file for the index: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write a file for the index: %w", err)
	}
	b.terms, b.size = map[string]*postings{}, 0
	return nil
}

// Entry is a word of the finished index with the numbers of its texts, as varints: the first as it is, then
// the distance of each from the one before.
type Entry struct {
	Word     string
	Count    int64
	Postings []byte
}

// Finish gives all words in the order of their bytes, and removes the builder's files. The entry is only
// valid during the call.
func (b *Builder) Finish(each func(Entry) error) (err error) {
	defer func() { err = errors.Join(err, b.Close()) }()
	var sources sources
	for n, file := range b.runs {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read a file of the index: %w", err)
		}
		s := &source{order: n, from: bufio.NewReaderSize(file, 1<<16)}
		if more, err := s.next(); err != nil {
			return err
		} else if more {
			sources = append(sources, s)
		}
	}
	memory := &source{order: len(b.runs), terms: b.terms, words: slices.Sorted(maps.Keys(b.terms))}
	if more, err := memory.next(); err != nil {
		return err
	} else if more {
		sources = append(sources, memory)
	}
	heap.Init(&sources)
	var entry Entry
	for len(sources) > 0 {
		first := sources[0]
		entry = Entry{Word: first.word, Postings: entry.Postings[:0]}
		last := uint64(0)
		for len(sources) > 0 && sources[0].word == entry.Word {
			s := sources[0]
			entry.Count += s.found.count
			entry.Postings = binary.AppendUvarint(entry.Postings, s.found.first-last)
			entry.Postings = append(entry.Postings, s.found.distances...)
			last = s.found.last
			more, err := s.next()
			if err != nil {
				return err
			}
			if more {
				heap.Fix(&sources, 0)
			} else {
				heap.Pop(&sources)
			}
		}
		if err := each(entry); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the builder's files. It may be called again.
func (b *Builder) Close() error {
	var err error
	for _, file := range b.runs {
		err = errors.Join(err, file.Close())
		if removed := os.Remove(file.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	b.runs, b.terms = nil, nil
	return err
}

// source is a sorted run of words: a file, or what is in memory.
type source struct {
	order int // runs of a lower order hold the earlier texts
	from  *bufio.Reader
	terms map[string]*postings
	words []string

	word  string
	found postings
}

func (s *source) next() (bool, error) {
	if s.from == nil {
		if len(s.words) == 0 {
			return false, nil
		}
		s.word, s.words = s.words[0], s.words[1:]
		s.found = *s.terms[s.word]
		return true, nil
	}
	length, err := binary.ReadUvarint(s.from)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	word := make([]byte, length)
	if err == nil {
		_, err = io.ReadFull(s.from, word)
	}
	var numbers [4]uint64
	for i := range numbers {
		if err == nil {
			numbers[i], err = binary.ReadUvarint(s.from)
		}
	}
	if err != nil {
		return false, fmt.Errorf("read a file of the index: %w", err)
	}
	s.word = string(word)
	s.found = postings{
		count:     int64(numbers[0]),
		first:     numbers[1],
		last:      numbers[2],
		distances: slices.Grow(s.found.distances[:0], int(numbers[3]))[:numbers[3]],
	}
	if _, err := io.ReadFull(s.from, s.found.distances); err != nil {
		return false, fmt.Errorf("read a file of the index: %w", err)
	}
	return true, nil
}

// sources is a heap of runs: the one with the lowest word first, and of one word that with the earliest
// texts.
type sources []*source

func (s sources) Len() int      { return len(s) }
func (s sources) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s sources) Less(i, j int) bool {
	return s[i].word < s[j].word || s[i].word == s[j].word && s[i].order < s[j].order
}

// Push and Pop are for container/heap.
func (s *sources) Push(x any) { *s = append(*s, x.(*source)) }

// Pop takes the last run away.
func (s *sources) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
