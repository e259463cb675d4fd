package replica_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// later lets time pass on both sides, and a little more in which they go on talking to each other.
func later(t *testing.T, a, b *side, by time.Duration) {
	t.Helper()
	for _, passed := range []time.Duration{by, 2 * time.Hour, 2 * time.Hour} {
		a.elapsed += passed
		b.elapsed += passed
		cycle(t, a, b)
	}
}

// wantRest wants a full comparison in both directions to find nothing to do.
func wantRest(t *testing.T, a, b *side) {
	t.Helper()
	wantAlike(t, a, b)
	for _, pair := range [][2]*side{{a, b}, {b, a}} {
		pair[0].look(t)
		if result, err := pair[0].send(t, pair[1], true); err != nil || result.Files != 0 || result.Applied != 0 {
			t.Errorf("a full comparison sent %d files and applied %d (%v)", result.Files, result.Applied, err)
		}
	}
}

// Tombstones go on both sides once they are older than the grace and both sides agree, and bring nothing back.
func TestOldTombstonesAreForgotten(t *testing.T) {
	a, b := seeded(t, 60)
	for i := range 20 {
		one := []*side{a, b}[i%2]
		one.store.RemoveAll(fmt.Sprintf("%s/CollabContent/m/s%d", one.root, i))
	}
	for range 3 {
		cycle(t, a, b)
	}
	later(t, a, b, replica.DefaultGrace/2)
	if one, two := a.Index.Counts().Tombstones, b.Index.Counts().Tombstones; one != 20 || two != 20 {
		t.Errorf("half of the grace later there are %d and %d tombstones", one, two)
	}
	later(t, a, b, replica.DefaultGrace/2)
	if one, two := a.Index.Counts().Tombstones, b.Index.Counts().Tombstones; one != 0 || two != 0 {
		t.Errorf("after the grace there are %d and %d tombstones", one, two)
	}
	wantRest(t, a, b)
	a.write(t, "m/s3", "made anew", 5000)
	cycle(t, a, b)
	wantRest(t, a, b)
	if len(a.tree()) != 41 {
		t.Errorf("there are %d files", len(a.tree()))
	}
}

// While the partner has not acknowledged a deletion, its tombstone stays, however old: a partner that was away for
// longer than the grace deletes what was deleted, and brings nothing back.
func TestP6_APartnerThatWasAwayForYears(t *testing.T) {
	a, b := seeded(t, 12)
	for i := range 4 {
		a.store.RemoveAll(fmt.Sprintf("%s/CollabContent/m/s%d", a.root, i))
	}
	b.write(t, "m/s9", "changed meanwhile", 3000)
	b.write(t, "m/new", "new meanwhile", 3000)
	for range 3 {
		a.elapsed += replica.DefaultGrace
		a.look(t)
		a.look(t)
	}
	if got := a.Index.Counts().Tombstones; got != 4 {
		t.Fatalf("of 4 tombstones that nobody acknowledged there are %d", got)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if tree := b.tree(); len(tree) != 9 || tree["CollabContent/m/s9"] != "changed meanwhile" || tree["CollabContent/m/new"] != "new meanwhile" {
		t.Errorf("both have %v", tree)
	}
	later(t, a, b, replica.DefaultGrace)
	if one, two := a.Index.Counts().Tombstones, b.Index.Counts().Tombstones; one != 0 || two != 0 {
		t.Errorf("after the grace there are %d and %d tombstones", one, two)
	}
	wantRest(t, a, b)
}

// sendAgain runs a session, in which the side may find out that it was set back.
func (s *side) sendAgain(t *testing.T, to *side) {
	t.Helper()
	if _, err := s.send(t, to, false); err != nil && !failure.IsID(err, failure.StateUnusable) {
		t.Fatal(err)
	}
}

// A machine that is set back to a copy from before the grace has files of which the partner has forgotten that they
// were deleted. They are named, and do not come back by themselves; they stay where they are until somebody says
// what is right. What that machine makes anew travels as ever.
func TestP6_ASideThatIsSetBackFurtherThanTheGrace(t *testing.T) {
	for _, row := range []struct {
		name                    string
		since                   int  // files that the side made after the copy, and that are lost on it with the copy
		first                   bool // it is the first to send
		deletedThere, unsettled bool // the deletions were made on the side that is set back
	}{
		{"it sent nothing since, and sends first", 0, true, false, false},
		{"it sent nothing since, and is sent to first", 0, false, false, false},
		{"it sent something since, and sends first", 5, true, false, false},
		{"it sent something since, and is sent to first", 5, false, false, false},
		{"it deleted itself, and sends first", 5, true, true, false},
		{"it deleted itself, and is sent to first", 5, false, true, false},
		{"it deleted itself, and made nothing else", 0, true, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := seeded(t, 12)
			b.write(t, "m/own", "of the side that is set back", 1000)
			b.write(t, "m/gone", "of the side that is set back", 1000)
			cycle(t, a, b)
			cycle(t, a, b)
			was := b.copy(t)
			by := a
			if row.deletedThere {
				by = b
			}
			for _, name := range []string{"s0", "s1", "s2", "gone"} {
				by.store.RemoveAll(by.root + "/CollabContent/m/" + name)
			}
			for i := range row.since {
				b.write(t, fmt.Sprintf("m/since%d", i), "made since", 2000)
			}
			for range 3 {
				cycle(t, a, b)
			}
			later(t, a, b, replica.DefaultGrace)
			if got := a.Index.Counts().Tombstones; got != 0 {
				t.Fatalf("%d tombstones are left", got)
			}
			b.setBack(t, was)
			b.look(t)
			if row.first {
				b.sendAgain(t, a)
			}
			for round := range 6 {
				a.look(t)
				a.sendAgain(t, b)
				b.look(t)
				b.sendAgain(t, a)
				if round == 1 { // both know by now that it was set back
					b.write(t, "m/after", "made after it was set back", 4000)
				}
			}
			for _, name := range []string{"s0", "s1", "s2", "gone"} {
				p := "CollabContent/m/" + name
				if _, back := a.tree()[p]; back {
					t.Errorf("%s came back by itself", name)
				}
				if _, there := b.tree()[p]; !there {
					t.Errorf("%s was taken from the side that is set back", name)
				}
				if pending, named, err := a.Index.PendingAt(p); err != nil || !named || pending.Code != index.Forgotten || !strings.Contains(pending.Reason, "csbackup sync --pool-fqdn pool2") {
					t.Errorf("%s is not named: %+v, %v", name, pending, err)
				}
			}
			if got := a.tree(); got["CollabContent/m/after"] == "" || got["CollabContent/m/own"] == "" || len(got) != 11+row.since {
				t.Errorf("the other side has %d files: %v", len(got), got)
			}
			b.write(t, "m/s0", "it is wanted", 5000) // somebody changes one, deletes another
			b.store.RemoveAll(b.root + "/CollabContent/m/s1")
			for range 3 {
				cycle(t, a, b)
			}
			if got := a.tree()["CollabContent/m/s0"]; got != "it is wanted" {
				t.Errorf("the changed one arrived as %q", got)
			}
			if pending, err := a.Index.Pending("", 10); err != nil || len(pending) != 2 {
				t.Errorf("%+v wait, %v", pending, err)
			}
			b.look(t)
			if _, err := b.send(t, a, true); err != nil { // an administrator orders the rest
				t.Fatal(err)
			}
			for range 3 {
				cycle(t, a, b)
			}
			wantAlike(t, a, b)
			if got := a.tree()["CollabContent/m/gone"]; got == "" {
				t.Error("what was ordered did not come back")
			}
			a.waits(t, "")
		})
	}
}

