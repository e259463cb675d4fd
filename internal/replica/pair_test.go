package replica_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/index/indextest"
	"csbackup/internal/replica"
)

// side is one pool of a pair, on a store in memory.
type side struct {
	*replica.Replica
	store   *filestore.Memory
	root    string
	index   string // its file
	partner *side  // where a test needs it
	elapsed time.Duration
}

func newSide(t testing.TB, pool, partner, root string, options ...filestore.MemoryOptions) *side {
	t.Helper()
	s := &side{store: filestore.NewMemory(append(options, filestore.MemoryOptions{})[0])}
	s.open(t, pool, partner, root, s.store)
	return s
}

// open makes the side's replica on a store.
func (s *side) open(t testing.TB, pool, partner, root string, store filestore.Store) {
	t.Helper()
	s.root, s.index = root, filepath.Join(t.TempDir(), "index")
	x, err := index.Open(s.index, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	s.Replica, err = replica.Open(replica.Options{
		Pool: pool, Partner: partner, Module: "ConfServices.DataConf", Version: "test", Store: apartFromIndex(t, store), Index: x,
		Roots: []replica.Root{{Name: "CollabContent", Folder: root + "/CollabContent"}}, Base: "own/DataConf",
		Elapsed: func() time.Duration { return s.elapsed }, Now: time.Now, Settle: func() time.Duration { return 5 * time.Second },
		Settings: func() []byte { return nil }, Offered: func([]byte) {}, Guard: func() error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// apartFromIndex fails the test when the store is asked within an update of the index.
func apartFromIndex(t testing.TB, store filestore.Store) filestore.Store {
	return filestore.NewFaulty(store, func(op, name string) error {
		if indextest.WithinUpdate() {
			t.Errorf("%s of %q within an update of the index", op, name)
		}
		return nil
	})
}

func (s *side) write(t testing.TB, name, content string, modTime int64) {
	t.Helper()
	s.store.WriteFile(s.root+"/CollabContent/"+name, []byte(content), modTime)
}

// tree is what is replicated, without the service's own things.
func (s *side) tree() map[string]string {
	found := map[string]string{}
	for name, content := range s.store.Files() {
		if rest, ok := strings.CutPrefix(name, s.root+"/"); ok {
			found[rest] = content
		}
	}
	return found
}

func (s *side) look(t testing.TB) {
	t.Helper()
	s.elapsed += 10 * time.Second
	if _, err := s.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// send runs one session from s to the partner.
func (s *side) send(t *testing.T, to *side, full bool) (exchange.Result, error) {
	t.Helper()
	return s.sendInWindows(t, to, full, exchange.Options{})
}

func (s *side) sendInWindows(t *testing.T, to *side, full bool, o exchange.Options) (exchange.Result, error) {
	t.Helper()
	a, b := net.Pipe()
	taken := make(chan error, 1)
	go func() {
		importer := to.Importer()
		err := exchange.Import(context.Background(), b, importer, o)
		if err == nil {
			_, err = importer.Ended()
		}
		taken <- err
	}()
	result, err := exchange.Export(t.Context(), a, s.Exporter(full), o)
	if importErr := <-taken; err == nil && importErr != nil {
		t.Fatal(importErr)
	}
	return result, err
}

func cycle(t *testing.T, a, b *side) {
	t.Helper()
	for _, pair := range [][2]*side{{a, b}, {b, a}} {
		pair[0].look(t)
		if _, err := pair[0].send(t, pair[1], false); err != nil {
			t.Fatal(err)
		}
	}
}

func pair(t *testing.T) (a, b *side) {
	return newSide(t, "pool1", "pool2", "1-WebServices-1"), newSide(t, "pool2", "pool1", "1-WebServices-2")
}

// seeded gives a pair that has the same files, m/s0 and so on, whose contents are their numbers.
func seeded(t *testing.T, files int) (a, b *side) {
	t.Helper()
	a, b = pair(t)
	for i := range files {
		a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint(i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	return a, b
}

func wantAlike(t *testing.T, a, b *side) {
	t.Helper()
	if one, two := a.tree(), b.tree(); !maps.Equal(one, two) {
		t.Fatalf("the trees differ:\n%v\n%v", one, two)
	}
}

func TestChangesTravelBothWays(t *testing.T) {
	a, b := pair(t)
	for _, name := range []string{"m1/s1", "m1/s2", "m2/s1", "m3/s1", "m3/\xff"} {
		a.write(t, name, "from a "+name, 1000)
	}
	b.write(t, "m9/s1", "from b", 2000)
	a.write(t, "m1/Meeting.Active", "held open", 1)
	cycle(t, a, b)
	cycle(t, a, b)
	if _, copied := b.tree()["CollabContent/m1/Meeting.Active"]; copied {
		t.Error("Meeting.Active was copied")
	}
	a.store.RemoveAll(a.root + "/CollabContent/m1/Meeting.Active")
	wantAlike(t, a, b)

	b.write(t, "m1/s1", "changed by b", 3000)
	a.store.RemoveAll(a.root + "/CollabContent/m2")
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if got := a.tree()["CollabContent/m1/s1"]; got != "changed by b" {
		t.Errorf("m1/s1 is %q", got)
	}
	if _, there := b.tree()["CollabContent/m2/s1"]; there {
		t.Error("a deletion did not travel")
	}
	kept, err := b.Versions("CollabContent/m2", "", 1000)
	if err != nil || len(kept) != 1 || kept[0].Kind != "deleted" {
		t.Errorf("the deleted file is not kept: %v, %v", kept, err)
	}
	if err := b.RestoreVersion(kept[0].ID); err != nil {
		t.Fatal(err)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	wantAlike(t, a, b)
	if got := a.tree()["CollabContent/m2/s1"]; got != "from a m2/s1" {
		t.Errorf("the kept version came back as %q", got)
	}
}

func TestP3_ASecondCyclePlansNothing(t *testing.T) {
	a, b := pair(t)
	a.write(t, "m/s", "content", 1000)
	cycle(t, a, b)
	cycle(t, a, b)
	for _, s := range [][2]*side{{a, b}, {b, a}} {
		s[0].look(t)
		if result, err := s[0].send(t, s[1], true); err != nil || result.Files != 0 || result.Applied != 0 {
			t.Errorf("a second run sent %d files and applied %d (%v)", result.Files, result.Applied, err)
		}
	}
}

func TestP4_AConflictKeepsBoth(t *testing.T) {
	a, b := pair(t)
	a.write(t, "m/s", "base", 1000)
	cycle(t, a, b)
	a.write(t, "m/s", "changed by a", 2000)
	b.write(t, "m/s", "changed by b, longer", 2000)
	a.look(t)
	b.look(t)
	cycle(t, a, b)
	cycle(t, a, b)
	wantAlike(t, a, b)
	if a.Conflicts()+b.Conflicts() != 1 {
		t.Errorf("%d and %d conflicts were reported", a.Conflicts(), b.Conflicts())
	}
	reachable := map[string]bool{a.tree()["CollabContent/m/s"]: true}
	for _, s := range []*side{a, b} {
		kept, err := s.Versions("", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			content, err := s.store.ReadFile("own/DataConf/Versions/" + k.ID)
			if err != nil {
				t.Fatal(err)
			}
			reachable[string(content)] = true
		}
	}
	for _, content := range []string{"changed by a", "changed by b, longer"} {
		if !reachable[content] {
			t.Errorf("%q is lost", content)
		}
	}
}

// Whatever is lost on one side, nothing is lost on the other, and one full sync brings it back.
func TestP16_ALossIsHeldAndRestored(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, a *side){
		"emptied": func(t *testing.T, a *side) {
			a.store.RemoveAll(a.root + "/CollabContent/m1")
			a.store.RemoveAll(a.root + "/CollabContent/m2")
		},
		"folder removed":          func(t *testing.T, a *side) { a.store.RemoveAll(a.root + "/CollabContent") },
		"service folder removed":  func(t *testing.T, a *side) { a.store.RemoveAll(a.root) },
		"the whole store is gone": func(t *testing.T, a *side) { a.store.RemoveAll(a.root); a.store.RemoveAll("own") },
		"most of it gone": func(t *testing.T, a *side) {
			for _, s := range []string{"s1", "s2", "s3"} {
				a.store.RemoveAll(a.root + "/CollabContent/m1/" + s)
			}
		},
		"an older copy": func(t *testing.T, a *side) {
			for _, s := range []string{"m1/s1", "m1/s2", "m1/s3"} {
				a.store.RemoveAll(a.root + "/CollabContent/" + s)
				a.write(t, s, "an older one", 5)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			for _, s := range []string{"m1/s1", "m1/s2", "m1/s3", "m2/s1"} {
				a.write(t, s, "content of "+s, 1000)
			}
			cycle(t, a, b)
			cycle(t, a, b)
			before := b.tree()
			lose(t, a)
			for range 8 {
				a.look(t)
				if _, err := a.send(t, b, false); !failure.IsID(err, failure.StoreHeld) {
					t.Fatalf("the brake did not hold: %v", err)
				}
			}
			if a.Held() == "" || !maps.Equal(before, b.tree()) {
				t.Fatalf("held %q; the partner has %v", a.Held(), b.tree())
			}
			b.look(t)
			if _, err := b.send(t, a, true); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(before, b.tree()) {
				t.Fatal("the restore changed the side that was whole")
			}
			for p, content := range before {
				if a.tree()["CollabContent/"+strings.TrimPrefix(p, "CollabContent/")] != content {
					t.Errorf("%s was not restored", p)
				}
			}
			a.look(t)
			if a.Held() != "" {
				t.Errorf("the brake still holds: %s", a.Held())
			}
			cycle(t, a, b)
			wantAlike(t, a, b)
		})
	}
}

func TestP7_AConfirmationNamesItsPlan(t *testing.T) {
	a, b := pair(t)
	for _, s := range []string{"m1/s1", "m1/s2", "m1/s3"} {
		a.write(t, s, s, 1000)
	}
	cycle(t, a, b)
	a.store.RemoveAll(a.root + "/CollabContent/m1/s1")
	a.store.RemoveAll(a.root + "/CollabContent/m1/s2")
	a.look(t)
	loss, held, err := a.Loss()
	if err != nil || !held || loss.Files != 2 {
		t.Fatalf("Loss = %+v, %v, %v", loss, held, err)
	}
	if err := a.ConfirmLoss("0123456789abcdef"); !failure.IsID(err, failure.LossPlanStale) {
		t.Errorf("a wrong plan gives %v", err)
	}
	if err := a.ConfirmLoss(loss.Plan); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if len(b.tree()) != 1 {
		t.Errorf("the confirmed deletion did not travel: %v", b.tree())
	}
}

// Each operation of the store fails once: no deletion is planned from an incomplete listing, and the
// next cycle goes on.
func TestP6_NoDeletionFromAnIncompleteListing(t *testing.T) {
	a, b := pair(t)
	for _, s := range []string{"m1/s1", "m2/s1", "m3/s1"} {
		a.write(t, s, s, 1000)
	}
	cycle(t, a, b)
	before := b.tree()
	whole := a.Store
	for _, failing := range []string{"readdir", "lstat", "open", "read"} {
		a.Store = filestore.NewFaulty(whole, func(op, name string) error {
			if op == failing && strings.Contains(name, "CollabContent") {
				return filestore.ErrLocked
			}
			return nil
		})
		for range 3 {
			a.elapsed += 10 * time.Second
			if _, err := a.Look(t.Context()); err == nil && a.Held() == "" {
				if _, err := a.send(t, b, true); err != nil {
					t.Logf("%s: %v", failing, err)
				}
			}
		}
		if !maps.Equal(before, b.tree()) {
			t.Fatalf("%s failing changed the partner: %v", failing, b.tree())
		}
	}
	a.Store = whole
	cycle(t, a, b)
	wantAlike(t, a, b)
}
