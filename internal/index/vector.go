package index

import (
	"cmp"
	"slices"
)

// Replica names one life of one side's index. An index that is lost and built again is a new
// replica, so that its counters never repeat.
type Replica uint64

// Entry is one replica's count of changes to a path.
type Entry struct {
	Replica Replica
	Counter uint64
}

// Vector is a version vector: the changes to a path that a version includes, sorted by replica.
// No clock takes part in it.
type Vector []Entry

// Order is how two vectors relate.
type Order int8

// The four ways in which two versions can relate.
const (
	Equal Order = iota
	Before
	After
	Concurrent
)

// Compare tells how v relates to other: Before when other includes all of v and more.
func (v Vector) Compare(other Vector) Order {
	less, more := false, false
	i, j := 0, 0
	for i < len(v) || j < len(other) {
		switch {
		case j == len(other) || (i < len(v) && v[i].Replica < other[j].Replica):
			more = true
			i++
		case i == len(v) || other[j].Replica < v[i].Replica:
			less = true
			j++
		default:
			if v[i].Counter < other[j].Counter {
				less = true
			} else if v[i].Counter > other[j].Counter {
				more = true
			}
			i++
			j++
		}
	}
	switch {
	case less && more:
		return Concurrent
	case less:
		return Before
	case more:
		return After
	}
	return Equal
}

// Join is the smallest vector that includes both.
func (v Vector) Join(other Vector) Vector {
	joined := make(Vector, 0, max(len(v), len(other)))
	i, j := 0, 0
	for i < len(v) || j < len(other) {
		switch {
		case j == len(other) || (i < len(v) && v[i].Replica < other[j].Replica):
			joined = append(joined, v[i])
			i++
		case i == len(v) || other[j].Replica < v[i].Replica:
			joined = append(joined, other[j])
			j++
		default:
			joined = append(joined, Entry{v[i].Replica, max(v[i].Counter, other[j].Counter)})
			i++
			j++
		}
	}
	return joined
}

// Bump is v with one more change by the replica.
func (v Vector) Bump(by Replica) Vector {
	bumped := slices.Clone(v)
	at, found := bumped.search(by)
	if found {
		bumped[at].Counter++
		return bumped
	}
	return slices.Insert(bumped, at, Entry{by, 1})
}

// Sum is the number of changes that v includes.
func (v Vector) Sum() uint64 {
	var sum uint64
	for _, e := range v {
		sum += e.Counter
	}
	return sum
}

// Counter is how many changes of a replica v includes, 0 for none.
func (v Vector) Counter(of Replica) uint64 {
	at, found := v.search(of)
	if !found {
		return 0
	}
	return v[at].Counter
}

// Limited is v with at most so many changes of one replica; 0 takes its entry away.
func (v Vector) Limited(of Replica, most uint64) Vector {
	at, found := v.search(of)
	if !found || v[at].Counter <= most {
		return v
	}
	limited := slices.Clone(v)
	if most == 0 {
		return slices.Delete(limited, at, at+1)
	}
	limited[at].Counter = most
	return limited
}

// Pruned is v with at most so many entries. Those of the named replicas stay, and of the others those with
// the highest counters.
func (v Vector) Pruned(most int, stay ...Replica) Vector {
	if len(v) <= most {
		return v
	}
	ranked := slices.SortedStableFunc(slices.Values(v), func(a, b Entry) int {
		if x, y := slices.Contains(stay, a.Replica), slices.Contains(stay, b.Replica); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Counter, a.Counter)
	})[:most]
	slices.SortFunc(ranked, func(a, b Entry) int { return cmp.Compare(a.Replica, b.Replica) })
	return ranked
}

func (v Vector) search(r Replica) (at int, found bool) {
	return slices.BinarySearchFunc(v, r, func(e Entry, r Replica) int { return cmp.Compare(e.Replica, r) })
}
