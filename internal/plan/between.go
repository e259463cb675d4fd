package plan

import (
	"errors"
	"slices"

	"csbackup/internal/index"
)

const (
	// maxCounter is the highest counter that is taken from a partner. No side comes near it by counting.
	maxCounter = 1 << 62
	// MaxEntries is how many entries a version vector is cut down to that has more than entriesAtMost. Between the two
	// there is room for what each side adds: where both cut what they exchange, neither knows all that the other does.
	MaxEntries    = 32
	entriesAtMost = 48
)

// ErrCounter: a version vector counts more changes than any side can have made.
var ErrCounter = errors.New("its version vector counts more changes than can have been made")

// Between names the two replicas of one session. A replica alone knows how often it changed a path, and this
// holds against what else is said or was once taken: a partner that lied cannot make later changes look old.
type Between struct {
	Mine, Theirs index.Replica
	Head         uint64 // this side's newest sequence number: no counter of its own is higher
}

// Decide weighs as the function of that name does, after it corrected both vectors: of this side's own changes
// the offer includes at most as many as were made, and of the partner's own changes what this side has
// includes no more than the offer says. ErrCounter for an offer that no side can have made.
func (b Between) Decide(mine *index.Item, theirs index.Item) (Decision, error) {
	theirs.Vector = theirs.Vector.Limited(b.Mine, b.Head)
	for _, e := range theirs.Vector {
		if e.Counter > maxCounter {
			return Decision{}, ErrCounter
		}
	}
	if said := theirs.Vector.Counter(b.Theirs); mine != nil && mine.Vector.Counter(b.Theirs) > said {
		corrected := *mine
		corrected.Vector = mine.Vector.Limited(b.Theirs, max(said, 1)-1) // the offer is the partner's newest
		mine = &corrected
	}
	d := Decide(mine, theirs)
	if len(d.Vector) > entriesAtMost {
		d.Vector = d.Vector.Pruned(MaxEntries, b.Mine, b.Theirs)
	}
	if mine != nil && d.Action == Adopt && d.ModTime == mine.ModTime && slices.Equal(d.Vector, mine.Vector) &&
		mine.State == index.Present {
		d.Action = Leave // all that the offer has more was pruned here before
	}
	return d, nil
}
