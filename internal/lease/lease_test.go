package lease_test

import (
	"context"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/lease"
)

// host is one process's view: its own clock, which nobody else's is compared with.
type host struct {
	*lease.Lease
	elapsed time.Duration
	store   filestore.Store
}

func newHost(store filestore.Store, name, state string) *host {
	h := &host{}
	h.Lease = lease.New(lease.Options{Store: store, Folder: "own/Lease", Pool: "pool1", Self: lease.Holder{Host: name, Process: 7, State: state},
		Elapsed: func() time.Duration { return h.elapsed }, Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
		Sleep: func(d time.Duration) { h.elapsed += d }})
	h.store = filestore.Guarded(store, h.Check)
	return h
}

func (h *host) write(name string) error {
	w, err := h.store.Create(name)
	if err != nil {
		return err
	}
	return w.Close()
}

func wantHeld(t *testing.T, err error, by string) {
	t.Helper()
	if !failure.IsID(err, failure.InstanceRunning) || !strings.Contains(err.Error(), by) || !strings.Contains(err.Error(), "since 2023-11-14T22:13:20Z") {
		t.Fatalf("got %v, want that %s holds it", err, by)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestP23_APausedOwnerIsRefusedByTheNumber(t *testing.T) {
	store := filestore.NewMemory(filestore.MemoryOptions{})
	a, b := newHost(store, "fe1", "a"), newHost(store, "fe2", "b")
	must(t, a.write("1"))
	wantHeld(t, b.write("2"), "process 7 on fe1")
	b.elapsed += lease.Term - time.Second
	wantHeld(t, b.write("2"), "process 7 on fe1")
	b.elapsed += 2 * time.Second
	must(t, b.write("2"))
	a.elapsed += time.Hour // it stood still
	wantHeld(t, a.write("3"), "process 7 on fe2")
	wantHeld(t, a.Standing(), "process 7 on fe2")
	must(t, b.write("4"))
	must(t, b.Release())
	must(t, a.write("5"))
	wantHeld(t, b.write("6"), "process 7 on fe1")
}

func TestAHolderThatRenewsIsNotReplaced(t *testing.T) {
	store := filestore.NewMemory(filestore.MemoryOptions{})
	a, b := newHost(store, "fe1", "a"), newHost(store, "fe2", "b")
	must(t, a.write("first"))
	for range 10 {
		a.elapsed += lease.Term + time.Second // late, but before anybody else
		must(t, a.Check())
		b.elapsed += lease.Term - time.Second
		wantHeld(t, b.Check(), "fe1")
	}
}

func TestTheNextRunOnTheSameStateNeedNotWait(t *testing.T) {
	store := filestore.NewMemory(filestore.MemoryOptions{})
	must(t, newHost(store, "fe1", "a").write("1"))
	again := newHost(store, "fe1", "a")
	must(t, again.write("2"))
	wantHeld(t, newHost(store, "fe1", "copied").write("3"), "fe1")
}

func TestAStoreThatIsExchangedIsTakenAnew(t *testing.T) {
	store := filestore.NewMemory(filestore.MemoryOptions{})
	a := newHost(store, "fe1", "a")
	must(t, a.write("1"))
	must(t, store.RemoveAll("own"))
	a.elapsed += 2 * time.Second
	must(t, a.Standing())
	if _, err := store.Lstat("own"); err == nil {
		t.Error("asking how it stands wrote into the store")
	}
	must(t, a.write("2"))
	wantHeld(t, newHost(store, "fe2", "b").write("3"), "fe1")
}

func TestADamagedLeaseRunsOut(t *testing.T) {
	store := filestore.NewMemory(filestore.MemoryOptions{})
	must(t, store.WriteFile("own/Lease/00000000000000000009", []byte("\x00{"), 1))
	a := newHost(store, "fe1", "a")
	if err := a.Check(); !failure.IsID(err, failure.InstanceRunning) {
		t.Fatal(err)
	}
	a.elapsed += lease.Term
	must(t, a.Check())
	if _, err := store.Lstat("own/Lease/00000000000000000010"); err != nil {
		t.Error(err)
	}
}

// A store that is away for a moment is no reason to give its lease up: nobody else had it meanwhile.
func TestP23_AStoreThatComesBackIsStillHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		store := filestore.NewFaulty(filestore.NewMemory(filestore.MemoryOptions{}), func(string, string) error {
			if away.Load() {
				return fs.ErrNotExist
			}
			return nil
		})
		begun := time.Now()
		holder := func(name string) *lease.Lease {
			return lease.New(lease.Options{Store: store, Folder: "own/Lease", Pool: "pool1", Self: lease.Holder{Host: name, Process: 7, State: name},
				Elapsed: func() time.Duration { return time.Since(begun) }, Now: time.Now})
		}
		a, b := holder("fe1"), holder("fe2")
		must(t, a.Check())
		ctx, stop := context.WithCancel(t.Context())
		go a.Keep(ctx)
		away.Store(true)
		time.Sleep(5 * time.Second)
		away.Store(false)
		if err := b.Acquire(t.Context()); !failure.IsID(err, failure.InstanceRunning) || !strings.Contains(err.Error(), "process 7 on fe1") {
			t.Errorf("another process gets %v", err)
		}
		must(t, a.Check())
		stop()
	})
}
