package replica_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
)

// production opens the store that the service uses, with one operation that fails.
func production(t *testing.T, dir string, nth int64, fault error) (store filestore.Store, count *atomic.Int64) {
	t.Helper()
	opened, err := filestore.OpenFollowing(dir)
	check(t, err)
	t.Cleanup(func() { check(t, opened.Close()) })
	count = new(atomic.Int64)
	count.Store(-1) // counting begins later
	return filestore.NewFaulty(filestore.Guarded(opened, func() error { return nil }), func(op, name string) error {
		if count.Load() >= 0 && count.Add(1) == nth {
			return fmt.Errorf("%s %q: %w", op, name, fault)
		}
		return nil
	}), count
}

// contents gives the files below a folder by their names.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, relErr := filepath.Rel(folder, path)
		check(t, relErr)
		found[name] = string(data)
		return err
	})
	if !os.IsNotExist(err) {
		check(t, err)
	}
	return found
}

// oneFault replicates changes of every kind to a real store of which one operation fails, and in which one
// folder may be a volume of its own, and answers how many operations there are.
func oneFault(t *testing.T, volume bool, nth int64, fault error) int64 {
	t.Helper()
	dir := t.TempDir()
	if m := filepath.Join(dir, "2-WebServices-2/CollabContent/m1"); volume {
		check(t, os.MkdirAll(m, 0o755))
		if err := unix.Mount("tmpfs", m, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("nothing can be mounted here, which takes root: %v", err)
		}
		defer func() { check(t, unix.Unmount(m, unix.MNT_DETACH)) }()
	}
	a, b := newSide(t, "pool1", "pool2", "1-WebServices-1"), &side{}
	store, count := production(t, dir, nth, fault)
	b.open(t, "pool2", "pool1", "2-WebServices-2", store)
	live := filepath.Join(dir, "2-WebServices-2/CollabContent")
	for i := range 8 {
		a.write(t, fmt.Sprintf("m%d/file%d", i%2, i), fmt.Sprint("first ", i), 1000)
	}
	both(t, a, b)
	before := contents(t, live)
	delete(before, "m1/file3") // its owner overwrites it
	a.write(t, "m0/file0", "changed", 2000)
	a.write(t, "new/file", "new", 2000)
	check(t, a.store.RemoveAll(a.root+"/CollabContent/m1/file1"))
	check(t, a.store.Publish(a.root+"/CollabContent/m0/file2", a.root+"/CollabContent/m1/moved"))
	check(t, os.WriteFile(filepath.Join(live, "m1/file3"), []byte("changed there"), 0o644))
	count.Store(0)
	cycleAnyway := func() {
		for _, s := range []*side{a, b} {
			s.elapsed += 10e9
			_, _ = s.Look(t.Context()) // what fails is tried again
		}
		for _, pair := range [][2]*side{{a, b}, {b, a}} {
			_, _ = pair[0].sendInWindows(t, pair[1], false, exchange.Options{})
		}
	}
	for range 4 {
		cycleAnyway()
	}
	operations := count.Load()
	count.Store(1 << 40) // with fewer operations than in another run, that one may still be to come
	both(t, a, b)
	if got, want := contents(t, filepath.Join(dir, "2-WebServices-2")), a.tree(); !maps.Equal(got, want) {
		t.Errorf("operation %d failed with %v: the sides differ: %v and %v", nth, fault, want, got)
	}
	stands := map[string]bool{}
	for _, folder := range []string{live, filepath.Join(dir, "own/DataConf/Versions")} {
		for _, content := range contents(t, folder) {
			stands[content] = true
		}
	}
	for name, content := range before {
		if !stands[content] {
			t.Errorf("operation %d failed with %v: what %s held is nowhere", nth, fault, name)
		}
	}
	for name := range contents(t, dir) {
		if strings.Contains(name, "csbackup-copy") {
			t.Errorf("operation %d failed with %v: %s was left", nth, fault, name)
		}
	}
	return operations
}

// Each operation of a real store, as the service opens it, fails once, with each of the faults in turn:
// nothing is lost, and all arrives afterwards.
func TestP2_P24_EachOperationOfARealStoreFailsOnce(t *testing.T) {
	for name, volume := range map[string]bool{"one volume": false, "a folder that is a volume": true} {
		t.Run(name, func(t *testing.T) { eachFails(t, volume) })
	}
}

func eachFails(t *testing.T, volume bool) {
	faults := []error{syscall.EIO, fs.ErrPermission, fs.ErrNotExist, filestore.ErrFull, filestore.ErrLocked}
	count := oneFault(t, volume, 0, nil)
	step := int64(13)
	if os.Getenv("CSBACKUP_TEST_EVERY_FAULT") != "" {
		step = 1
	}
	tried := 0
	for nth := step; nth <= count; nth += step {
		for i, fault := range faults {
			if step == 1 || nth/step%int64(len(faults)) == int64(i) {
				oneFault(t, volume, nth, fault)
				tried++
			}
		}
	}
	t.Logf("%d operations, %d failures tried; CSBACKUP_TEST_EVERY_FAULT=1 tries all", count, tried)
}
