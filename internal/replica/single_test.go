package replica_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/filestore"
)

// onDisk is a side whose store is a real folder, which is returned.
func onDisk(t *testing.T, pool, partner, root string) (s *side, folder string) {
	t.Helper()
	folder = t.TempDir()
	store, err := filestore.OpenReal(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s = &side{}
	s.open(t, pool, partner, root, store)
	t.Cleanup(func() { s.Close() })
	return s, filepath.Join(folder, filepath.FromSlash(root), "CollabContent")
}

// waits wants exactly these paths to wait at a side, with a reason that has the given words.
func (s *side) waits(t *testing.T, words string, paths ...string) {
	t.Helper()
	pending, err := s.Index.Pending("", 100)
	if err != nil || len(pending) != len(paths) {
		t.Errorf("%+v wait (%v), not %q", pending, err, paths)
		return
	}
	for i, p := range pending {
		if p.Path != "CollabContent/"+paths[i] || !strings.Contains(p.Reason, words) {
			t.Errorf("%+v waits, not %q with %q", p, paths[i], words)
		}
	}
}

// A folder was moved elsewhere and a link left behind: what the partner does in it waits, by name. All else
// goes on, also after a restart, and when the folder is back the rest follows.
func TestP27_AFolderThatALinkReplacedStopsNothingElse(t *testing.T) {
	a, _ := pair(t)
	b, folder := onDisk(t, "pool2", "pool1", "1-WebServices-2")
	for i := range 8 {
		a.write(t, fmt.Sprintf("m/s%d", i), "content", 1000)
		a.write(t, fmt.Sprintf("n/s%d", i), "content", 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(filepath.Join(folder, "m"), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(folder, "m")); err != nil {
		t.Skipf("no link can be made here: %v", err)
	}
	a.write(t, "m/new", "in it", 2000)
	a.write(t, "m/deep/new", "in it", 2000)
	a.write(t, "m/s1", "changed", 2000)
	a.store.RemoveAll(a.root + "/CollabContent/m/s0")
	arrives := func(name string) {
		t.Helper()
		a.write(t, "n/"+name, "beside it", 2000)
		for range 2 {
			cycle(t, a, b)
		}
		if raw, err := os.ReadFile(filepath.Join(folder, "n", name)); err != nil || string(raw) != "beside it" {
			t.Errorf("%s did not arrive: %q, %v", name, raw, err)
		}
		b.waits(t, "not a regular file or folder", "m/deep", "m/deep/new", "m/new", "m/s0", "m/s1")
	}
	arrives("first")
	a.store.RemoveAll(a.root + "/CollabContent/n/s3")
	b.reopen(t)
	arrives("second")
	if _, err := os.Lstat(filepath.Join(folder, "n", "s3")); err == nil {
		t.Error("a deletion beside it did not travel")
	}
	if err := errorsOf(os.Remove(filepath.Join(folder, "m")), os.Rename(elsewhere, filepath.Join(folder, "m"))); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	b.waits(t, "")
	for name, want := range map[string]string{"new": "in it", "deep/new": "in it", "s1": "changed"} {
		if raw, err := os.ReadFile(filepath.Join(folder, "m", filepath.FromSlash(name))); err != nil || string(raw) != want {
			t.Errorf("when the folder is back, %s is %q, %v", name, raw, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "m", "s0")); err == nil {
		t.Error("when the folder is back, what was deleted in it stays")
	}
}

// A folder without rights: each operation in it fails, or only those that list it and make it durable.
func TestP27_AFolderWithoutRightsStopsNothingElse(t *testing.T) {
	for name, refused := range map[string]string{
		"nothing is allowed":     "lstat readdir open create makefolder publish exchange remove flush flushfolders watch",
		"names can be changed":   "readdir flushfolders watch",
		"names can be looked at": "create makefolder publish exchange remove",
		"nothing is durable":     "flushfolders",
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			for i := range 8 {
				a.write(t, fmt.Sprintf("m/s%d", i), "content", 1000)
				a.write(t, fmt.Sprintf("n/s%d", i), "content", 1000)
			}
			cycle(t, a, b)
			cycle(t, a, b)
			closed, whole := b.root+"/CollabContent/m", b.Store
			b.Store = filestore.NewFaulty(whole, func(op, name string) error {
				inside := strings.HasPrefix(name, closed+"/") || name == closed && (op == "readdir" || op == "flushfolders" || op == "watch")
				if inside && strings.Contains(refused, op) {
					return fmt.Errorf("%s %q: %w", op, name, fs.ErrPermission)
				}
				return nil
			})
			a.write(t, "m/new", "in it", 2000)
			a.store.RemoveAll(a.root + "/CollabContent/m/s0")
			arrives := func(name string) {
				t.Helper()
				a.write(t, "n/"+name, "beside it", 2000)
				for range 3 {
					cycle(t, a, b)
				}
				if got := b.tree()["CollabContent/n/"+name]; got != "beside it" {
					t.Errorf("%s did not arrive: %q", name, got)
				}
				if _, _, err := b.Index.PendingAt("CollabContent/m/new"); err != nil {
					t.Error(err)
				}
			}
			arrives("first")
			a.store.RemoveAll(a.root + "/CollabContent/n/s3")
			b.store.RemoveAll(b.root + "/CollabContent/n/s4")
			b.reopen(t)
			arrives("second")
			if b.tree()["CollabContent/n/s3"] != "" || a.tree()["CollabContent/n/s4"] != "" {
				t.Error("a deletion beside it did not travel")
			}
			if pending, err := b.Index.Pending("", 100); err != nil || len(pending) == 0 {
				t.Errorf("%v waits, %v", pending, err)
			}
			b.Store = whole
			b.reopen(t)
			for range 4 {
				cycle(t, a, b)
			}
			b.waits(t, "")
			wantAlike(t, a, b)
		})
	}
}
