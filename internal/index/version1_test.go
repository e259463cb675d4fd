package index_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"csbackup/internal/index"
)

// An index that the first version made is read on, with all that it holds.
func TestP25_AnIndexOfVersion1IsReadOn(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "version1.index"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.index")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is of the new version already
		x, err := index.Open(path, index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		counts := x.Counts()
		if x.Replica() != 7 || x.Head() != 6 || counts.Files != 5 || counts.Tombstones != 1 || counts.Pending != 5 {
			t.Errorf("replica %d, head %d, %+v", x.Replica(), x.Head(), counts)
		}
		for i, code := range []index.Code{index.Failed, index.Again, index.Rotten, index.HeldBack, index.Confirmed} {
			p := fmt.Sprintf("r/f%d", i)
			it, ok, err := x.Get(p)
			if err != nil || !ok || it.Size != int64(i) || it.Hash != (index.Hash{byte(i)}) || it.Born != 0 {
				t.Errorf("%s is %+v, %v, %v", p, it, ok, err)
			}
			if pending, ok, err := x.PendingAt(p); err != nil || !ok || pending.Code != code || pending.Since != 5 {
				t.Errorf("%s waits as %+v, %v, %v", p, pending, ok, err)
			}
		}
		if kept, err := x.Meta("store"); err != nil || string(kept) != "kept" {
			t.Errorf("what was kept is %q, %v", kept, err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A path keeps the number with which it came, until its content leaves its place.
func TestBornStaysWithWhatAFileBecomes(t *testing.T) {
	x, err := index.Open(filepath.Join(t.TempDir(), "x.index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	file := func(size int64) index.Item { return index.Item{Path: "r/f", Kind: index.File, Size: size} }
	for i, step := range []struct {
		it   index.Item
		born uint64
	}{
		{file(100), 1}, {file(200), 1}, {file(20), 1}, {file(1), 4}, {file(0), 5}, {file(5000), 5},
		{index.Item{Path: "r/f", Kind: index.Folder}, 7}, {file(3), 8}, {index.Item{Path: "r/f", Kind: index.Tombstone}, 9}, {file(3), 10},
	} {
		err := x.Update(func(tx *index.Tx) error {
			it, err := tx.Put(step.it)
			if err != nil || it.Born != step.born {
				return fmt.Errorf("step %d is born at %d, want %d (%v)", i, it.Born, step.born, err)
			}
			it.ChangeTime, it.Born = 5, 0
			return tx.Refresh(it)
		})
		if err != nil {
			t.Fatal(err)
		}
		if it, _, err := x.Get("r/f"); err != nil || it.Born != step.born {
			t.Errorf("step %d was refreshed to be born at %d (%v)", i, it.Born, err)
		}
	}
}
