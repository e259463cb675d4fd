package plan_test

import (
	"testing"

	"csbackup/internal/index"
	"csbackup/internal/plan"

	"pgregory.net/rapid"
)

func vector(a, b uint64) index.Vector {
	var v index.Vector
	if a > 0 {
		v = append(v, index.Entry{Replica: 1, Counter: a})
	}
	if b > 0 {
		v = append(v, index.Entry{Replica: 2, Counter: b})
	}
	return v
}

func file(content byte, v index.Vector) index.Item {
	return index.Item{Path: "r/f", Kind: index.File, Size: 1, ModTime: 5, Hash: index.Hash{content}, Vector: v}
}

// touched is a file whose time alone differs from that of another one.
func touched(it index.Item, modTime int64) index.Item { it.ModTime = modTime; return it }

func tombstone(v index.Vector) index.Item {
	return index.Item{Path: "r/f", Kind: index.Tombstone, Vector: v}
}

func folder(v index.Vector) index.Item {
	return index.Item{Path: "r/f", Kind: index.Folder, Vector: v}
}

func state(s index.State, it index.Item) index.Item { it.State = s; return it }

// apply gives what a side has after it weighed what the other has.
func apply(mine *index.Item, theirs index.Item) index.Item {
	d := plan.Decide(mine, theirs)
	switch d.Action {
	case plan.Leave:
		return *mine
	case plan.Adopt, plan.Retime:
		if mine != nil {
			mine.Vector = d.Vector
			if mine.Kind == index.File {
				mine.ModTime = d.ModTime
			}
			return *mine
		}
	}
	theirs.Vector, theirs.State = d.Vector, index.Present
	return theirs
}

