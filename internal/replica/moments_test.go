package replica_test

import (
	"fmt"
	"strings"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
)

// What the partner sends after a loss does not make it look smaller: not before the first look of a new
// process, not in several sessions, and not where it sends what was lost anew.
func TestP6_WhatThePartnerSendsHidesNoLoss(t *testing.T) {
	sends := func(t *testing.T, a, b *side, files int, content string) {
		t.Helper()
		for i := range files {
			a.write(t, fmt.Sprintf("%s/s%d", content[:1], i), content, int64(len(content)))
		}
		a.look(t)
		if _, err := a.send(t, b, false); err != nil {
			t.Fatal(err)
		}
	}
	for name, lose := range map[string]func(t *testing.T, a, b *side){
		"while the service was down": func(t *testing.T, a, b *side) {
			sends(t, a, b, 4, "m")
			b.look(t)
			b.store.RemoveAll(b.root + "/CollabContent/m")
			b.reopen(t)
			sends(t, a, b, 20, "n")
		},
		"before anybody looked": func(t *testing.T, a, b *side) {
			sends(t, a, b, 4, "m")
			b.store.RemoveAll(b.root + "/CollabContent/m")
			sends(t, a, b, 20, "n")
			b.reopen(t)
			sends(t, a, b, 20, "o")
		},
		"and half of it is sent anew": func(t *testing.T, a, b *side) {
			sends(t, a, b, 4, "m")
			b.look(t)
			b.store.RemoveAll(b.root + "/CollabContent/m")
			sends(t, a, b, 2, "m changed")
			sends(t, a, b, 20, "n")
		},
		"and all of it was changed there and changed back": func(t *testing.T, a, b *side) {
			sends(t, a, b, 4, "m")
			b.look(t)
			b.store.RemoveAll(b.root + "/CollabContent/m")
			for _, content := range []string{"changed", "m"} {
				for i := range 4 {
					a.write(t, fmt.Sprintf("m/s%d", i), content, 1)
				}
				a.look(t)
			}
			sends(t, a, b, 20, "n")
		},
		"in the middle of a session": func(t *testing.T, a, b *side) {
			for i := range 44 {
				a.write(t, fmt.Sprintf("%c/s%d", "mn"[min(i/4, 1)], i), "content", 1)
			}
			a.look(t)
			b.Store = filestore.NewFaulty(b.Store, func(op, name string) error {
				if op == "publish" && strings.HasSuffix(name, "/n/s4") {
					b.store.RemoveAll(b.root + "/CollabContent/m")
				}
				return nil
			})
			if _, err := a.sendInWindows(t, b, false, exchange.Options{WindowBytes: 20}); err != nil {
				t.Fatal(err)
			}
		},
		"and half of it is deleted at the partner": func(t *testing.T, a, b *side) {
			sends(t, a, b, 4, "m")
			b.look(t)
			b.store.RemoveAll(b.root + "/CollabContent/m")
			a.store.RemoveAll(a.root + "/CollabContent/m/s0")
			a.store.RemoveAll(a.root + "/CollabContent/m/s1")
			sends(t, a, b, 20, "n")
			sends(t, a, b, 20, "o")
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			lose(t, a, b)
			whole := a.tree()
			for range 8 {
				b.look(t)
				if _, err := b.send(t, a, false); err == nil {
					t.Fatal("the side that lost most sent what it has")
				}
			}
			if b.Held() == "" || len(a.tree()) != len(whole) {
				t.Fatalf("held %q; the partner has %d of %d files", b.Held(), len(a.tree()), len(whole))
			}
			if _, err := a.send(t, b, true); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				cycle(t, b, a)
			}
			wantAlike(t, a, b)
			if len(a.tree()) != len(whole) {
				t.Errorf("after the restore %d of %d files are there", len(a.tree()), len(whole))
			}
		})
	}
}

// What comes while another store stands in the place of the known one, as an empty folder does where a
// volume is not mounted, is not taken for what the known one has.
func TestP8_NothingIsPutIntoAStoreThatIsNotTheKnownOne(t *testing.T) {
	a, b := pair(t)
	for i := range 10 {
		a.write(t, fmt.Sprintf("m/s%d", i), "content", 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	known := b.Store
	other := filestore.NewMemory(filestore.MemoryOptions{})
	b.Store = other
	b.reopen(t) // it has not looked yet
	a.write(t, "m/s10", "new", 2000)
	a.look(t)
	if _, err := a.send(t, b, false); !failure.IsID(err, failure.StoreHeld) {
		t.Errorf("a file was sent into an unknown store: %v", err)
	}
	if there, err := other.ReadDir("."); err != nil || len(there) > 0 {
		t.Errorf("the unknown store has %v, %v", there, err)
	}
	b.Store = known
	for range 3 {
		cycle(t, b, a)
	}
	wantAlike(t, a, b)
	if len(b.tree()) != 11 {
		t.Errorf("%d files", len(b.tree()))
	}
}

// A few deletions among what the partner brought since the last look are no loss.
func TestADeletionRightAfterSeedingIsNoLoss(t *testing.T) {
	a, b := pair(t)
	for i := range 20 {
		a.write(t, fmt.Sprintf("m/s%d", i), "content", 1000)
	}
	b.look(t)
	a.look(t)
	if _, err := a.send(t, b, false); err != nil {
		t.Fatal(err)
	}
	b.store.RemoveAll(b.root + "/CollabContent/m/s3")
	b.store.RemoveAll(b.root + "/CollabContent/m/s4")
	for range 3 {
		cycle(t, b, a)
	}
	wantAlike(t, a, b)
	if b.Held() != "" || len(a.tree()) != 18 {
		t.Errorf("held %q, and %d files", b.Held(), len(a.tree()))
	}
}
