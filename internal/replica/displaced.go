package replica

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"csbackup/internal/brake"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// What a partner asks for is weighed against what stood in a root before the partner could add to it: at moments
// that are kept for a day, an hour apart and whenever the root has doubled. What leaves its place is counted once, when it is done; what batches under
// way have been promised counts as well. So neither many small batches and sessions nor files that are sent first
// make a loss look smaller. A partner that takes less than nine tenths of a root a day is not stopped: what it
// displaces is kept for the retention time.

const (
	baselineEvery = 3600      // seconds of the service clock between two moments
	baselinesStay = 24 * 3600 // how long each is weighed against
)

// reasonHeldBack stands with a path at which the partner asks for something that the loss guard holds back.
const reasonHeldBack = "the loss guard holds back what the partner asks for here"

// baseline is what a root held at one moment, and what has left its place since at the partner's word.
type baseline struct {
	Clock             int64  // service clock
	Head              uint64 // what stood there then has a Born of at most this
	Files             int64
	Deleted, Replaced int64
}

// displacing is one file that leaves its place.
type displacing struct {
	born     uint64
	replaced bool // by something else; otherwise it is deleted
}

// displacements are what the batches under way have been promised, by root.
type displacements struct {
	mu       sync.Mutex
	promised map[*incoming]map[string][]displacing
}

// release takes back what a batch was promised: it has been counted, or will not be done.
func (d *displacements) release(in *incoming) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.promised, in)
}

func (r *Replica) baselines(root string) (all []baseline, err error) {
	raw, err := r.Index.Meta("baselines-" + root)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read from the index what %s held earlier: %w", root, err)
	}
	return all, nil
}

