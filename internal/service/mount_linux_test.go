package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mount puts a file system or a folder over a folder, or skips the test.
func (l *lab) mount(what, at, kind string, flags uintptr, options string) {
	l.t.Helper()
	if err := syscall.Mount(what, at, kind, flags, options); err != nil {
		l.t.Skipf("nothing can be mounted here, which takes root: %v", err)
	}
	l.t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil && err != syscall.EINVAL { // a test took it away already
			l.t.Error(err)
		}
	})
}

// A service that was started before its store was mounted has taken the empty mount point for it. It stops when
// the store is there, touching nothing, and the way out that the README tells brings both pools together.
func TestP8_AStoreThatIsMountedAfterTheFirstStart(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/ours/s%d", i), "pool 1's")
		l.write(two, fmt.Sprintf("CollabContent/theirs/s%d", i), "pool 2's")
	}
	disk := l.store(one) + "-disk"
	ours := l.content(one)
	l.check(errorsOf(os.Rename(l.store(one), disk), os.Mkdir(l.store(one), 0o755)))
	p := l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	if got := l.content(one); len(got) != 20 {
		t.Fatalf("the mount point has %v", got)
	}

	l.mount(disk, l.store(one), "", syscall.MS_BIND, "")
	l.until("it stops", func() bool {
		s := l.status(one)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "the store's marker is gone: the file store is not mounted, was emptied, or was replaced")
	})
	l.write(two, "CollabContent/theirs/new", "made meanwhile")
	l.until("the partner is told", func() bool { return l.status(two).ExportStatus == "ErrorState" })
	if a, b := l.content(one), l.content(two); fmt.Sprint(a) != fmt.Sprint(ours) || len(b) != 21 {
		t.Errorf("something was touched: %d files here, %d there", len(a), len(b))
	}

	l.stop(p)
	l.serve(one, "--state-dir", filepath.Join(l.dir, "state", "new"))
	l.synced(one)
	l.synced(two)
	l.wantAlike()
	if got := l.content(two); len(got) != 41 {
		t.Errorf("both have %d files", len(got))
	}
	if c := l.status(one).Conflicts + l.status(two).Conflicts; c != 0 {
		t.Errorf("there are %d conflicts", c)
	}
}
