package index_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"csbackup/internal/index"
)

// What is asked of missing items is what going through all of them gives.
func TestMissingItems(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer x.Close()
	if _, _, ok, err := x.MissingSince(); ok || err != nil {
		t.Errorf("an empty index: %v, %v", ok, err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var missing []index.Item
	err := x.Update(func(tx *index.Tx) error {
		for i := range 600 {
			it := index.Item{Path: fmt.Sprintf("r%d/%d/%d", random.IntN(3), random.IntN(5), i), Kind: index.Kind(1 + random.IntN(2)), State: index.State(random.IntN(3)), Since: random.Int64N(1000)}
			if i%50 == 0 {
				it.Path = fmt.Sprintf("r1-%d/x", i) // of another root whose name begins alike
			}
			it, err := tx.Put(it)
			if err != nil {
				return err
			}
			if it.State == index.Missing {
				missing = append(missing, it)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := int64(1000), int64(0)
	for _, it := range missing {
		first, last = min(first, it.Since), max(last, it.Since)
	}
	if one, other, ok, err := x.MissingSince(); one != first || other != last || !ok || err != nil {
		t.Errorf("%d to %d, %v, %v; want %d to %d", one, other, ok, err, first, last)
	}
	for _, sequence := range []uint64{0, 100, 300, 600, 1 << 63} {
		for _, root := range []string{"r0", "r1", "r2", "r1-50", "r"} {
			want := int64(0)
			for _, it := range missing {
				if it.Kind == index.File && it.Sequence <= sequence && len(it.Path) > len(root) && it.Path[:len(root)+1] == root+"/" {
					want++
				}
			}
			if got, err := x.MissingUntil(root, sequence); got != want || err != nil {
				t.Errorf("%s until %d: %d, %v; want %d", root, sequence, got, err, want)
			}
		}
	}
	var forward, backward []string
	for after := ""; ; after = forward[len(forward)-1] {
		page, err := x.InState(index.Missing, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page {
			forward = append(forward, it.Path)
		}
		if len(page) < 7 {
			break
		}
	}
	for before := ""; ; before = backward[len(backward)-1] {
		page, err := x.MissingBefore(before, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page {
			backward = append(backward, it.Path)
		}
		if len(page) < 7 {
			break
		}
	}
	if slices.Reverse(backward); len(forward) != len(missing) || !slices.Equal(forward, backward) {
		t.Errorf("forward %d, backward %d of %d items", len(forward), len(backward), len(missing))
	}
}