// renewBaselines keeps what each root holds now, where that was not done for a while or the root has grown much.
func (r *Replica) renewBaselines() error {
	r.displacements.mu.Lock()
	defer r.displacements.mu.Unlock()
	for _, root := range r.Roots {
		all, err := r.baselines(root.Name)
		if err != nil {
			return err
		}
		now := baseline{Clock: r.Clock(), Head: r.Index.Head(), Files: r.Index.RootCounts(root.Name).Files}
		if len(all) > 0 {
			if last := all[len(all)-1]; now.Clock-last.Clock < baselineEvery && (now.Files <= last.Files || now.Files < 2*last.Files) {
				continue
			}
		}
		all = slices.DeleteFunc(all, func(b baseline) bool { return now.Clock-b.Clock > baselinesStay })
		if err := r.setBaselines(root.Name, append(all, now)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replica) setBaselines(root string, all []baseline) error {
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return r.setMeta("baselines-"+root, string(raw))
}

// begin keeps what each root holds as a session begins, for as long as that lasts.
func (im *Importer) begin() {
	im.began = map[string]baseline{}
	for _, root := range im.Roots {
		im.began[root.Name] = baseline{Head: im.Index.Head(), Files: im.Index.RootCounts(root.Name).Files}
	}
}

// count adds files that leave their place to what a baseline has lost, so far as they stood there then.
func (b *baseline) count(files []displacing) {
	for _, d := range files {
		switch {
		case d.born > b.Head:
		case d.replaced:
			b.Replaced++
		default:
			b.Deleted++
		}
	}
}

// guardDisplacing weighs what a batch would take from its place. What would take nearly everything waits, as any path
// that cannot be applied does, until an administrator has confirmed it. What came under another name was renamed,
// and need not wait.
func (im *Importer) guardDisplacing(in *incoming) error {
	asked := map[string][]*step{}
	for _, s := range in.steps {
		if s.failed != "" || s.rescued || !s.takesAway() {
			continue
		}
		pending, _, err := im.Index.PendingAt(s.theirs.Path)
		if err != nil {
			return err
		}
		root, _, _ := strings.Cut(s.theirs.Path, "/")
		switch pending.Code {
		case index.Confirmed:
			s.confirmed = true
		case index.HeldBack:
			if moved, err := im.standsElsewhere(s.mine.Hash); err != nil {
				return err
			} else if !moved || s.decision.Action != plan.Delete {
				s.holdBack()
			}
		default:
			asked[root] = append(asked[root], s)
		}
	}
	for root, steps := range asked {
		reason, err := im.promise(in, root, steps)
		if err != nil {
			return err
		}
		if reason == "" {
			continue
		}
		for _, s := range steps {
			s.holdBack()
		}
		im.setHeldBack(reason)
	}
	return nil
}

// promise lets a batch displace files of a root, or tells why not.
func (im *Importer) promise(in *incoming, root string, steps []*step) (reason string, err error) {
	more := make([]displacing, len(steps))
	for i, s := range steps {
		more[i] = s.displacing()
	}
	im.displacements.mu.Lock()
	defer im.displacements.mu.Unlock()
	all, err := im.baselines(root)
	if err != nil {
		return "", err
	}
	for _, b := range append(all, im.began[root]) {
		b.count(more)
		for _, of := range im.displacements.promised {
			b.count(of[root])
		}
		if reason := brake.Displaced(root, brake.Asked{Known: b.Files, Deleted: b.Deleted, Replaced: b.Replaced}); reason != "" {
			return reason, nil
		}
	}
	if im.displacements.promised == nil {
		im.displacements.promised = map[*incoming]map[string][]displacing{}
	}
	if im.displacements.promised[in] == nil {
		im.displacements.promised[in] = map[string][]displacing{}
	}
	im.displacements.promised[in][root] = more
	return "", nil
}

// displaced gives, by the names under which the index keeps them, the baselines of the roots in which a batch has
// displaced files.
func (im *Importer) displaced(in *incoming) (map[string][]byte, error) {
	done := map[string][]displacing{}
	for _, s := range in.steps {
		if s.done && s.failed == "" && s.takesAway() && !s.confirmed && !s.stayed() {
			root, _, _ := strings.Cut(s.theirs.Path, "/")
			done[root] = append(done[root], s.displacing())
		}
	}
	kept := map[string][]byte{}
	for root, files := range done {
		all, err := im.baselines(root)
		if err != nil {
			return nil, err
		}
		for i := range all {
			all[i].count(files)
		}
		began := im.began[root]
		began.count(files)
		im.began[root] = began
		if kept["baselines-"+root], err = json.Marshal(all); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// standsElsewhere tells whether a content of which the deletion is held back stands under another name, too.
// All are looked for in one pass a session.
func (im *Importer) standsElsewhere(hash index.Hash) (bool, error) {
	if im.elsewhere != nil {
		return im.elsewhere[hash], nil
	}
	im.elsewhere = map[index.Hash]bool{}
	if err := im.heldBackItems(func(it index.Item) error {
		im.elsewhere[it.Hash] = false
		return nil
	}); err != nil {
		return false, err
	}
	for it, err := range paged(func(after string) ([]index.Item, error) { return im.Index.All(after, childrenAtOnce) }) {
		if err != nil {
			return false, err
		}
		if found, asked := im.elsewhere[it.Hash]; !asked || found || it.Kind != index.File || it.State != index.Present {
			continue
		}
		pending, _, err := im.Index.PendingAt(it.Path)
		if err != nil {
			return false, err
		}
		im.elsewhere[it.Hash] = pending.Code != index.HeldBack
	}
	return im.elsewhere[hash], nil
}

func (r *Replica) setHeldBack(reason string) {
	r.state.Lock()
	r.state.heldBack = reason
	r.state.Unlock()
}

// HeldBack tells why something that the partner asks for is held back, or "".
func (r *Replica) HeldBack() string {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.heldBack
}

// heldBackItems hands on what this side has under paths at which something is held back.
func (r *Replica) heldBackItems(each func(index.Item) error) error {
	for after := ""; ; {
		pending, err := r.Index.Pending(after, childrenAtOnce)
		if err != nil || len(pending) == 0 {
			return err
		}
		for _, p := range pending {
			after = p.Path
			if p.Code != index.HeldBack {
				continue
			}
			it, ok, err := r.Index.Get(p.Path)
			if err == nil && ok {
				err = each(it)
			}
			if err != nil {
				return err
			}
		}
	}
}

var errEnough = errors.New("enough was seen")

// loadHeldBack finds out whether anything is held back, at the start and after each session.
func (r *Replica) loadHeldBack() error {
	err := r.heldBackItems(func(index.Item) error { return errEnough })
	switch {
	case err == nil:
		r.setHeldBack("")
	case errors.Is(err, errEnough):
		if r.HeldBack() == "" {
			r.setHeldBack("the partner asks to delete or to replace nearly everything")
		}
		return nil
	}
	return err
}

// heldBackPlan names the set of what is held back, and hands each item on.
func (r *Replica) heldBackPlan(each func(index.Item)) (string, error) {
	var problem error
	named := brake.Plan(func(yield func(index.Item) bool) {
		problem = r.heldBackItems(func(it index.Item) error {
			each(it)
			if !yield(it) {
				return errEnough
			}
			return nil
		})
	})
	return named, problem
}

// confirmHeldBack lets exactly the named set pass when the partner asks again. What was confirmed does not count
// against what the partner asks for next.
func (r *Replica) confirmHeldBack(named string) (matched bool, err error) {
	var paths []string
	now, err := r.heldBackPlan(func(it index.Item) { paths = append(paths, it.Path) })
	if err != nil || now != named || len(paths) == 0 {
		return false, err
	}
	r.displacements.mu.Lock()
	err = r.Index.Update(func(tx *index.Tx) error {
		for _, p := range paths {
			if err := tx.PutPending(index.Pending{Path: p, Reason: "it was confirmed", Code: index.Confirmed, Since: r.Clock()}); err != nil {
				return err
			}
		}
		for _, root := range r.Roots {
			if err := tx.SetMeta("baselines-"+root.Name, nil); err != nil {
				return err
			}
		}
		return nil
	})
	r.displacements.mu.Unlock()
	if err == nil {
		err = r.renewBaselines()
	}
	r.setHeldBack("")
	return true, err
}
