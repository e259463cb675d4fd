package convert

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/gob"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"csbackup/internal/failure"
)

// sortMemory is how many bytes of a room's messages are sorted in memory at a time.
const sortMemory = 64 << 20

// kept is a message that waits to be sorted.
type kept struct {
	ID, Author int64
	Sent, Time time.Time
	Alert      bool
	Text, RTF  string
	HasRTF     bool
}

func (k kept) size() int { return len(k.Text) + len(k.RTF) + 120 }

func earlier(a, b kept) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) }

// sorter puts the messages of one room into the order of their times. What memory does not hold goes to
// temporary files, each sorted, which are merged.
type sorter struct {
	memory  int // bytes that may be held
	held    []kept
	size    int
	folder  string
	runs    []*os.File
	removed []string
}

// add takes one message.
func (s *sorter) add(k kept) error {
	s.held = append(s.held, k)
	if s.size += k.size(); s.size < s.memory {
		return nil
	}
	return s.spill()
}

func (s *sorter) spill() error {
	slices.SortStableFunc(s.held, earlier)
	file, err := os.CreateTemp(s.folder, "csbackup-sort-*") // with mode 0600
	if err != nil {
		return cannotSpill(err)
	}
	s.runs = append(s.runs, file)
	if os.Remove(file.Name()) != nil { // not possible on Windows while it is open
		s.removed = append(s.removed, file.Name())
	}
	out := bufio.NewWriterSize(file, 256<<10)
	encoder := gob.NewEncoder(out)
	for _, one := range s.held {
		if err := encoder.Encode(one); err != nil {
			return cannotSpill(err)
		}
	}
	s.held, s.size = s.held[:0], 0
	return cannotSpill(out.Flush())
}

func cannotSpill(err error) error {
	if err == nil {
		return nil
	}
	return failure.Wrap(failure.FileNotWritable, os.TempDir(), "Messages cannot be sorted in the folder for temporary files",
		"Make room there, or name another folder in TMPDIR.", err)
}

// each gives all messages in their order.
func (s *sorter) each(fn func(kept) error) error {
	slices.SortStableFunc(s.held, earlier)
	merge := &merging{}
	for _, file := range s.runs {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return cannotSpill(err)
		}
		decoder := gob.NewDecoder(bufio.NewReaderSize(file, 256<<10))
		if err := merge.push(func() (k kept, err error) { err = decoder.Decode(&k); return k, err }); err != nil {
			return cannotSpill(err)
		}
	}
	rest := s.held
	if err := merge.push(func() (kept, error) {
		if len(rest) == 0 {
			return kept{}, io.EOF
		}
		first := rest[0]
		rest = rest[1:]
		return first, nil
	}); err != nil {
		return err
	}
	for merge.Len() > 0 {
		first := heap.Pop(merge).(*source)
		if err := fn(first.head); err != nil {
			return err
		}
		if err := merge.push(first.next); err != nil {
			return cannotSpill(err)
		}
	}
	return nil
}

// close takes the temporary files away.
func (s *sorter) close() (err error) {
	for _, file := range s.runs {
		err = errors.Join(err, file.Close())
	}
	for _, name := range s.removed {
		err = errors.Join(err, os.Remove(name))
	}
	s.runs, s.removed, s.held = nil, nil, nil
	return err
}

// source is one sorted run of messages.
type source struct {
	head kept
	next func() (kept, error)
}

// merging is a heap of runs, the one with the earliest message first.
type merging []*source

func (m merging) Len() int           { return len(m) }
func (m merging) Less(i, j int) bool { return earlier(m[i].head, m[j].head) < 0 }
func (m merging) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

// Push adds a run.
func (m *merging) Push(one any) { *m = append(*m, one.(*source)) }

// Pop takes the last run.
func (m *merging) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// push takes the next message of a run, if there is one.
func (m *merging) push(next func() (kept, error)) error {
	head, err := next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	heap.Push(m, &source{head, next})
	return nil
}
