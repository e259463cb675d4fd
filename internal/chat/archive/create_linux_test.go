package archive_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
)

func TestADiskThatFillsLeavesTheOldFile(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: a small disk cannot be mounted here, which needs root: %v", err)
	}
	defer func() {
		if err := unix.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(folder, "a.zip")
	if err := archive.Create(path, text("old")); err != nil {
		t.Fatal(err)
	}
	err := archive.Create(path, func(to io.Writer) error {
		_, err := to.Write(make([]byte, 2<<20))
		return err
	})
	if !failure.IsID(err, failure.DiskFull) {
		t.Errorf("the error is %v", err)
	}
	only(t, path, "old")
	noise := rand.New(rand.NewPCG(1, 2))
	err = archive.Create(path, func(to io.Writer) error {
		w := archive.NewWriter(to, archive.About{Schema: "mgc"})
		for i := range 20 {
			b := make([]byte, 100_000)
			for k := range b {
				b[k] = byte(noise.Uint32())
			}
			if err := w.File(guidA, fmt.Sprintf("%02d", i), time.Time{}, bytes.NewReader(b)); err != nil {
				return err
			}
		}
		_, err := w.Close()
		return err
	})
	if !failure.IsID(err, failure.DiskFull) {
		t.Errorf("the error is %v", err)
	}
	only(t, path, "old")
}
