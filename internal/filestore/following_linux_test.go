package filestore_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
)

// descriptors counts what this process has open below a folder.
func descriptors(t *testing.T, folder string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	count := 0
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err == nil && (target == folder || filepath.Dir(target) == folder) {
			count++
		}
	}
	return count
}

// replaced waits until the store is the one that stands under its path now, which has the file.
func replaced(t *testing.T, store filestore.Store, file string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := store.Lstat(file); err == nil {
			return
		} else if !errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			t.Fatalf("the new store is not used: %v", err)
		}
	}
}

// However often another store is put or mounted under the path, only the descriptors of the last one stay
// open: the others end with the last operation that needs them, which is not disturbed.
func TestFollowingKeepsOneStoreOpen(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "store"), filepath.Join(dir, "old")
	folders(t, dir, "store/tree")
	must(t, os.WriteFile(filepath.Join(path, "0"), []byte("first"), 0o644))
	store, err := filestore.OpenFollowing(path)
	must(t, err)
	one := descriptors(t, path)
	if one == 0 {
		t.Fatal("nothing is open")
	}
	reader, err := store.Open("0")
	must(t, err)
	watcher, err := store.Watch([]string{"tree"})
	must(t, err)
	for _, name := range []string{"1", "2", "3"} {
		must(t, os.Rename(path, old+name))
		folders(t, dir, "store/tree")
		must(t, os.WriteFile(filepath.Join(path, name), nil, 0o644))
		replaced(t, store, name)
		for _, earlier := range []string{"2", "3"} {
			if n := descriptors(t, old+earlier); n != 0 {
				t.Errorf("%d descriptors of an earlier store are open", n)
			}
		}
	}
	if data, err := io.ReadAll(reader); string(data) != "first" || err != nil {
		t.Errorf("a file that was open reads %q, %v", data, err)
	}
	if _, err := reader.Info(); err != nil {
		t.Errorf("a file that was open cannot be looked at: %v", err)
	}
	if _, _, err := watcher.Take(); !errors.Is(err, filestore.ErrNoWatch) {
		t.Errorf("the watcher of the first store says %v", err)
	}
	must(t, watcher.Close(), reader.Close())
	if n := descriptors(t, old+"1"); n != 0 {
		t.Errorf("%d descriptors of the first store are open", n)
	}
	must(t, unix.Rename(path, old))
	wants(t, func() error {
		for {
			if _, err := store.Lstat("tree"); err != nil {
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
	}(), fs.ErrNotExist)
	must(t, os.Rename(old, path))
	replaced(t, store, "3")
	if n := descriptors(t, path); n != one {
		t.Errorf("%d descriptors are open, at first %d", n, one)
	}
	must(t, store.Close())
	if n := descriptors(t, path); n != 0 {
		t.Errorf("%d descriptors are open after Close", n)
	}
}
