package replica

import (
	"slices"

	"csbackup/internal/brake"
	"csbackup/internal/failure"
	"csbackup/internal/index"
)

// Loss is what the brake holds back.
type Loss struct {
	Plan, Reason string
	Files, Bytes int64
	Known        int64
	Sample       []string
}

// Loss tells what the brake holds; ok is false when it holds nothing.
func (r *Replica) Loss() (loss Loss, ok bool, err error) {
	reason := r.Held()
	if reason == "" {
		return Loss{}, false, nil
	}
	lost, err := r.lost()
	if err != nil {
		return Loss{}, false, err
	}
	loss = Loss{Plan: brake.Plan(slices.Values(lost)), Reason: reason, Known: r.Index.Counts().Files}
	for _, it := range lost {
		if it.Kind != index.File {
			continue
		}
		loss.Files++
		loss.Bytes += it.Size
		if len(loss.Sample) < 10 {
			loss.Sample = append(loss.Sample, it.Path)
		}
	}
	return loss, true, nil
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
	lost, err := r.lost()
	if err != nil {
		return err
	}
	if len(lost) == 0 {
		return failure.New(failure.LossNothingHeld, r.Pool, "The loss brake holds nothing", "There is nothing to confirm.")
	}
	if now := brake.Plan(slices.Values(lost)); now != plan {
		return failure.New(failure.LossPlanStale, plan, "The plan "+plan+" is no longer true: what is missing has changed since it was shown",
			"Look again: csbackup loss show --pool-fqdn "+r.Pool+".")
	}
	if err := r.bury(lost); err != nil {
		return err
	}
	r.hold("")
	return nil
}
