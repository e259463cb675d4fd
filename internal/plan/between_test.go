package plan_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"csbackup/internal/index"
	"csbackup/internal/plan"

	"pgregory.net/rapid"
)

// sides are replica 1, whose head is 100, in sessions with replica 2.
var sides = plan.Between{Mine: 1, Theirs: 2, Head: 100}

// A partner that claims changes of this side which this side never made cannot hide the next one.
func TestP28_ClaimsAboutThisSidesCounterEndAtItsHead(t *testing.T) {
	mine := file(1, vector(3, 1))
	d, err := sides.Decide(&mine, file(2, vector(math.MaxUint64, 1)))
	if err != nil || d.Action != plan.Copy {
		t.Fatalf("%v, %v", d.Action, err)
	}
	edited := d.Vector.Bump(1)
	if c := edited.Counter(1); c > 101+1 || edited.Compare(d.Vector) != index.After {
		t.Errorf("after the claim an edit has the counter %d", c)
	}
	partner := plan.Between{Mine: 2, Theirs: 1, Head: 100}
	theirs := file(7, vector(math.MaxInt64, 1)) // what the partner was told in this side's name
	if d, err := partner.Decide(&theirs, file(3, edited)); err != nil || d.Action != plan.Copy {
		t.Errorf("the partner answers this side's edit with %v, %v", d.Action, err)
	}
}

func TestP28_CountersNearTheirEndAreRefused(t *testing.T) {
	mine := file(1, vector(3, 1))
	for _, v := range []index.Vector{vector(1, math.MaxUint64), {{Replica: 9, Counter: 1 << 63}}} {
		if _, err := sides.Decide(&mine, file(2, v)); !errors.Is(err, plan.ErrCounter) {
			t.Errorf("%v is answered with %v", v, err)
		}
	}
}

// Whatever was said in the partner's name, what the partner itself offers later is weighed: it is never older
// than what this side has, unless this side changed it since.
func TestP28_ThePartnerKnowsItsOwnCounter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mine := file(1, vector(0, rapid.Uint64Range(0, 1<<62).Draw(t, "claimed")))
		theirs := file(2, vector(0, rapid.Uint64Range(1, 1000).Draw(t, "true")))
		d, err := sides.Decide(&mine, theirs)
		if err != nil {
			t.Fatal(err)
		}
		if d.Action == plan.Leave && !d.Again {
			t.Fatalf("the partner's version is taken for an older one")
		}
	})
}

func TestVectorsStayShort(t *testing.T) {
	long := index.Vector{{Replica: 1, Counter: 1}, {Replica: 2, Counter: 1}}
	for r := range index.Replica(200) {
		long = append(long, index.Entry{Replica: r + 10, Counter: uint64(r) + 2})
	}
	mine := file(1, vector(1, 0))
	d, err := sides.Decide(&mine, file(2, long))
	if err != nil || d.Action != plan.Copy || len(d.Vector) != plan.MaxEntries || d.Vector.Counter(1) != 1 || d.Vector.Counter(2) != 1 {
		t.Fatalf("%v, %v, %d entries", d.Action, err, len(d.Vector))
	}
	if !slices.IsSortedFunc(d.Vector, func(a, b index.Entry) int { return int(a.Replica) - int(b.Replica) }) {
		t.Error("the entries are not in order")
	}
	mine = file(2, d.Vector)
	if again, err := sides.Decide(&mine, file(2, long)); err != nil || again.Action != plan.Leave {
		t.Errorf("what was pruned is taken again: %v, %v", again.Action, err)
	}
}
