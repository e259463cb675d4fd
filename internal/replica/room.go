package replica

import (
	"errors"
	"fmt"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
)

// room refuses contents that would not leave enough of the store's volume free: one hundredth, at most
// a gigabyte. A service that filled a volume would stop the conferences on it.
func (r *Replica) room(need int64) error {
	if need == 0 {
		return nil
	}
	usage, err := r.Store.Usage()
	if err != nil {
		return fmt.Errorf("ask how much room is left: %w", err)
	}
	floor := min(usage.Total/100, 1<<30)
	if uint64(need)+floor <= usage.Free {
		return nil
	}
	free, err := r.freeRoom(uint64(need) + floor)
	if err != nil {
		return fmt.Errorf("make room by removing the oldest kept versions: %w", err)
	}
	if uint64(need)+floor <= free {
		return nil
	}
	return failure.New(failure.DiskFull, r.Where, fmt.Sprintf("The volume of the file store %s of %s has no room: %d bytes are free, %d are to come, and %d stay free%s",
		r.Where, r.Pool, free, need, floor, r.keptNote()), "Make room there; the next cycle goes on by itself, and nothing is lost.")
}

// keptNote says how much kept versions hold, as a part of a sentence; "" when there are none.
func (r *Replica) keptNote() string {
	counts := r.Index.Counts()
	if counts.Kept == 0 {
		return ""
	}
	return fmt.Sprintf("; kept versions hold %d bytes in %d files", counts.KeptBytes, counts.Kept)
}

// fails notes why a path must wait. A full volume is no matter of one path: it ends the session.
func (r *Replica) fails(s *step, err error) error {
	s.failed = err.Error()
	if !errors.Is(err, filestore.ErrFull) {
		return nil
	}
	free := "no room"
	if usage, usageErr := r.Store.Usage(); usageErr == nil {
		free = fmt.Sprintf("no room for more: %d bytes are free", usage.Free)
	}
	return failure.Wrap(failure.DiskFull, r.Where, fmt.Sprintf("The volume of the file store %s of %s has %s%s", r.Where, r.Pool, free, r.keptNote()),
		"Make room there; the next cycle goes on by itself, and nothing is lost.", err)
}
