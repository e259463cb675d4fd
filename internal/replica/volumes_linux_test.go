package replica_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
)

// A folder that is a volume of its own, or a folder of the same volume seen at a second place, is
// replicated like any other: what is in it arrives, is changed, kept and deleted.
func TestP17_AFolderThatIsAVolume(t *testing.T) {
	for name, kind := range map[string]string{"tmpfs": "tmpfs", "bind mount": ""} {
		t.Run(name, func(t *testing.T) {
			dir, beside := t.TempDir(), t.TempDir()
			m := filepath.Join(dir, "2-WebServices-2/CollabContent/m")
			flags := uintptr(0)
			if kind == "" {
				flags = unix.MS_BIND
			}
			check(t, os.MkdirAll(m, 0o755))
			if err := unix.Mount(beside, m, kind, flags, ""); err != nil {
				t.Skipf("nothing can be mounted here, which takes root: %v", err)
			}
			t.Cleanup(func() { check(t, unix.Unmount(m, unix.MNT_DETACH)) })
			a, b := newSide(t, "pool1", "pool2", "1-WebServices-1"), realSide(t, dir, "pool2", "pool1", "2-WebServices-2")
			both := func() { t.Helper(); both(t, a, b) }
			holds := func(want string) {
				t.Helper()
				got, err := os.ReadFile(filepath.Join(m, "file"))
				if string(got) != want || (want == "") != errors.Is(err, os.ErrNotExist) {
					t.Fatalf("the file holds %q (%v), want %q", got, err, want)
				}
			}
			a.write(t, "m/file", "first", 1000)
			for _, other := range []string{"1", "2", "3", "4"} {
				a.write(t, "other/"+other, other, 1000)
			}
			both()
			holds("first")
			a.write(t, "m/file", "second", 2000)
			both()
			holds("second")
			check(t, os.WriteFile(filepath.Join(m, "file"), []byte("third"), 0o644))
			both()
			if got := a.tree()["CollabContent/m/file"]; got != "third" {
				t.Fatalf("the change in it arrived as %q", got)
			}
			check(t, a.store.RemoveAll(a.root+"/CollabContent/m/file"))
			both()
			holds("")
			versions := 0
			count := func(_ string, entry os.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					versions++
				}
				return err
			}
			check(t, filepath.WalkDir(filepath.Join(dir, "own/DataConf/Versions"), count))
			if versions != 2 {
				t.Errorf("%d versions were kept, want first and third", versions)
			}
			if n := b.Index.PendingCount(); n != 0 {
				t.Errorf("%d paths wait", n)
			}
		})
	}
}

// realSide is one pool on a folder of the real file system.
func realSide(t *testing.T, dir, pool, partner, root string) *side {
	t.Helper()
	store, err := filestore.OpenReal(dir)
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	s := &side{}
	s.open(t, pool, partner, root, store)
	return s
}

// both lets both sides look and send, until each has what the other one has.
func both(t *testing.T, a, b *side) {
	t.Helper()
	for range 2 {
		for _, s := range []*side{a, b} {
			s.look(t)
		}
		for _, pair := range [][2]*side{{a, b}, {b, a}} {
			_, err := pair[0].send(t, pair[1], false)
			check(t, err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
