package replica_test

import (
	"cmp"
	"context"
	"maps"
	"math"
	"net"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// liar offers, in the name of the partner that it embeds, whatever it was given.
type liar struct {
	*replica.Exporter
	items   []index.Item
	through uint64 // as far as the window is said to go; 0 takes what the items say
}

func (l *liar) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	if len(l.items) == 0 {
		return nil, after, nil
	}
	items := l.items
	l.items = nil
	return items, cmp.Or(l.through, after+uint64(len(items))), nil
}

func (l *liar) Welcomed(_ context.Context, w exchange.Welcome) (uint64, error) {
	return w.Acknowledged, nil
}

func (l *liar) Open(context.Context, index.Item) (exchange.Content, error) {
	return nil, exchange.ErrWithdrawn
}

// lie lets somebody with the certificate of from offer items to a side.
func lie(t *testing.T, from, to *side, items ...index.Item) error {
	t.Helper()
	return tell(t, &liar{Exporter: from.Exporter(false), items: items}, to)
}

// tell lets a liar call a side.
func tell(t *testing.T, l *liar, to *side) error {
	t.Helper()
	a, b := net.Pipe()
	taken := make(chan error, 1)
	go func() { taken <- exchange.Import(context.Background(), b, to.Importer(), exchange.Options{}) }()
	_, err := exchange.Export(t.Context(), a, l, exchange.Options{})
	<-taken
	return err
}

// calm runs cycles until both sides have got over what a liar claimed in the name of a.
func calm(t *testing.T, a, b *side, rounds int) {
	t.Helper()
	for range rounds {
		for _, pair := range [][2]*side{{a, b}, {b, a}} {
			pair[0].look(t)
			if _, err := pair[0].send(t, pair[1], false); err != nil && !failure.IsID(err, failure.StateUnusable) {
				t.Fatal(err)
			}
		}
	}
}

// What an honest exporter leaves out is left out by the importer as well, whoever offers it.
func TestP28_TheImporterHoldsTheRulesItself(t *testing.T) {
	for name, p := range map[string]string{
		"never replicated":      "CollabContent/m/Meeting.Active",
		"below such a name":     "CollabContent/meeting.active/f",
		"in the root's place":   "CollabContent",
		"in no folder":          "Elsewhere/f",
		"a name and nothing":    "f",
		"another module's root": "Rgs/f",
	} {
		t.Run(name, func(t *testing.T) {
			a, b := seeded(t, 3)
			b.store.RemoveAll(b.root + "/CollabContent/m/s0")
			before := b.store.Files()
			for _, kind := range []index.Kind{index.File, index.Folder, index.Tombstone} {
				it := index.Item{Path: p, Kind: kind, Vector: index.Vector{{Replica: a.Index.Replica(), Counter: 9}}}
				if err := lie(t, a, b, it); !failure.IsID(err, failure.ProtocolMismatch) {
					t.Errorf("kind %d of %q is answered with %v", kind, p, err)
				}
				if _, known, err := b.Index.Get(p); err != nil || known {
					t.Errorf("%q is in the index: %v, %v", p, known, err)
				}
			}
			if after := b.store.Files(); !maps.Equal(before, after) {
				t.Errorf("the store was\n%v and is\n%v", before, after)
			}
		})
	}
}

func TestP28_APathTwiceInABatchIsRefused(t *testing.T) {
	a, b := seeded(t, 3)
	v := index.Vector{{Replica: a.Index.Replica(), Counter: 9}}
	one := index.Item{Path: "CollabContent/m/x", Kind: index.File, Size: 1, Hash: index.Hash{1}, Vector: v}
	other := one
	other.Hash = index.Hash{2}
	if err := lie(t, a, b, one, other); !failure.IsID(err, failure.ProtocolMismatch) {
		t.Errorf("it is answered with %v", err)
	}
	for name := range b.store.Files() {
		if len(name) > len("own/DataConf/Temp/") && name[:len("own/DataConf/Temp/")] == "own/DataConf/Temp/" {
			t.Errorf("%s is left over", name)
		}
	}
}

