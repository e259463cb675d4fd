package conformance_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"csbackup/internal/filestore"
	"csbackup/internal/filestore/conformance"
)

// closed closes a store at the end of a test.
func closed(t *testing.T, store filestore.Store, err error) filestore.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func openReal(t *testing.T) filestore.Store {
	store, err := filestore.OpenReal(t.TempDir())
	return closed(t, store, err)
}

// The store that production uses: it follows its path, admits what it may write to, and is guarded by the lease.
func openGuarded(t *testing.T) filestore.Store {
	store, err := filestore.OpenAdmitted(t.TempDir(), func(filestore.Store) error { return nil })
	return filestore.Guarded(closed(t, store, err), func() error { return nil })
}

// openAgain is that store after another folder took the place of the one that it began with.
func openAgain(t *testing.T) filestore.Store {
	path := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	opened, err := filestore.OpenFollowing(path)
	store := closed(t, opened, err)
	if err := os.WriteFile(filepath.Join(path, "of the first"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+" before"); err != nil {
		t.Skipf("an open folder cannot be renamed here: %v", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	for { // until the store has noticed
		if infos, err := store.ReadDir("."); err == nil && len(infos) == 0 {
			return store
		}
	}
}

// likeWindows are the options of a store in memory that behaves as one on Windows does.
var likeWindows = filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100,
	NoChangeTime: true, NoIdentity: true, SlowExchange: true}

func TestReal(t *testing.T) { conformance.Run(t, openReal) }

func TestGuarded(t *testing.T) { conformance.Run(t, openGuarded) }

func TestFollowingAfterARemount(t *testing.T) { conformance.Run(t, openAgain) }

func TestMemory(t *testing.T) {
	conformance.Run(t, func(*testing.T) filestore.Store { return filestore.NewMemory(filestore.MemoryOptions{}) })
}

func TestMemoryLikeWindows(t *testing.T) {
	conformance.Run(t, func(*testing.T) filestore.Store { return filestore.NewMemory(likeWindows) })
}

// Files that other programs hold now and then are no different once they are let go.
func TestMemoryWithSharingViolations(t *testing.T) {
	conformance.Run(t, func(*testing.T) filestore.Store {
		options, asked := likeWindows, atomic.Int64{}
		options.Held = func(string, string) bool { return asked.Add(1)%3 == 0 }
		return conformance.Patient(filestore.NewMemory(options))
	})
}

func TestVolumesInMemory(t *testing.T) {
	m := filestore.NewMemory(filestore.MemoryOptions{})
	if _, err := m.MakeFolder("tree/inside"); err != nil {
		t.Fatal(err)
	}
	if err := m.Mount("tree/inside"); err != nil {
		t.Fatal(err)
	}
	conformance.Volumes(t, m, "tree/inside")
}
