package replica

import (
	"errors"
	"fmt"
)

// Untaken is a path of which the index does not have what the disk holds, and why.
type Untaken struct{ Path, Reason string }

// String names it for people.
func (u Untaken) String() string { return shown(u.Path) + ": " + u.Reason }

// unlistedAtMost bounds how many folders are named that could not be listed.
const unlistedAtMost = 10

func (l *look) incomplete(doing string, err error) {
	l.found.broken = true
	l.unlisted(fmt.Errorf("%s: %w", doing, err))
}

func (l *look) unlisted(err error) {
	if l.found.unlisted++; l.found.unlisted <= unlistedAtMost {
		l.found.Incomplete = errors.Join(l.found.Incomplete, err)
	}
}

// closed notes a folder that the service may not list. It waits, and all else goes on.
func (l *look) closed(logical, place string, err error) {
	l.follow.defers(logical, err)
	l.unlisted(fmt.Errorf("list %s: %w", place, err))
}
