package replica_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// counted counts what is asked of the side's store.
func (s *side) counted() (listings, reads, lookups *atomic.Int64) {
	listings, reads, lookups = new(atomic.Int64), new(atomic.Int64), new(atomic.Int64)
	s.Store = filestore.NewFaulty(s.Store, func(op, _ string) error {
		switch op {
		case "readdir":
			listings.Add(1)
		case "open":
			reads.Add(1)
		case "lstat":
			lookups.Add(1)
		}
		return nil
	})
	return listings, reads, lookups
}

func (s *side) catchUp(t *testing.T) replica.Look {
	t.Helper()
	s.elapsed += 10 * time.Second
	found, err := s.CatchUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnIdleCycleLooksAtNothing(t *testing.T) {
	a, b := pair(t)
	for i := range 300 {
		a.write(t, fmt.Sprintf("m%d/s%d", i/10, i), "content", 1000)
	}
	cycle(t, a, b)
	if a.catchUp(t); a.Blind() != nil {
		t.Fatal(a.Blind())
	}
	listings, reads, lookups := a.counted()
	found := a.catchUp(t)
	if found.Full || listings.Load() != 0 || reads.Load() > 1 || lookups.Load() > 2 {
		t.Errorf("an idle look (%+v) listed %d folders, opened %d files, looked at %d names", found, listings.Load(), reads.Load(), lookups.Load())
	}
	a.write(t, "m3/s31", "changed", 2000)
	a.store.RemoveAll(a.root + "/CollabContent/m4/s40")
	before := reads.Load()
	if found = a.catchUp(t); found.Full || found.Changed != 1 || found.Missing != 1 || listings.Load() != 0 || reads.Load() > before+2 {
		t.Errorf("two changes: %+v, %d folders listed, %d files opened", found, listings.Load(), reads.Load()-before)
	}
}

// Whatever happens to a tree, following what the store tells finds what a full look finds.
func TestFollowingFindsWhatAFullLookFinds(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 7))
		a, _ := pair(t)
		for i := range 30 {
			a.write(t, fmt.Sprintf("keep/%d", i), "kept", 1)
		}
		a.look(t)
		name := func() string {
			parts := make([]string, 1+random.IntN(3))
			for i := range parts {
				parts[i] = string(rune('a' + random.IntN(3)))
			}
			return a.root + "/CollabContent/" + strings.Join(parts, "/")
		}
		for range 60 {
			removed := false
			for range 1 + random.IntN(4) {
				// Most of these fail on a tree like this, which is part of the test.
				switch random.IntN(5) {
				case 0, 1:
					_ = a.store.WriteFile(name(), []byte(fmt.Sprint(random.IntN(100))), random.Int64N(100))
				case 2:
					_ = a.store.RemoveAll(name())
					removed = true
				case 3:
					_ = a.store.Publish(name(), name())
					removed = true
				case 4: // an empty folder in the place of one with files is a loss, which is another test's matter
					if !removed {
						_, _ = a.store.MakeFolder(name())
					}
				}
			}
			if found := a.catchUp(t); found.Full {
				t.Fatalf("seed %d: a full look was taken", seed)
			}
			missing := a.Index.Counts().Missing
			found, err := a.Look(t.Context())
			if err != nil || found.Changed != 0 || a.Index.Counts().Missing != missing || a.Held() != "" {
				t.Fatalf("seed %d: a full look found %+v more (%v), %d missing before, held %q", seed, found, err, missing, a.Held())
			}
		}
	}
}

func TestWhereNothingIsToldEveryLookIsFull(t *testing.T) {
	a, _ := pair(t)
	a.write(t, "m/s", "content", 1000)
	a.store = filestore.NewMemory(filestore.MemoryOptions{NoWatch: true})
	a.Store = a.store
	a.write(t, "m/s", "content", 1000)
	for range 2 {
		if found := a.catchUp(t); !found.Full || a.Blind() == nil {
			t.Errorf("found %+v, blind: %v", found, a.Blind())
		}
	}
}

// The brake judges what is told as it judges what is found.
func TestP7_WhatIsToldIsWeighed(t *testing.T) {
	a, b := seeded(t, 10)
	before := len(b.tree())
	for i := range 6 {
		a.store.RemoveAll(fmt.Sprintf("%s/CollabContent/m/s%d", a.root, i))
		a.catchUp(t)
	}
	for range 8 {
		a.catchUp(t)
	}
	if a.Held() == "" || len(b.tree()) != before {
		t.Errorf("most files went one by one; held %q, and the partner has %d of %d", a.Held(), len(b.tree()), before)
	}
}

// A folder that holds nearly everything may be renamed: that is no loss, and it travels.
func TestP7_ARenamedTopFolderIsNoLoss(t *testing.T) {
	for _, how := range []string{"told", "looked for"} {
		t.Run(how, func(t *testing.T) {
			a, b := pair(t)
			for i := range 20 {
				a.write(t, fmt.Sprintf("before/s%d", i), fmt.Sprint(i), 1000)
			}
			cycle(t, a, b)
			cycle(t, a, b)
			if err := a.store.Publish(a.root+"/CollabContent/before", a.root+"/CollabContent/after"); err != nil {
				t.Fatal(err)
			}
			if how == "told" {
				if found := a.catchUp(t); found.Full {
					t.Error("a full look was taken")
				}
			} else {
				a.look(t)
			}
			if a.Held() != "" {
				t.Fatalf("held: %s", a.Held())
			}
			for range 3 {
				cycle(t, a, b)
			}
			wantAlike(t, a, b)
			if len(b.tree()) != 20 || b.tree()["CollabContent/after/s7"] != "7" {
				t.Errorf("the partner has %v", b.tree())
			}
		})
	}
}

