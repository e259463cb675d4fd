package replica

import (
	"cmp"
	"errors"
	"strings"

	"csbackup/internal/brake"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// How paths are marked whose deletion the partner asks for: held back by the brake, and confirmed.
const (
	heldBack  = "the loss brake holds this deletion back"
	confirmed = "the deletion was confirmed"
)

// ordered weighs the deletions of a batch. Those that would take nearly everything wait, as any path
// that cannot be applied does, until an administrator has confirmed them; that the partner sends new files
// meanwhile makes them no smaller. What came under another name was renamed, and need not wait.
func (im *Importer) ordered(steps []*step) error {
	asked := map[string][]*step{}
	for _, s := range steps {
		if s.failed != "" || s.decision.Action != plan.Delete || s.mine.Kind != index.File {
			continue
		}
		pending, _, err := im.Index.PendingAt(s.theirs.Path)
		if err != nil {
			return err
		}
		switch pending.Reason {
		case confirmed:
		case heldBack:
			moved, err := im.standsElsewhere(s.mine.Hash)
			if err != nil {
				return err
			}
			if !moved {
				s.failed = heldBack
			}
		default:
			root, _, _ := strings.Cut(s.theirs.Path, "/")
			asked[root] = append(asked[root], s)
		}
	}
	for root, steps := range asked {
		before, err := im.deaths(ordersOf + root)
		if err != nil {
			return err
		}
		files := int64(len(steps))
		reason := brake.Ordered(root, im.Index.RootCounts(root).Files, before.since(im.Clock()-recently), files)
		if reason == "" {
			if err := im.countDeaths(ordersOf+root, files); err != nil {
				return err
			}
			continue
		}
		for _, s := range steps {
			s.failed = heldBack
		}
		im.refuseOrders(reason)
	}
	return nil
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
		im.elsewhere[it.Hash] = pending.Reason != heldBack
	}
	return im.elsewhere[hash], nil
}

// ordersOf precedes a root's name where deletions that the partner asked for are counted.
const ordersOf = "by-partner-"

func (r *Replica) refuseOrders(reason string) {
	r.state.Lock()
	r.state.orders = reason
	r.state.Unlock()
}

// HeldBack tells why deletions of the partner are held back, or "".
func (r *Replica) HeldBack() string {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.orders
}

// heldBackItems hands on what this side has under paths whose deletion is held back.
func (r *Replica) heldBackItems(each func(index.Item) error) error {
	for after := ""; ; {
		pending, err := r.Index.Pending(after, childrenAtOnce)
		if err != nil || len(pending) == 0 {
			return err
		}
		for _, p := range pending {
			after = p.Path
			if p.Reason != heldBack {
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

// loadOrders finds out whether deletions were held back when the service last stopped.
func (r *Replica) loadOrders() error {
	err := r.heldBackItems(func(index.Item) error { return errEnough })
	if errors.Is(err, errEnough) {
		r.refuseOrders("the partner asks to delete nearly everything")
		return nil
	}
	return err
}

// ordersPlan names the set of deletions that are held back, and hands each item on.
func (r *Replica) ordersPlan(each func(index.Item)) (string, error) {
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

// confirmOrders lets exactly the named set of deletions pass when the partner asks again.
func (r *Replica) confirmOrders(named string) (matched bool, err error) {
	var paths []string
	now, err := r.ordersPlan(func(it index.Item) { paths = append(paths, it.Path) })
	if err != nil || now != named || len(paths) == 0 {
		return false, err
	}
	err = r.Index.Update(func(tx *index.Tx) error {
		for _, p := range paths {
			if err := tx.PutPending(index.Pending{Path: p, Reason: confirmed, Since: r.Clock()}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, root := range r.Roots {
		err = cmp.Or(err, r.setMeta("deaths-"+ordersOf+root.Name, ""))
	}
	r.refuseOrders("")
	return true, err
}
