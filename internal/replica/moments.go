package replica

import (
	"encoding/json"
	"fmt"
	"slices"

	"csbackup/internal/brake"
)

// A loss is seen at the next look, and the partner may send in between. So that what it sends does not make
// the loss look smaller, the index keeps what it knew when the last look began, whenever the partner began to
// send since, and whenever that made it grow much: a loss is weighed against each of these.

// momentsAtMost bounds how many are kept where no look comes to its end.
const momentsAtMost = 32

// moment is what the index knew at one moment.
type moment struct {
	Head  uint64           // it knew what has a sequence number up to this one
	Files map[string]int64 // by root
}

func (r *Replica) moments() (all []moment, err error) {
	raw, err := r.Index.Meta("moments")
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read from the index what was known: %w", err)
	}
	return all, nil
}

// remember keeps what the index knows now.
func (r *Replica) remember() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.rememberAfter(1)
}

// rememberGrowth does it where twice as much happened as when it was last done: within one long session,
// too, the partner may send more than was there before. The caller holds writing.
func (r *Replica) rememberGrowth() error {
	return r.rememberAfter(2)
}

// rememberAfter keeps this moment if the index has a higher sequence number than at the last one, and so many
// times as high a one at least.
func (r *Replica) rememberAfter(times uint64) error {
	all, err := r.moments()
	if err != nil {
		return err
	}
	now := moment{r.Index.Head(), map[string]int64{}}
	if len(all) > 0 {
		if last := all[len(all)-1].Head; now.Head <= last || now.Head < times*last {
			return nil
		}
	}
	for _, root := range r.Roots {
		now.Files[root.Name] = r.Index.RootCounts(root.Name).Files
	}
	if len(all) == momentsAtMost {
		all = slices.Delete(all, 1, 2)
	}
	return r.setMoments(append(all, now))
}

func (r *Replica) setMoments(all []moment) error {
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return r.setMeta("moments", string(raw))
}

// lookBegins keeps the moment at which a look begins. The caller holds looking.
func (r *Replica) lookBegins() error {
	r.follow.head = r.Index.Head()
	r.follow.before, r.follow.now = r.follow.now, arrivals{map[arrival]bool{}, r.follow.head}
	return r.remember()
}

// lookEnds forgets what was known before a look began that came to its end.
func (r *Replica) lookEnds() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	all, err := r.moments()
	if err != nil {
		return err
	}
	return r.setMoments(slices.DeleteFunc(all, func(m moment) bool { return m.Head < r.follow.head }))
}

// earlier weighs what is gone from the root and was not moved, or is older than it was, against each moment.
func (l *look) earlier() ([]brake.Moment, error) {
	all, err := l.moments()
	if err != nil || l.Index.RootCounts(l.root.Name).MissingFiles == 0 && len(l.regressed) == 0 {
		return nil, err
	}
	weighed := make([]brake.Moment, len(all))
	count := func(sequence uint64, by int64) {
		for i, m := range all {
			if sequence <= m.Head {
				weighed[i].Gone += by
			}
		}
	}
	for i, m := range all {
		weighed[i].Known = m.Files[l.root.Name]
		if weighed[i].Gone, err = l.Index.MissingUntil(l.root.Name, m.Head); err != nil {
			return nil, err
		}
	}
	for _, it := range l.renames.gone { // these are missing and not gone
		count(it.Sequence, -1)
	}
	for _, o := range l.regressed {
		if !l.renames.back[o.after.Path] {
			count(o.sequence, 1)
		}
	}
	return weighed, nil
}
