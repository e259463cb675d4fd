package convert

import (
	"slices"
	"strings"
)

// Note is one kind of thing that the output does not have as the archive has it.
type Note struct {
	What string // "Groups that are members of private rooms"
	// LeftOut tells that something is not in the output; else it is there in another form.
	LeftOut  bool
	Count    int64
	Examples []string // the first ones
}

// Notes are all notes of a conversion, by what they are about.
type Notes struct{ list []Note }

// maxExamples is how many examples of a note are kept.
const maxExamples = 20

// LeaveOut notes that count things are not in the output. The example names one of them.
func (n *Notes) LeaveOut(what, example string, count int64) { n.add(what, example, count, true) }

// Change notes that count things are in the output in another form.
func (n *Notes) Change(what, example string, count int64) { n.add(what, example, count, false) }

func (n *Notes) add(what, example string, count int64, leftOut bool) {
	if count == 0 {
		return
	}
	at := slices.IndexFunc(n.list, func(one Note) bool { return one.What == what })
	if at < 0 {
		at = len(n.list)
		n.list = append(n.list, Note{What: what, LeftOut: leftOut, Examples: []string{}})
	}
	one := &n.list[at]
	one.Count += count
	if len(one.Examples) < maxExamples && example != "" && !slices.Contains(one.Examples, example) {
		one.Examples = append(one.Examples, strings.ToValidUTF8(example, "\uFFFD"))
	}
}

// LeftOut tells how many things are not in the output.
func (n *Notes) LeftOut() (count int64) {
	for _, one := range n.list {
		if one.LeftOut {
			count += one.Count
		}
	}
	return count
}

// All gives the notes, what was left out first, each kind in the order of the alphabet.
func (n *Notes) All() []Note {
	all := slices.Clone(n.list)
	slices.SortFunc(all, func(a, b Note) int {
		if a.LeftOut != b.LeftOut {
			if a.LeftOut {
				return -1
			}
			return 1
		}
		return strings.Compare(a.What, b.What)
	})
	return all
}

// since gives what was noted after a number of notes had these counts; see mark.
func (n *Notes) since(mark []int64) (later []Note) {
	for i, one := range n.list {
		before := int64(0)
		if i < len(mark) {
			before = mark[i]
		}
		if one.Count > before {
			one.Count -= before
			later = append(later, one)
		}
	}
	return later
}

// mark remembers how much was noted.
func (n *Notes) mark() (counts []int64) {
	for _, one := range n.list {
		counts = append(counts, one.Count)
	}
	return counts
}

// join adds what was noted elsewhere.
func (n *Notes) join(notes []Note) {
	for _, one := range notes {
		n.add(one.What, "", one.Count, one.LeftOut)
		for _, example := range one.Examples {
			n.example(one.What, example)
		}
	}
}

// example adds an example to a note that is there.
func (n *Notes) example(what, example string) {
	for i := range n.list {
		one := &n.list[i]
		if one.What == what && len(one.Examples) < maxExamples && !slices.Contains(one.Examples, example) {
			one.Examples = append(one.Examples, example)
		}
	}
}
