package index_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"csbackup/internal/index"
)

// What is kept up with every change is what counting would give, also after an undone change and
// after reopening.
func TestSumsAreWhatCountingGives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	undo := errors.New("undo")
	for round := range 60 {
		err := x.Update(func(tx *index.Tx) error {
			for range 1 + random.IntN(5) {
				it := index.Item{Path: fmt.Sprintf("r%d/%d", random.IntN(2), random.IntN(20)), Kind: index.Kind(1 + random.IntN(3)), State: index.State(random.IntN(3))}
				if it.Kind == index.File {
					it.Size = int64(random.IntN(100))
				}
				if _, err := tx.Put(it); err != nil {
					return err
				}
			}
			if random.IntN(2) == 0 {
				if err := tx.Agree(uint64(random.IntN(300))); err != nil {
					return err
				}
			}
			if random.IntN(5) == 0 {
				return undo
			}
			return nil
		})
		if err != nil && !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if round%10 == 0 {
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = open(t, path)
		}
		items, err := x.All("", 1000)
		if err != nil {
			t.Fatal(err)
		}
		var ahead, bytes int64
		roots := map[string]index.Counts{}
		for _, it := range items {
			c := roots[it.Path[:2]]
			switch it.Kind {
			case index.File:
				c.Files++
				c.Bytes += it.Size
			case index.Folder:
				c.Folders++
			case index.Tombstone:
				c.Tombstones++
			}
			switch it.State {
			case index.Missing:
				c.Missing++
				c.MissingBytes += it.Size
				if it.Kind == index.File {
					c.MissingFiles++
				}
			case index.Suspect:
				c.Suspects++
			}
			roots[it.Path[:2]] = c
			if it.Sequence > x.Agreed() {
				ahead++
				bytes += it.Size
			}
		}
		if a, b := x.Ahead(); a != ahead || b != bytes {
			t.Fatalf("round %d: ahead of %d: %d items, %d bytes; counted %d, %d", round, x.Agreed(), a, b, ahead, bytes)
		}
		for root, want := range roots {
			if got := x.RootCounts(root); got != want {
				t.Fatalf("round %d: %s has %+v, counted %+v", round, root, got, want)
			}
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}
