//go:build !windows

package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A service whose file store is not there when it starts serves all the same, says what is missing and
// what to do, takes a sync, and goes on by itself when the store appears; nothing is deleted anywhere.
func TestP7_P24_AStoreThatIsMountedLater(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), fmt.Sprint(i))
	}
	first := l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	whole := l.content(two)
	l.stop(first)

	away := l.store(one) + "-away"
	l.check(os.Rename(l.store(one), away))
	l.write(two, "CollabContent/meanwhile", "made on pool 2")
	first = l.serve(one)
	if s := l.status(one); s.ExportStatus != "ErrorState" || s.ImportStatus != "ErrorState" || !strings.Contains(s.Reason, l.store(one)) || !strings.Contains(s.Reason, "Mount it") {
		t.Errorf("the missing store is told as %+v", s)
	}
	for _, args := range [][]string{{"versions", "list"}, {"loss", "show"}} {
		if got := l.run(append(args, "--pool-fqdn", one)...); got.code != 1 || !strings.Contains(got.stderr, "StoreUnavailable") || got.stdout != "" {
			t.Errorf("%v gives %+v", args, got)
		}
	}
	l.must("sync", "--pool-fqdn", one)
	// No sync on the partner: that would restore its content into whatever stands there next.
	l.until("the partner is told, too", func() bool {
		s := l.status(two)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, l.store(one))
	})
	if took := l.stop(first); took.Seconds() > 10 {
		t.Errorf("stopping without a store took %s", took)
	}
	l.serve(one)
	if _, err := os.Lstat(l.store(one)); !os.IsNotExist(err) {
		t.Fatalf("something was made where the store belongs: %v", err)
	}
	l.check(os.Mkdir(l.store(one), 0o755)) // the mount point, before the mount
	l.until("the empty mount point is noticed", func() bool { return strings.Contains(l.status(one).Reason, "marker is gone") })
	if entries, err := os.ReadDir(l.store(one)); err != nil || len(entries) != 0 {
		t.Errorf("something was written into the mount point: %v, %v", entries, err)
	}
	l.check(errorsOf(os.Remove(l.store(one)), os.Rename(away, l.store(one))))
	l.until("all is well again", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	l.wantAlike()
	if now := l.content(two); len(now) != len(whole)+1 {
		t.Errorf("pool 2 has %d files, not %d", len(now), len(whole)+1)
	}
}

// A second service that waits for the store is refused once the store is there and another one holds it.
func TestP23_OneWriterOfAStoreThatIsMountedLater(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	away := l.store(one) + "-away"
	l.write(one, "CollabContent/m/s", "content")
	l.serve(one)
	l.until("the first service holds the store", func() bool { return l.status(one).Backlog > 0 })
	l.check(os.Rename(l.store(one), away))
	other := filepath.Join(l.dir, "other")
	l.serve(one, "--state-dir", filepath.Join(l.dir, "other-state"), "--runtime-dir", other, "--listen", "127.0.0.1:0")
	l.check(os.Rename(away, l.store(one)))
	l.until("the second service knows who holds the store", func() bool {
		s := l.statusAt(other, one)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "Another Backup Service holds the file store")
	})
	before := l.status(one).Backlog
	l.write(one, "CollabContent/n/t", "content")
	l.must("sync", "--pool-fqdn", one)
	l.until("the first one works on", func() bool { return l.status(one).Backlog > before })
}
