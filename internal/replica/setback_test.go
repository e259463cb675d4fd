package replica_test

import (
	"fmt"
	"maps"
	"os"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/index"
)

// copied is a side as it was: its store and its index.
type copied struct {
	files map[string]string
	index []byte
}

func (s *side) copy(t *testing.T) copied {
	t.Helper()
	s.Index.Close()
	raw, err := os.ReadFile(s.index)
	if err != nil {
		t.Fatal(err)
	}
	s.reopenIndex(t)
	return copied{s.store.Files(), raw}
}

// setBack puts the side in the place of which the copy was made, as a reverted machine.
func (s *side) setBack(t *testing.T, to copied) {
	t.Helper()
	for name := range s.store.Files() {
		if _, was := to.files[name]; !was {
			s.store.RemoveAll(name)
		}
	}
	for name, content := range to.files {
		if now, err := s.store.ReadFile(name); err != nil || string(now) != content {
			s.store.WriteFile(name, []byte(content), 1000)
		}
	}
	s.Index.Close()
	if err := os.WriteFile(s.index, to.index, 0o600); err != nil {
		t.Fatal(err)
	}
	s.reopenIndex(t)
}

func (s *side) reopenIndex(t *testing.T) {
	t.Helper()
	x, err := index.Open(s.index, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	s.Options.Index = x
	s.reopen(t)
}

// A machine that was set back as a whole, store and index together, gives sequence numbers a second time,
// and the partner has acknowledged some of these. What it has under them must arrive all the same, and what
// only the partner still has must come back.
func TestP3_P6_AMachineThatWasSetBackLosesNothing(t *testing.T) {
	for later := range 5 {
		a, b := seeded(t, 3)
		was := a.copy(t)
		for i := range 3 {
			a.write(t, fmt.Sprintf("n/s%d", i), fmt.Sprint("before ", i), 1000)
		}
		cycle(t, a, b)
		a.setBack(t, was)
		for i := range later {
			a.write(t, fmt.Sprintf("o/s%d", i), fmt.Sprint("after ", i), 1000)
		}
		a.look(t)
		if _, err := a.send(t, b, false); err != nil && !failure.IsID(err, failure.StateUnusable) {
			t.Fatal(err)
		}
		for range 3 {
			cycle(t, a, b)
		}
		wantAlike(t, a, b)
		if got := len(b.tree()); got != 6+later {
			t.Errorf("with %d later files there are %d: %v", later, got, b.tree())
		}
	}
}

// Where most is lost, content that somebody brings back under another name is no rename.
func TestP6_WhatIsBroughtBackOfALossIsNoRename(t *testing.T) {
	a, b := seeded(t, 6)
	whole := b.tree()
	a.store.RemoveAll(a.root + "/CollabContent/m")
	a.write(t, "rescued/s0", "0", 1000)
	a.look(t)
	if a.Held() == "" {
		t.Fatal("the loss is not held")
	}
	if _, err := b.send(t, a, true); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	for name, content := range whole {
		if got := b.tree()[name]; got != content {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// A foreign store in the place of the known one is taken over when a restore begins. What a look finds in it
// before the partner's content has arrived is still no change that somebody made.
func TestP6_P16_ALookAmidARestoreTakesNothingOfAForeignStore(t *testing.T) {
	a, b := seeded(t, 6)
	whole := b.tree()
	for name := range a.store.Files() {
		a.store.RemoveAll(name)
	}
	a.write(t, "m/s4", "of somebody else, and newer", 9000)
	a.look(t)
	restore := a.Importer()
	restore.Opened(func(error) {})
	if _, err := restore.Welcome(t.Context(), exchange.Hello{ToPool: "pool1", FromPool: "pool2", Module: "ConfServices.DataConf", Replica: b.Index.Replica(), Full: true}); err != nil {
		t.Fatal(err)
	}
	restore.Closed()
	a.look(t)
	if _, err := b.send(t, a, true); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if got := a.tree(); !maps.Equal(got, whole) {
		t.Errorf("it was %v and is %v", whole, got)
	}
}
