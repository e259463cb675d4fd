package conformance_test

import (
	"testing"

	"csbackup/internal/filestore"
	"csbackup/internal/filestore/conformance"
)

func openReal(t *testing.T) filestore.Store {
	store, err := filestore.OpenReal(t.TempDir())
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

func TestReal(t *testing.T) { conformance.Run(t, openReal) }

func TestMemory(t *testing.T) {
	conformance.Run(t, func(*testing.T) filestore.Store { return filestore.NewMemory(filestore.MemoryOptions{}) })
}

func TestMemoryLikeWindows(t *testing.T) {
	conformance.Run(t, func(*testing.T) filestore.Store {
		return filestore.NewMemory(filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true,
			TimeGranularity: 100, NoChangeTime: true, NoIdentity: true, SlowExchange: true})
	})
}

func TestWrapped(t *testing.T) {
	conformance.Run(t, func(t *testing.T) filestore.Store {
		return filestore.NewFaulty(openReal(t), func(string, string) error { return nil })
	})
}
