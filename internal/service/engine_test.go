package service

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/module"
	"csbackup/internal/replica"
	"csbackup/internal/settings"
)

// side is one pool's replica on a store in memory, of which decide may hear each operation.
func side(t *testing.T, pool, partner string, decide ...func(op, name string) error) (*replica.Replica, *filestore.Memory) {
	t.Helper()
	x, err := index.Open(filepath.Join(t.TempDir(), "index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	store, started := filestore.NewMemory(filestore.MemoryOptions{}), time.Now()
	var used filestore.Store = store
	if len(decide) > 0 {
		used = filestore.NewFaulty(store, decide[0])
	}
	r, err := replica.Open(replica.Options{Pool: pool, Partner: partner, Module: module.DataConf.Identity, Version: "test", Store: used, Index: x,
		Roots: []replica.Root{{Name: "CollabContent", Folder: "web/CollabContent"}}, Base: "own/DataConf", Now: time.Now,
		Elapsed: func() time.Duration { return time.Since(started) }, Settle: func() time.Duration { return time.Second },
		Settings: func() []byte { return nil }, Offered: func([]byte) {}, Guard: func() error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return r, store
}

// slowTaker takes hours over a batch of which it wants something, and counts the sessions that compare in full.
type slowTaker struct {
	*replica.Importer
	hours       time.Duration
	comparisons *int
}

func (s slowTaker) Welcome(ctx context.Context, h exchange.Hello) (exchange.Welcome, error) {
	if h.Full {
		*s.comparisons++
	}
	return s.Importer.Welcome(ctx, h)
}

func (s slowTaker) Plan(ctx context.Context, b exchange.Batch, items []index.Item) ([]exchange.Want, error) {
	wants, err := s.Importer.Plan(ctx, b, items)
	if len(wants) > 0 {
		time.Sleep(s.hours * time.Hour)
	}
	return wants, err
}

// A restore that takes longer than a session may last goes on in another full comparison at once: the partner
// has acknowledged long ago what it lost since, and nothing else would send it again.
func TestP16_ARestoreGoesOnWhereALongSessionWasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, err := settings.Open(filepath.Join(t.TempDir(), "settings.json"))
		if err != nil {
			t.Fatal(err)
		}
		from, store := side(t, "pool1", "pool2")
		to, lost := side(t, "pool2", "pool1")
		for i := range 10 {
			content := strings.Repeat(fmt.Sprint(i), 3<<20) // a few in a batch, fewer where that takes long
			store.WriteFile(fmt.Sprintf("web/CollabContent/m/slide %d", i), []byte(content), int64(i))
		}
		hours, comparisons := time.Duration(0), 0
		e := engineOf(t, from, kept, func() exchange.Target { return slowTaker{to.Importer(), hours, &comparisons} })
		e.sync()
		<-e.wake
		if e.cycle(t.Context()); e.progress.exportError != nil || !maps.Equal(filesOf(store), filesOf(lost)) {
			t.Fatalf("the first comparison ended with %v and %d files", e.progress.exportError, len(filesOf(lost)))
		}
		for name := range filesOf(lost) {
			if err := lost.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		hours, comparisons = 9, 0
		if err := replica.AcceptOrder(from.Index); err != nil {
			t.Fatal(err)
		}
		e.sync()
		<-e.wake
		waits := e.cycle(t.Context())
		if back := len(filesOf(lost)); e.progress.exportError != nil || back == 0 || back == 10 || waits > 0 {
			t.Errorf("after a day: %v, %d files are back, the next cycle is due in %s", e.progress.exportError, back, waits)
		}
		if _, wanted, err := from.Order(); !wanted || err != nil {
			t.Errorf("a restart would have forgotten the comparison: %v", err)
		}
		e.cycle(t.Context())
		if e.progress.exportError != nil || comparisons != 2 || !maps.Equal(filesOf(store), filesOf(lost)) {
			t.Errorf("in the end: %v, %d comparisons, %d files are back", e.progress.exportError, comparisons, len(filesOf(lost)))
		}
		if _, wanted, err := from.Order(); wanted || err != nil || e.progress.syncWanted {
			t.Errorf("the comparison is still wanted: %v", err)
		}
	})
}

// engineOf is the engine of a replica whose partner takes each session with a target of its own.
func engineOf(t *testing.T, from *replica.Replica, kept *settings.Keeper, target func() exchange.Target) *engine {
	return &engine{module: module.DataConf, replica: from, settings: kept, standing: func() error { return nil }, explain: func(err error) error { return err },
		log: slog.New(slog.DiscardHandler), now: time.Now, wake: make(chan struct{}, 1),
		dial: func(context.Context) (io.ReadWriteCloser, error) {
			a, b := net.Pipe()
			go func() {
				if err := exchange.Import(context.Background(), b, target(), exchange.Options{}); err != nil {
					t.Error(err)
				}
			}()
			return a, nil
		}}
}

// What changes after a scan has passed it is not among what is claimed: the time of the acknowledgement is that of the
// scan's begin.
func TestP27_TheAcknowledgementIsAsOfTheScansBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, err := settings.Open(filepath.Join(t.TempDir(), "settings.json"))
		if err != nil {
			t.Fatal(err)
		}
		var store *filestore.Memory
		var changed time.Time
		from, memory := side(t, "pool1", "pool2", func(op, name string) error {
			if op == "readdir" && name == "web/CollabContent/z" && changed.IsZero() {
				time.Sleep(4 * time.Second)
				changed = time.Now()
				store.WriteFile("web/CollabContent/a/s", []byte("changed behind the scan"), 2)
				time.Sleep(4 * time.Second)
			}
			return nil
		})
		store = memory
		to, taken := side(t, "pool2", "pool1")
		store.WriteFile("web/CollabContent/a/s", []byte("content"), 1)
		store.WriteFile("web/CollabContent/z/s", []byte("content"), 1)
		e := engineOf(t, from, kept, func() exchange.Target { return to.Importer() })
		e.cycle(t.Context())
		if e.progress.exportError != nil || changed.IsZero() || e.progress.lastAcknowledged == nil || !e.progress.lastAcknowledged.Before(changed) {
			t.Errorf("%v; changed at %v, acknowledged as of %v", e.progress.exportError, changed, e.progress.lastAcknowledged)
		}
		time.Sleep(time.Second)
		e.cycle(t.Context())
		if e.progress.lastAcknowledged.Before(changed) || !maps.Equal(filesOf(store), filesOf(taken)) {
			t.Errorf("after the next scan: acknowledged as of %v, the partner has %v", e.progress.lastAcknowledged, filesOf(taken))
		}
	})
}

// filesOf is what is replicated of a store.
func filesOf(store *filestore.Memory) map[string]string {
	files := store.Files()
	maps.DeleteFunc(files, func(name, _ string) bool { return !strings.HasPrefix(name, "web/") })
	return files
}
