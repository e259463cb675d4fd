package replica_test

import (
	"fmt"
	"testing"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
)

// A partner that orders the deletion of everything, with every brake of its own out of the way, does
// not get it until somebody on this side has confirmed that very plan.
func TestP19_APartnerThatDeletesEverythingIsHeldBack(t *testing.T) {
	a, b := seeded(t, 20)
	a.store.RemoveAll(a.root + "/CollabContent/m")
	a.look(t)
	loss, _, err := a.Loss()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.ConfirmLoss(loss.Plan); err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		cycle(t, a, b)
		b.reopen(t)
		if have := len(b.tree()); have != 20*(round+1) || b.HeldBack() == "" {
			t.Fatalf("held back %q; the partner has %d files in round %d", b.HeldBack(), have, round)
		}
		for i := range 20 { // whatever comes meanwhile makes the loss no smaller
			a.write(t, fmt.Sprintf("n/%d-%d", round, i), "new", 1000)
		}
	}
	held, ok, err := b.Loss()
	if err != nil || !ok || held.Files != 20 || len(held.Sample) == 0 {
		t.Fatalf("Loss = %+v, %v, %v", held, ok, err)
	}
	if err := b.ConfirmLoss("0123456789abcdef"); !failure.IsID(err, failure.LossPlanStale) {
		t.Errorf("a wrong plan gives %v", err)
	}
	if err := b.ConfirmLoss(held.Plan); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if len(b.tree()) != 80 || b.HeldBack() != "" {
		t.Errorf("after the confirmation: held back %q, %v", b.HeldBack(), b.tree())
	}
	if kept, err := b.Versions("", "", 1000); err != nil || len(kept) != 20 {
		t.Errorf("%d deleted files are kept (%v)", len(kept), err)
	}
}

func TestP11_AFullVolumeIsACleanStop(t *testing.T) {
	a, _ := pair(t)
	b := newSide(t, "pool2", "pool1", "1-WebServices-2", filestore.MemoryOptions{Capacity: 10_000})
	for i := range 20 {
		a.write(t, fmt.Sprintf("m/s%02d", i), fmt.Sprintf("%01000d", i), 1000)
	}
	a.look(t)
	if _, err := a.send(t, b, false); !failure.IsID(err, failure.DiskFull) {
		t.Fatalf("a full volume gives %v", err)
	}
	for name := range b.store.Files() {
		if name != "own/DataConf/store.json" {
			t.Errorf("%s was left", name)
		}
	}
}
