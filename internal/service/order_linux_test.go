package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mounted puts a pool's store on a disk that can be taken away and put back, as a share that is mounted.
func (l *lab) mounted(pool string) (disk string) {
	l.t.Helper()
	disk = l.store(pool) + "-disk"
	l.check(errorsOf(os.Rename(l.store(pool), disk), os.Mkdir(l.store(pool), 0o755)))
	l.mount(disk, l.store(pool), "", syscall.MS_BIND, "")
	return disk
}

func (l *lab) unmount(pool string) {
	l.t.Helper()
	l.check(syscall.Unmount(l.store(pool), syscall.MNT_DETACH))
}

// below fails the test if anything stands in a pool's mount point.
func (l *lab) below(pool string) {
	l.t.Helper()
	entries, err := os.ReadDir(l.store(pool))
	l.check(err)
	if len(entries) > 0 {
		l.t.Fatalf("below the mount point of %s stands %v", pool, entries)
	}
}

// comparisons counts the cycles of a service in which everything was to be compared.
func (l *lab) comparisons(p *process) int {
	return strings.Count(l.logOf(p), `msg="a cycle ended" module=ConfServices.DataConf full=true`)
}

// A share that vanishes in the middle of an accepted sync stops it: below the mount point nothing is written, not a
// folder, whatever is tried and restarted, and both sides say why. Once it is mounted again the sync goes on by itself.
func TestP8_AShareThatVanishesAmidASync(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 4000 {
		l.write(one, fmt.Sprintf("CollabContent/m%d/s%d", i%40, i), strings.Repeat(fmt.Sprint(i%10), 8000))
	}
	disk := l.mounted(two)
	p := l.serve(one, "--log-level", "debug")
	q := l.serve(two)
	l.until("both are at work", func() bool { return l.status(two).ExportStatus == "FinalState" })
	l.must("sync", "--pool-fqdn", one)
	for deadline := time.Now().Add(patience); len(l.temporary(two)) < 100; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) || len(l.names(two)) > 0 {
			t.Fatal("no content was seen on its way")
		}
	}
	l.unmount(two)
	l.below(two)
	arrived, err := filepath.Glob(filepath.Join(disk, "1-WebServices-2", "CollabContent", "*", "*"))
	if err != nil || len(arrived) == 4000 {
		t.Fatalf("%d files had arrived (%v)", len(arrived), err)
	}

	stopped := func() bool {
		a, b := l.status(one), l.status(two)
		return a.ExportStatus == "ErrorState" && strings.Contains(a.Reason, "was accepted for another file store of "+two) && strings.Contains(a.Reason, "order that: csbackup sync --pool-fqdn "+one) &&
			b.ExportStatus == "ErrorState" && b.ImportStatus == "ErrorState" && strings.Contains(b.Reason, "the store's marker is gone")
	}
	l.until("both sides say why it stopped", stopped)
	for i := range 30 {
		before := l.comparisons(p)
		l.must("configuration", "set", "--sync-interval", fmt.Sprintf("00:00:%02d", 30+i)) // which wakes both
		l.until("it is tried again", func() bool { return l.comparisons(p) > before })
		l.below(two)
		if i == 15 {
			l.stop(q)
			q = l.serve(two)
		}
	}
	l.until("both sides still say why", stopped)
	l.below(two)

	l.mount(disk, l.store(two), "", syscall.MS_BIND, "")
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.until("all is well", func() bool {
		a, b := l.status(one), l.status(two)
		return a.ExportStatus == "FinalState" && a.ImportStatus == "NormalState" && b.ExportStatus == "FinalState" && b.ImportStatus == "NormalState"
	})
	l.wantAlike()
	if got := l.content(two); len(got) != 4000 {
		t.Errorf("pool 2 has %d files", len(got))
	}
}

// A sync that was accepted while the loss guard holds runs once it lets go: here the pool's share was away, and
// meanwhile the partner lost everything, which only that sync brings back.
func TestP16_AnOrderAcceptedWhileTheGuardHolds(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), "content")
	}
	disk := l.mounted(one)
	p := l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	l.unmount(one)
	l.until("it stops", func() bool { return strings.Contains(l.status(one).Reason, "the store's marker is gone") })
	l.must("sync", "--pool-fqdn", one)
	l.check(os.Rename(l.tree(two), filepath.Join(l.dir, "lost")))
	l.until("the partner stops, too", func() bool { return l.status(two).ExportStatus == "ErrorState" })
	l.stop(p) // it is remembered
	l.serve(one)
	l.until("it still stops", func() bool { return strings.Contains(l.status(one).Reason, "the store's marker is gone") })
	l.below(one)
	l.mount(disk, l.store(one), "", syscall.MS_BIND, "")
	l.until("the partner has everything again", func() bool {
		return len(l.content(two)) == 20 && l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	l.wantAlike()
}
