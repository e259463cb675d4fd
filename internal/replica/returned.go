package replica

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strconv"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// An older copy of a store brings files back that were deleted since. Where such a store is taken over, what the
// index knows as deleted and what stands there with the content that it had then is no file that somebody made: it
// goes to the kept versions, and is counted. In a store that was not set back it is a file like any other.

const returnedMeta = "returned"

// returned sets aside what came back in one look.
type returned struct {
	kept    *kept
	touched map[string]bool
	files   int64
	folders []string // that the index knows as deleted, outermost first
}

// cameBack sets a file aside that came back with an older copy of the store.
func (l *look) cameBack(p, place string, it, found index.Item) (was bool, err error) {
	if !l.foreign || it.Kind != index.Tombstone || it.Hash == (index.Hash{}) || it.Hash != found.Hash {
		return false, nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.returned.kept == nil {
		l.returned.kept, l.returned.touched = l.newKept(), map[string]bool{}
	}
	aside, err := l.returned.kept.name("deleted", p, l.returned.touched)
	if err == nil {
		l.returned.touched[path.Dir(place)] = true
		err = l.Store.Publish(place, aside)
	}
	if err != nil {
		l.follow.defers(p, fmt.Errorf("it had been deleted and came back with an older copy of the store: %w", err))
		return true, nil
	}
	l.returned.kept.took(aside, &found)
	l.returned.files++
	return true, nil
}

// setAside ends what cameBack began: folders that were deleted as well go where nothing is left in them.
func (l *look) setAside() error {
	if l.returned.kept == nil && len(l.returned.folders) == 0 {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.returned.touched == nil {
		l.returned.touched = map[string]bool{}
	}
	for i := len(l.returned.folders) - 1; i >= 0; i-- {
		p := l.returned.folders[i]
		place, err := l.place(p)
		if err != nil {
			return err
		}
		if err := l.Store.Remove(place); err == nil {
			l.returned.touched[path.Dir(place)] = true
		} else if !errors.Is(err, filestore.ErrNotEmpty) {
			l.follow.defers(p, err)
		}
	}
	failed, err := l.flush(l.context(), l.returned.touched)
	for folder := range l.returned.touched {
		err = cmp.Or(err, failed.at(folder+"/x"))
	}
	if l.returned.kept != nil {
		err = errors.Join(err, l.returned.kept.done(false))
	}
	return err
}

// Returned counts the files that came back with an older copy of the store when it was last taken over, and that were
// set aside as deleted ones.
func (r *Replica) Returned() int64 {
	raw, err := r.Index.Meta(returnedMeta)
	if err != nil {
		return 0 // the index's error is told by whatever asks it next
	}
	n, _ := strconv.ParseInt(string(raw), 10, 64)
	return n
}

func (r *Replica) setReturned(n int64) error {
	value := ""
	if n > 0 {
		value = strconv.FormatInt(n, 10)
	}
	return r.setMeta(returnedMeta, value)
}