// The planner's table: one row a case. Seen from the other side, each row comes to the same end.
func TestP5_ThePlannersTable(t *testing.T) {
	some := func(it index.Item) *index.Item { return &it }
	for _, row := range []struct {
		name     string
		mine     *index.Item
		theirs   index.Item
		action   plan.Action
		conflict bool
	}{
		{"new file", nil, file(1, vector(1, 0)), plan.Copy, false},
		{"new folder", nil, folder(vector(1, 0)), plan.Copy, false},
		{"deletion of what was never here", nil, tombstone(vector(2, 0)), plan.Adopt, false},
		{"nothing changed", some(file(1, vector(1, 0))), file(1, vector(1, 0)), plan.Leave, false},
		{"they changed it", some(file(1, vector(1, 0))), file(2, vector(2, 0)), plan.Copy, false},
		{"I changed it", some(file(2, vector(1, 1))), file(1, vector(1, 0)), plan.Leave, false},
		{"they deleted it", some(file(1, vector(1, 0))), tombstone(vector(2, 0)), plan.Delete, false},
		{"they deleted an older one", some(file(2, vector(1, 1))), tombstone(vector(1, 0)), plan.Leave, false},
		{"I deleted it", some(tombstone(vector(1, 1))), file(1, vector(1, 0)), plan.Leave, false},
		{"they made it anew", some(tombstone(vector(1, 1))), file(2, vector(2, 1)), plan.Copy, false},
		{"both deleted it", some(tombstone(vector(1, 1))), tombstone(vector(2, 0)), plan.Adopt, false},
		{"both made the same", some(file(1, vector(0, 1))), file(1, vector(1, 0)), plan.Adopt, false},
		{"they touched it", some(file(1, vector(1, 0))), touched(file(1, vector(2, 0)), 9), plan.Retime, false},
		{"they set it back in time", some(file(1, vector(1, 0))), touched(file(1, vector(2, 0)), 1), plan.Retime, false},
		{"I touched it", some(touched(file(1, vector(1, 1)), 9)), file(1, vector(1, 0)), plan.Leave, false},
		{"both have it, theirs is earlier", some(touched(file(1, vector(0, 1)), 9)), file(1, vector(1, 0)), plan.Retime, false},
		{"both have it, mine is earlier", some(file(1, vector(0, 1))), touched(file(1, vector(1, 0)), 9), plan.Adopt, false},
		{"both changed, theirs wins", some(file(1, vector(0, 1))), file(2, vector(1, 0)), plan.Copy, true},
		{"both changed, mine wins", some(file(2, vector(0, 1))), file(1, vector(1, 0)), plan.Leave, false},
		{"I deleted, they changed", some(tombstone(vector(1, 1))), file(2, vector(2, 0)), plan.Copy, false},
		{"they deleted, I changed", some(file(2, vector(1, 1))), tombstone(vector(2, 0)), plan.Leave, false},
		{"folder against file", some(file(9, vector(0, 1))), folder(vector(1, 0)), plan.Copy, true},
		{"file against folder", some(folder(vector(0, 1))), file(9, vector(1, 0)), plan.Leave, false},
		{"I lost it, they have it", some(state(index.Missing, file(1, vector(1, 0)))), file(1, vector(1, 0)), plan.Copy, false},
		{"I lost it, they have an older one", some(state(index.Missing, file(2, vector(1, 1)))), file(1, vector(1, 0)), plan.Copy, false},
		{"I lost it, they deleted it", some(state(index.Missing, file(1, vector(1, 0)))), tombstone(vector(2, 0)), plan.Adopt, false},
		{"I lost a newer one than they deleted", some(state(index.Missing, file(2, vector(1, 1)))), tombstone(vector(1, 0)), plan.Leave, false},
		{"mine has rotted", some(state(index.Suspect, file(1, vector(1, 0)))), file(1, vector(1, 0)), plan.Copy, false},
		{"mine has rotted, they deleted it", some(state(index.Suspect, file(1, vector(1, 0)))), tombstone(vector(2, 0)), plan.Delete, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := plan.Decide(row.mine, row.theirs)
			if got.Action != row.action || got.Conflict != row.conflict {
				t.Errorf("got %v (conflict %v), want %v (conflict %v)", got.Action, got.Conflict, row.action, row.conflict)
			}
			stands := row.mine != nil && row.mine.State == index.Present && row.theirs.Vector.Compare(row.mine.Vector) == index.Concurrent &&
				!plan.Same(*row.mine, row.theirs) && row.theirs.Kind != index.Tombstone && got.Action == plan.Leave
			if got.Again != stands {
				t.Errorf("asked for again: %v, want %v", got.Again, stands)
			}
			if row.mine == nil || row.mine.State != index.Present {
				return // what is lost on this side is not offered, so the other side weighs nothing
			}
			a, b := *row.mine, row.theirs
			for range 2 {
				one, two := a, b
				a, b = apply(&one, two), apply(&two, one)
			}
			if !plan.Same(a, b) {
				t.Errorf("the sides end with %+v and %+v", a, b)
			}
		})
	}
}

// Swapping the two sides gives the mirror result: when both have weighed the other's version once,
// they hold the same, and a second round plans nothing.
func TestP5_Symmetric(t *testing.T) {
	item := rapid.Custom(func(t *rapid.T) index.Item {
		v := vector(rapid.Uint64Range(0, 3).Draw(t, "a"), rapid.Uint64Range(0, 3).Draw(t, "b"))
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return tombstone(v)
		case 1:
			return folder(v)
		}
		return touched(file(rapid.ByteRange(1, 3).Draw(t, "content"), v), rapid.Int64Range(1, 3).Draw(t, "time"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := item.Draw(t, "A"), item.Draw(t, "B")
		if a.Vector.Compare(b.Vector) == index.Equal && !plan.Same(a, b) {
			t.Skip("two different versions never share a vector")
		}
		for range 2 {
			one, two := a, b
			b = apply(&two, a)
			a = apply(&one, b)
		}
		if !plan.Same(a, b) || a.Vector.Compare(b.Vector) != index.Equal {
			t.Fatalf("the sides differ: %+v and %+v", a, b)
		}
		if d := plan.Decide(&b, a); d.Action != plan.Leave {
			t.Fatalf("a second round plans %v", d.Action)
		}
	})
}
