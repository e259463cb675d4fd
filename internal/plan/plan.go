package plan

import (
	"bytes"

	"csbackup/internal/index"
)

// Action is what to do with one offered item.
type Action uint8

const (
	// Leave: what this side has is as good or better; the partner hears of it by this side's own offers.
	Leave Action = iota
	// Adopt: both sides hold the same; only the vectors are joined, and the time is the agreed one.
	Adopt
	// Retime: both sides hold the same content; the file here gets the agreed time.
	Retime
	// Copy: take the partner's version; what stands there is kept aside.
	Copy
	// Delete: remove what stands there; it is kept aside.
	Delete
)

// String names the action for tables and tests.
func (a Action) String() string {
	return [...]string{"leave", "adopt", "retime", "copy", "delete"}[a]
}

// Decision is the answer for one item.
type Decision struct {
	Action   Action
	Vector   index.Vector // what the path's vector becomes, unless the action is Leave
	ModTime  int64        // of a file, with Adopt and Retime: the time that both sides agree on
	Conflict bool         // two changes that did not know of each other met, and this side's is displaced
	// Again: two changes met and this side's stays. Until the partner has taken it, the path is asked for
	// again: should this side's version go meanwhile, the partner's must still come.
	Again bool
	// Stands: two changes that did not know of each other met, and this side's stays. The partner must be offered it,
	// also where it seemed to have it already.
	Stands bool
}

// Decide weighs what this side has (nil when the path is unknown here) against what is offered.
func Decide(mine *index.Item, theirs index.Item) Decision {
	gone := theirs.Kind == index.Tombstone
	if mine == nil {
		if gone {
			return Decision{Action: Adopt, Vector: theirs.Vector}
		}
		return Decision{Action: Copy, Vector: theirs.Vector}
	}
	order := theirs.Vector.Compare(mine.Vector)
	joined := mine.Vector.Join(theirs.Vector)
	if mine.Kind != index.Tombstone && mine.State != index.Present {
		// This side's disk no longer holds what its index says: any content is better than none, and
		// a deletion counts only when it knew of the version that is missing.
		switch {
		case !gone:
			return Decision{Action: Copy, Vector: joined}
		case order == index.Before || mine.State == index.Suspect && order == index.Concurrent:
			return Decision{Action: Leave}
		case mine.State == index.Suspect:
			return Decision{Action: Delete, Vector: joined}
		}
		return Decision{Action: Adopt, Vector: joined}
	}
	if Same(*mine, theirs) {
		if order == index.Equal || order == index.Before {
			return Decision{Action: Leave}
		}
		return Decision{Action: Adopt, Vector: joined, ModTime: mine.ModTime}
	}
	if sameContent(*mine, theirs) && order != index.Before {
		agreed := min(mine.ModTime, theirs.ModTime)
		if order == index.After {
			agreed = theirs.ModTime
		}
		if agreed == mine.ModTime {
			return Decision{Action: Adopt, Vector: joined, ModTime: agreed}
		}
		return Decision{Action: Retime, Vector: joined, ModTime: agreed}
	}
	switch order {
	case index.Before:
		return Decision{Action: Leave}
	case index.After:
		if gone {
			return Decision{Action: Delete, Vector: joined}
		}
		return Decision{Action: Copy, Vector: joined}
	}
	if !Wins(theirs, *mine) {
		return Decision{Action: Leave, Vector: joined, Again: !gone, Stands: true}
	}
	return Decision{Action: Copy, Vector: joined, Conflict: mine.Kind != index.Tombstone}
}

// Same tells whether two items hold the same: both removed, both folders, or files of one content
// and time.
func Same(a, b index.Item) bool {
	if a.Kind == index.Tombstone { // its hash is what this side had, and does not travel
		return b.Kind == index.Tombstone
	}
	return a.Kind == b.Kind && a.Size == b.Size && a.ModTime == b.ModTime && a.Hash == b.Hash
}

// sameContent tells whether two items are files of one content. Where they differ in time only, a known change
// of the time travels as such, and of two that did not know of each other the earlier time stays: the
// later one is mostly the time of a copy.
func sameContent(a, b index.Item) bool {
	return a.Kind == index.File && b.Kind == index.File && a.Size == b.Size && a.Hash == b.Hash
}

// Wins tells whether a beats b where neither knew of the other: what exists beats what was removed,
// a folder beats a file, then the version with more changes, the larger, the greater hash, the
// greater modification time. No host's clock is compared with another's: the time is the file's own
// data and decides last.
func Wins(a, b index.Item) bool {
	if a.Kind != b.Kind {
		return rank(a.Kind) > rank(b.Kind)
	}
	if x, y := a.Vector.Sum(), b.Vector.Sum(); x != y {
		return x > y
	}
	if a.Size != b.Size {
		return a.Size > b.Size
	}
	if c := bytes.Compare(a.Hash[:], b.Hash[:]); c != 0 {
		return c > 0
	}
	return a.ModTime > b.ModTime
}

func rank(k index.Kind) int {
	switch k {
	case index.Folder:
		return 2
	case index.File:
		return 1
	}
	return 0
}
