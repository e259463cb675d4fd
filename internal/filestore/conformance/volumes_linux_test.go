package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
	"csbackup/internal/filestore/conformance"
)

func TestVolumesForReal(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "tree/inside")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", inside, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("nothing can be mounted here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(inside, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	opened, err := filestore.OpenFollowing(root)
	conformance.Volumes(t, closed(t, opened, err), "tree/inside")
}