// Somebody with the partner's certificate counts this side's changes, and the partner's, up to the end. Later
// edits of both sides travel all the same, with the honest partner.
func TestP28_CountersThatWereLiedAboutHideNoEdit(t *testing.T) {
	for name, counter := range map[string]uint64{"the end": math.MaxUint64, "near it": 1<<62 - 1, "some more": 1000, "one more": 2} {
		t.Run(name, func(t *testing.T) {
			a, b := seeded(t, 5)
			us, them := b.Index.Replica(), a.Index.Replica()
			for i, p := range []string{"CollabContent/m/s1", "CollabContent/m/s2"} {
				it, _, err := b.Index.Get(p)
				if err != nil {
					t.Fatal(err)
				}
				claimed := []index.Replica{us, them}[i]
				it.Vector = it.Vector.Bump(claimed)
				for j := range it.Vector {
					if it.Vector[j].Replica == claimed {
						it.Vector[j].Counter = counter
					}
				}
				it.ModTime = 77
				if err := lie(t, a, b, it); err != nil {
					t.Logf("%s: %v", p, err)
				}
			}
			b.write(t, "m/s1", "edited by b", 9000)
			b.write(t, "m/s2", "edited by b, too", 9000)
			calm(t, a, b, 4)
			if one, two := a.tree()["CollabContent/m/s1"], a.tree()["CollabContent/m/s2"]; one != "edited by b" || two != "edited by b, too" {
				t.Errorf("the edits arrived as %q and %q", one, two)
			}
			a.write(t, "m/s1", "edited by a", 9900)
			a.write(t, "m/s2", "edited by a, too", 9900)
			calm(t, a, b, 4)
			wantAlike(t, a, b)
			if got := b.tree()["CollabContent/m/s2"]; got != "edited by a, too" {
				t.Errorf("the partner's edit arrived as %q", got)
			}
		})
	}
}

// A vector that names more replicas than there ever were stops nothing.
func TestP28_AVectorOfManyReplicasStopsNothing(t *testing.T) {
	a, b := seeded(t, 3)
	it, _, err := b.Index.Get("CollabContent/m/s1")
	if err != nil {
		t.Fatal(err)
	}
	for r := range index.Replica(60) {
		it.Vector = it.Vector.Bump(r + 1)
	}
	it.ModTime = 77
	if err := lie(t, a, b, it); err != nil {
		t.Fatal(err)
	}
	for r := range index.Replica(60) {
		it.Vector = it.Vector.Bump(1<<40 + r)
	}
	if err := lie(t, a, b, it); err != nil {
		t.Logf("the second: %v", err)
	}
	b.write(t, "m/s1", "edited", 9000)
	calm(t, a, b, 5)
	wantAlike(t, a, b)
	a.store.RemoveAll(a.root + "/CollabContent/m/s1")
	calm(t, a, b, 5)
	wantAlike(t, a, b)
	if _, stays := b.tree()["CollabContent/m/s1"]; stays {
		t.Error("a deletion did not arrive")
	}
}

// Somebody with the partner's certificate claims that a side has taken what the partner never sent. What the partner
// changed arrives all the same.
func TestP28_ClaimsOfHowFarASideIsPassNothingOver(t *testing.T) {
	a, b := seeded(t, 3)
	for _, name := range []string{"m/t1", "m/t2", "m/t3", "m/t4"} {
		a.write(t, name, "ten bytes", 2000)
	}
	a.look(t)
	if _, err := a.sendInWindows(t, b, false, exchange.Options{Budget: 1, WindowBytes: 1}); err != nil {
		t.Fatal(err)
	}
	if len(b.tree()) == 7 {
		t.Fatal("all was sent at once")
	}
	nothing := index.Item{Path: "CollabContent/m/never", Kind: index.Tombstone, Vector: index.Vector{{Replica: a.Index.Replica(), Counter: 1}}}
	if err := tell(t, &liar{Exporter: a.Exporter(false), items: []index.Item{nothing}, through: a.Index.Head()}, b); err != nil {
		t.Fatal(err)
	}
	calm(t, a, b, 3)
	wantAlike(t, a, b)
	if got := len(b.tree()); got != 7 {
		t.Errorf("%d of 7 files are there", got)
	}
}

// Two services that work with copies of one state folder count the same changes: that is said, and stopped.
func TestP20_OneReplicaOnBothSidesIsRefused(t *testing.T) {
	a, b := seeded(t, 3)
	_, err := b.Importer().Welcome(t.Context(), exchange.Hello{FromPool: "pool1", ToPool: "pool2", Module: a.Module, Replica: b.Index.Replica()})
	if !failure.IsID(err, failure.StateUnusable) {
		t.Errorf("it is answered with %v", err)
	}
}
