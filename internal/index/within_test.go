package index_test

import (
	"path/filepath"
	"testing"

	"csbackup/internal/index"
	"csbackup/internal/index/indextest"
)

func TestCallersWithinAnUpdateAreFound(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"))
	within, beside := false, make(chan bool)
	err := x.Update(func(*index.Tx) error {
		within = indextest.WithinUpdate()
		go func() { beside <- indextest.WithinUpdate() }()
		if <-beside {
			t.Error("another goroutine is taken for one within the update")
		}
		return nil
	})
	if err != nil || !within || indextest.WithinUpdate() {
		t.Errorf("within %v, after %v, %v", within, indextest.WithinUpdate(), err)
	}
}
