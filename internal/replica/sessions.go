package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"csbackup/internal/failure"
)

// ErrReplaced: the partner began another session of the same module, which runs in the place of this one.
var ErrReplaced = errors.New("another session of the partner took its place")

// replacedWithin is how long a new session waits for the end of the one before. That one ends as soon as its
// operation on the store does: it is waited for no longer than a store may be silent.
const replacedWithin = time.Minute

// sessions lets one importing session of a module run at a time: the newest. What two of them received at the
// same time could meet in one temporary file.
type sessions struct {
	slot   chan struct{} // holds a value while a session runs
	mu     sync.Mutex
	newest *Importer
}

// admit stops the sessions before this one and waits for the end of the one that runs.
func (s *sessions) admit(ctx context.Context, im *Importer) error {
	s.mu.Lock()
	before := s.newest
	s.newest = im
	s.mu.Unlock()
	if before != nil {
		before.stop(ErrReplaced)
	}
	late := time.NewTimer(replacedWithin)
	defer late.Stop()
	select {
	case s.slot <- struct{}{}:
		im.running = true
		return nil
	case <-late.C:
		return failure.New(failure.StoreUnavailable, im.Where,
			fmt.Sprintf("An earlier session of %s still waits for the file store %s of %s", im.Partner, im.Where, im.Pool),
			"See whether the disk or the server that holds it answers. The next cycle tries again by itself.")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave hears that nothing of a session runs any more.
func (s *sessions) leave(im *Importer) {
	s.mu.Lock()
	if s.newest == im {
		s.newest = nil
	}
	s.mu.Unlock()
	if im.running {
		<-s.slot
	}
}

// Opened hears how the session is stopped from this side.
func (im *Importer) Opened(stop context.CancelCauseFunc) { im.stop = stop }

// Closed hears that the session is over and nothing of it runs any more.
func (im *Importer) Closed() { im.sessions.leave(im) }
