package index

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// sums are kept up with every change, so that asking for them costs nothing however large the index is.
type sums struct {
	Total Counts
	Roots map[string]Counts // by the first component of the paths
	// Agreed is the sequence number up to which the partner has everything; Ahead is what comes after.
	Agreed            uint64
	Ahead, AheadBytes int64

	changed bool
}

func (s sums) clone() sums {
	s.Roots = maps.Clone(s.Roots)
	return s
}

func (s *sums) add(it Item, by int64) {
	root, _, _ := strings.Cut(it.Path, "/")
	counts := s.Roots[root]
	counts.add(it, by)
	if counts == (Counts{}) {
		delete(s.Roots, root)
	} else {
		s.Roots[root] = counts
	}
	s.Total.add(it, by)
	if it.Sequence > s.Agreed {
		s.Ahead += by
		s.AheadBytes += by * it.Size
	}
	s.changed = true
}

func (c *Counts) add(it Item, by int64) {
	switch it.Kind {
	case File:
		c.Files += by
		c.Bytes += by * it.Size
	case Folder:
		c.Folders += by
	case Tombstone:
		c.Tombstones += by
	}
	switch it.State {
	case Missing:
		c.Missing += by
		c.MissingBytes += by * it.Size
		if it.Kind == File {
			c.MissingFiles += by
		}
	case Suspect:
		c.Suspects += by
	}
}

// loadSums reads the kept sums; an index that has none yet is counted once.
func (x *Index) loadSums() error {
	raw, err := x.meta("sums")
	if err != nil {
		return err
	}
	x.sums = sums{Roots: map[string]Counts{}}
	if raw != nil {
		if err := json.Unmarshal(raw, &x.sums); err != nil || x.sums.Roots == nil {
			return fmt.Errorf("%w: its counts cannot be read", ErrDamaged)
		}
		return nil
	}
	err = x.query("SELECT "+columns+" FROM item", nil, func(stmt *sqlite3.Stmt) error {
		it, err := scan(stmt)
		x.sums.add(it, 1)
		return err
	})
	if err != nil {
		return err
	}
	x.sums.Total.Pending, err = x.number("SELECT count(*) FROM pending")
	return err
}

// Counts summarises the index.
func (x *Index) Counts() Counts {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sums.Total
}

// RootCounts summarises what the index has below one root; its Pending and Kept are always 0.
func (x *Index) RootCounts(root string) Counts {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sums.Roots[root]
}

// Agreed is the sequence number up to which the partner has acknowledged everything.
func (x *Index) Agreed() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sums.Agreed
}

// Ahead counts the items after Agreed, and their bytes.
func (x *Index) Ahead() (items, bytes int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sums.Ahead, x.sums.AheadBytes
}

// Agree sets how far the partner has acknowledged; back, too, for a partner that lost what it had.
func (tx *Tx) Agree(sequence uint64) error {
	s := &tx.x.sums
	sequence = min(sequence, tx.x.head) // a partner may claim anything
	if sequence == 0 {
		s.Ahead, s.AheadBytes = s.Total.Files+s.Total.Folders+s.Total.Tombstones, s.Total.Bytes
		s.Agreed, s.changed = 0, true
		return nil
	}
	low, high, by := s.Agreed, sequence, int64(-1)
	if low > high {
		low, high, by = high, low, 1
	}
	if low == high {
		return nil
	}
	s.Agreed, s.changed = sequence, true
	return tx.x.query("SELECT count(*), sum(size) FROM item WHERE sequence>? AND sequence<=?", []any{int64(low), int64(high)}, func(stmt *sqlite3.Stmt) error {
		s.Ahead += by * stmt.ColumnInt64(0)
		s.AheadBytes += by * stmt.ColumnInt64(1)
		return nil
	})
}
