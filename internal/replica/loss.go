package replica

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"

	"csbackup/internal/brake"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Held tells why the loss brake holds this side, or "".
func (r *Replica) Held() string {
	r.state.Lock()
	defer r.state.Unlock()
	reason := r.state.store
	for _, root := range r.Roots {
		reason = cmp.Or(reason, r.state.holds[root.Name])
	}
	return reason
}

// foreignStore tells why the store is not the known one, as it was last looked at; "" when it is.
func (r *Replica) foreignStore() string {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.store
}

func (r *Replica) holding(root string) bool {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.holds[root] != ""
}

// setHold keeps why the brake holds a root, over restarts too: what was lost once is not a wish
// because a part of it is back. "" lets go.
func (r *Replica) setHold(root, reason string) error {
	if err := r.setMeta("held-"+root, reason); err != nil {
		return err
	}
	r.state.Lock()
	r.state.holds[root] = reason
	r.state.Unlock()
	return nil
}

// distrust keeps why the store is not the known one, "" when it is. What the index knows of it is
// held until all of it is there again.
func (r *Replica) distrust(reason string) error {
	r.state.Lock()
	r.state.store = reason
	r.state.Unlock()
	if reason == "" {
		return nil
	}
	r.forgetKept() // those of the known store are to be found anew once it is back
	r.litter()
	for _, root := range r.Roots {
		if r.Index.RootCounts(root.Name).Files > 0 && !r.holding(root.Name) {
			if err := r.setHold(root.Name, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadHolds reads what was held when the service last stopped.
func (r *Replica) loadHolds() error {
	for _, root := range r.Roots {
		reason, err := r.Index.Meta("held-" + root.Name)
		if err != nil {
			return err
		}
		r.state.holds[root.Name] = string(reason)
	}
	return nil
}

// allMissing goes through every item that is missing, in a stable order.
func (r *Replica) allMissing() iter.Seq2[index.Item, error] {
	return paged(func(after string) ([]index.Item, error) {
		return r.Index.InState(index.Missing, after, childrenAtOnce)
	})
}

// paged goes through the items that page gives, childrenAtOnce after a path at a time.
func paged(page func(after string) ([]index.Item, error)) iter.Seq2[index.Item, error] {
	return func(yield func(index.Item, error) bool) {
		for after := ""; ; {
			items, err := page(after)
			if err != nil {
				yield(index.Item{}, err)
				return
			}
			for _, it := range items {
				if !yield(it, nil) {
					return
				}
			}
			if len(items) < childrenAtOnce {
				return
			}
			after = items[len(items)-1].Path
		}
	}
}

// relieve lets the brake go where nothing is missing any more. everywhere says that the partner has
// given all that it has: what is missing then is on neither side, and nothing protects it. It tells
// how many files those are.
func (r *Replica) relieve(everywhere bool) (nowhere int64, err error) {
	r.looking.Lock()
	defer r.looking.Unlock()
	if reason, err := r.marker(); err != nil || reason != "" {
		return 0, err
	}
	for _, root := range r.Roots {
		missing := r.Index.RootCounts(root.Name).MissingFiles
		if !r.holding(root.Name) || missing > 0 && !everywhere {
			continue
		}
		nowhere += missing
		if err := r.accept(root); err != nil {
			return nowhere, err
		}
		if err := r.setHold(root.Name, ""); err != nil {
			return nowhere, err
		}
	}
	return nowhere, nil
}

// accept takes what stands in a root in the place of missing versions for this side's own changes, and
// the root's folder for the one that is meant. The caller holds looking.
func (r *Replica) accept(root Root) error {
	l := r.newLook(r.context(), root)
	for it, err := range r.allMissing() {
		if err != nil {
			return err
		}
		place, placeErr := r.place(it.Path)
		if it.Kind != index.File || placeErr != nil || !strings.HasPrefix(it.Path, root.Name+"/") {
			continue
		}
		info, err := r.Store.Lstat(place)
		if err != nil || info.Kind != filestore.File {
			continue // gone, or the next look sees what it is
		}
		hash, info, err := r.hash(l.ctx, place)
		if err != nil {
			return fmt.Errorf("read what stands in the place of %s: %w", it.Path, err)
		}
		l.batch = append(l.batch, observation{it.Sequence, it.State, index.Item{Path: it.Path, Kind: index.File, Size: info.Size,
			ModTime: info.ModTime, Hash: hash, ChangeTime: info.ChangeTime, Identity: info.Identity}})
	}
	if err := l.commit(); err != nil {
		return err
	}
	return r.setMeta("root-"+root.Name, "")
}

// Loss is what the brake holds back: what is gone here, or else what the partner asks to delete here.
type Loss struct {
	Plan, Reason string
	Files, Bytes int64
	Known        int64
	Sample       []string
}

const sampleOf = 10

// Loss tells what the brake holds; ok is false when it holds nothing.
func (r *Replica) Loss() (loss Loss, ok bool, err error) {
	reason, plan := r.Held(), r.lossPlan
	if reason == "" {
		reason, plan = r.HeldBack(), r.heldBackPlan
	}
	if reason == "" {
		return Loss{}, false, nil
	}
	loss = Loss{Reason: reason, Known: r.Index.Counts().Files}
	loss.Plan, err = plan(func(it index.Item) {
		if it.Kind != index.File {
			return
		}
		loss.Files++
		loss.Bytes += it.Size
		if len(loss.Sample) < sampleOf {
			loss.Sample = append(loss.Sample, it.Path)
		}
	})
	return loss, true, err
}

// lossPlan names the set of what is missing and hands each item on.
func (r *Replica) lossPlan(each func(index.Item)) (string, error) {
	var problem error
	plan := brake.Plan(func(yield func(index.Item) bool) {
		for it, err := range r.allMissing() {
			if problem = err; err != nil {
				return
			}
			each(it)
			if !yield(it) {
				return
			}
		}
	})
	return plan, problem
}

// ConfirmLoss takes exactly the named set of losses for deletions. A plan that is no longer true is
// refused, and so is one for a store that is not the known one.
func (r *Replica) ConfirmLoss(plan string) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	reason, err := r.marker()
	if err != nil {
		return err
	}
	if reason != "" {
		return r.heldError(reason)
	}
	if matched, err := r.confirmHeldBack(plan); err != nil || matched {
		return err
	}
	var gone []string
	now, err := r.lossPlan(func(it index.Item) { gone = append(gone, it.Path) })
	if err != nil {
		return err
	}
	if len(gone) == 0 && r.HeldBack() == "" {
		return failure.New(failure.LossNothingHeld, r.Pool, "The loss brake holds nothing", "There is nothing to confirm.")
	}
	if now != plan || len(gone) == 0 {
		return failure.New(failure.LossPlanStale, plan, fmt.Sprintf("The plan %q is no longer true: what is missing has changed since it was shown", plan),
			"Look again: csbackup loss show --pool-fqdn "+r.Pool+".")
	}
	if _, err := r.bury(gone, nil); err != nil {
		return err
	}
	for _, root := range r.Roots {
		if err := r.accept(root); err != nil {
			return err
		}
		// What was confirmed does not count against what is deleted next.
		if err := errors.Join(r.setHold(root.Name, ""), r.setMeta("deaths-"+root.Name, "")); err != nil {
			return err
		}
	}
	return nil
}