// reopen is the side's service after a restart.
func (s *side) reopen(t *testing.T) {
	t.Helper()
	opened, err := replica.Open(s.Options)
	if err != nil {
		t.Fatal(err)
	}
	s.Replica = opened
}

// A restore that was cut half-way, and a restart, make no deletion out of what is still missing.
func TestP16_AHalfRestoredLossStaysHeld(t *testing.T) {
	a, b := seeded(t, 10)
	whole := b.tree()
	a.store.RemoveAll(a.root + "/CollabContent/m")
	a.look(t)
	for i := range 8 {
		a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint(i), 1000)
	}
	a.reopen(t)
	for range 8 {
		a.look(t)
		if _, err := a.send(t, b, false); err == nil {
			t.Fatal("the half-restored side sent what it has")
		}
	}
	if len(b.tree()) != len(whole) || a.Held() == "" {
		t.Fatalf("held %q; the partner has %d of %d files", a.Held(), len(b.tree()), len(whole))
	}
	if _, err := b.send(t, a, true); err != nil {
		t.Fatal(err)
	}
	a.look(t)
	if a.Held() != "" {
		t.Errorf("still held: %s", a.Held())
	}
	wantAlike(t, a, b)
}

// A folder that was put in the place of another one and lacks a file is a loss, however small.
func TestP8_AReplacedFolderThatLacksSomethingIsHeld(t *testing.T) {
	a, b := pair(t)
	for i := range 10 {
		a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint(i), 1000)
	}
	cycle(t, a, b)
	a.store.RemoveAll(a.root + "/CollabContent")
	for i := range 9 {
		a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint(i), 1000)
	}
	for range 8 {
		a.catchUp(t)
	}
	if !strings.Contains(a.Held(), "replaced") {
		t.Errorf("held: %q", a.Held())
	}
	a.write(t, "m/s9", "9", 1000)
	if a.catchUp(t); a.Held() != "" {
		t.Errorf("it is whole and still held: %s", a.Held())
	}
}

// A pair on real folders: the system tells what changes, also after the store was exchanged.
func TestFollowingARealStore(t *testing.T) {
	began := time.Now() // real time: a clock that each look sets forward would make a full look due
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	root := filepath.Join(path, "1-WebServices-1", "CollabContent")
	if err := os.MkdirAll(filepath.Join(root, "m"), 0o755); err != nil {
		t.Fatal(err)
	}
	store, err := filestore.OpenFollowing(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	x, err := index.Open(filepath.Join(dir, "index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	a := &side{root: root}
	a.Replica, err = replica.Open(replica.Options{
		Pool: "pool1", Partner: "pool2", Module: "ConfServices.DataConf", Store: store, Index: x,
		Roots: []replica.Root{{Name: "CollabContent", Folder: "1-WebServices-1/CollabContent"}}, Base: "own/DataConf",
		Elapsed: func() time.Duration { return time.Since(began) }, Now: time.Now, Settle: func() time.Duration { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	a.catchUp(t)
	if a.Blind() != nil {
		t.Skipf("the file system of %s cannot tell about changes: %v", dir, a.Blind())
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// finds waits until looks that follow what is told have seen so many files, and a full look sees no more.
	finds := func(files int64) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); a.Index.Counts().Files-a.Index.Counts().MissingFiles != files; {
			if time.Now().After(deadline) {
				t.Fatalf("the index has %+v, not %d files", a.Index.Counts(), files)
			}
			if found := a.catchUp(t); found.Full {
				t.Fatal("a full look was taken")
			}
		}
		if found, err := a.Look(t.Context()); err != nil || found.Changed != 0 {
			t.Fatalf("a full look found more: %+v, %v", found, err)
		}
	}
	// A rename is told in two halves: with no other file there, the first one would be a loss of all, which
	// a full look has to judge.
	const quiet = 3
	for _, name := range []string{"still", "here", "all along"} {
		write(name, name)
	}
	write("m/one", "1")
	finds(quiet + 1)
	if err := os.Rename(filepath.Join(root, "m"), filepath.Join(root, "n")); err != nil {
		t.Fatal(err)
	}
	write("n/two", "2")
	write("n/three", "3")
	finds(quiet + 3)
	write("n/two", "another")
	if err := os.Remove(filepath.Join(root, "n", "one")); err != nil {
		t.Fatal(err)
	}
	finds(quiet + 2)
	if err := os.Rename(path, path+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); a.Held() == ""; {
		if time.Now().After(deadline) {
			t.Fatal("an empty folder in the store's place is not noticed")
		}
		a.catchUp(t)
	}
	if err := errorsOf(os.RemoveAll(path), os.Rename(path+"-away", path)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); a.Held() != ""; {
		if time.Now().After(deadline) {
			t.Fatalf("the store is back and still held: %s", a.Held())
		}
		a.catchUp(t)
	}
	write("n/four", "4")
	finds(quiet + 3)
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