// A partner that comes under ever new names leaves a bounded number of positions.
func TestP28_PositionsOfTheLivesOfAPartnerAreBounded(t *testing.T) {
	a, b := seeded(t, 4)
	for i := range 80 {
		a.elapsed += time.Minute
		b.elapsed += time.Minute
		if err := a.Index.Renew(); err != nil {
			t.Fatal(err)
		}
		a.write(t, fmt.Sprintf("m/n%d", i), fmt.Sprint(i), int64(2000+i))
		a.look(t)
		if _, err := a.send(t, b, false); err != nil {
			t.Fatal(err)
		}
	}
	positions, err := b.Index.Metas("from-")
	if err != nil || len(positions) != 64 {
		t.Errorf("%d positions, %v", len(positions), err)
	}
	if _, ok := positions[fmt.Sprintf("from-%x", uint64(a.Index.Replica()))]; !ok {
		t.Error("the position of the present life is gone")
	}
	if b.tree()["CollabContent/m/n79"] != "79" {
		t.Error("the last change did not arrive")
	}
}

// Whatever happens on both sides, with forgetting in between, they end alike, and nothing that was deleted on one
// of them and known to both comes back.
func TestP6_ForgettingBringsNothingBack(t *testing.T) {
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 13))
		a, b := seeded(t, 30)
		sides := []*side{a, b}
		deleted := map[string]bool{}
		for range 12 {
			for _, s := range sides {
				for range random.IntN(3) {
					name := fmt.Sprintf("m/s%d", random.IntN(60))
					if _, there := s.tree()["CollabContent/"+name]; there && random.IntN(2) == 0 {
						s.store.RemoveAll(s.root + "/CollabContent/" + name)
						deleted[name] = true
					} else {
						s.write(t, name, fmt.Sprint("content ", random.IntN(1000)), random.Int64N(1<<40))
						delete(deleted, name)
					}
				}
			}
			switch random.IntN(4) {
			case 0: // one of them is alone for long
				s := sides[random.IntN(2)]
				s.elapsed += replica.DefaultGrace + time.Duration(random.Int64N(int64(replica.DefaultGrace)))
				s.look(t)
				s.look(t)
			case 1:
				later(t, a, b, replica.DefaultGrace)
			default:
				cycle(t, a, b)
			}
			for range 3 {
				cycle(t, a, b)
			}
			for name := range deleted {
				if _, back := a.tree()["CollabContent/"+name]; back && b.tree()["CollabContent/"+name] == a.tree()["CollabContent/"+name] {
					// A change on the other side that did not know of the deletion wins: it is a new file from here on.
					delete(deleted, name)
				}
			}
			later(t, a, b, replica.DefaultGrace)
			wantAlike(t, a, b)
			for name := range deleted {
				if _, back := a.tree()["CollabContent/"+name]; back {
					t.Errorf("seed %d: %s came back", seed, name)
				}
			}
		}
		if one, two := a.Index.Counts().Tombstones, b.Index.Counts().Tombstones; one+two != 0 {
			t.Errorf("seed %d: %d and %d tombstones are left", seed, one, two)
		}
		wantRest(t, a, b)
	}
}
