package index_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"csbackup/internal/index"
)

// What the index knows of names that a content had before follows the content, and nothing else.
func TestOriginsFollowTheContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.index")
	x, err := index.Open(path, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	update := func(fn func(tx *index.Tx) error) {
		t.Helper()
		if err := x.Update(fn); err != nil {
			t.Fatal(err)
		}
	}
	put := func(p string, content byte) (it index.Item) {
		t.Helper()
		update(func(tx *index.Tx) (err error) {
			it, err = tx.Put(index.Item{Path: p, Kind: index.File, Size: 5, Hash: index.Hash{content}})
			return err
		})
		return it
	}
	rename := func(from, to index.Item) {
		t.Helper()
		update(func(tx *index.Tx) error {
			now, _, err := tx.Get(from.Path)
			if err != nil {
				return err
			}
			if _, err := tx.Put(index.Item{Path: from.Path, Kind: index.Tombstone}); err != nil {
				return err
			}
			return tx.PutOrigin(now, to)
		})
	}
	check := func(it index.Item, wanted ...string) {
		t.Helper()
		if got, err := x.OriginsOf(it.Sequence); err != nil || !slices.Equal(got, wanted) {
			t.Errorf("%s came from %q, not from %q (%v)", it.Path, got, wanted, err)
		}
		for _, p := range wanted {
			if to, ok, err := x.MovedTo(p); err != nil || !ok || to.Path != it.Path {
				t.Errorf("%s went to %q, %v, %v", p, to.Path, ok, err)
			}
		}
	}
	a, other := put("r/a", 1), put("r/other", 9)
	if x.Origins() {
		t.Error("a new index has origins")
	}
	b := put("r/b", 1)
	rename(a, b)
	check(b, "r/a")
	c := put("r/c", 1)
	rename(b, c)
	check(c, "r/a", "r/b")
	if now, _, err := x.Get("r/c"); err != nil || now.Born != a.Born {
		t.Errorf("it is born at %d, not at %d (%v)", now.Born, a.Born, err)
	}
	touched := put("r/c", 1)
	check(touched, "r/a", "r/b")
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if x, err = index.Open(path, index.Options{}); err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	check(touched, "r/a", "r/b")
	rename(other, touched) // as it was read before
	edited := put("r/c", 2)
	check(edited)
	if _, ok, err := x.MovedTo("r/a"); ok || err != nil {
		t.Errorf("a content that was edited since is still known as moved (%v)", err)
	}
	rename(put("r/d", 2), edited)
	if failed := x.Update(func(tx *index.Tx) error {
		if err := tx.DropOrigins(1 << 40); err != nil {
			return err
		}
		return fmt.Errorf("it is undone")
	}); failed == nil || !x.Origins() {
		t.Errorf("after what was undone: %v, origins %v", failed, x.Origins())
	}
	check(edited, "r/d")
	update(func(tx *index.Tx) error { return tx.DropOrigins(edited.Sequence - 1) })
	check(edited, "r/d")
	update(func(tx *index.Tx) error { return tx.DropOrigins(edited.Sequence) })
	check(edited)
	if x.Origins() {
		t.Error("there are still origins")
	}
	rename(put("r/e", 3), put("r/f", 3))
	update(func(tx *index.Tx) error { return tx.Forget("r/e") })
	if _, ok, err := x.MovedTo("r/e"); ok || err != nil || x.Origins() {
		t.Errorf("a path that is forgotten is still an origin (%v)", err)
	}
}
