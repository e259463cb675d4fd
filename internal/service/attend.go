package service

import (
	"context"
	"fmt"
	"time"

	"csbackup/internal/failure"
)

const (
	// attendEvery is how often the file store is asked for a sign of life.
	attendEvery = 5 * time.Second
	// silentAfter is how long it may take to answer. What waits for it goes on waiting; a network share
	// whose server is away may let its callers wait for ever.
	silentAfter = 15 * time.Second
)

// attend asks for a sign of life with ask until the context ends, and keeps why there is none while there is
// none. It closes silence when that happens for the first time.
func (s *service) attend(ctx context.Context, ask func(), silence chan<- struct{}) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		answered := make(chan struct{})
		began := time.Now()
		go func() { ask(); close(answered) }() // it may outlive the service, and does nothing then
		late := time.NewTimer(silentAfter)
		select {
		case <-ctx.Done():
		case <-answered:
		case <-late.C:
			s.hush(failure.New(failure.StoreUnavailable, s.Pool.FileStore,
				fmt.Sprintf("The file store %s of %s has not answered since %s", s.Pool.FileStore, s.Pool.FQDN, began.UTC().Format(time.RFC3339)),
				"See whether the server or the disk that holds it answers, and mount it anew if it does not; the service goes on by itself. If it does not go on, restart it."))
			if silence != nil {
				close(silence)
				silence = nil
			}
			select {
			case <-ctx.Done():
			case <-answered:
				s.hush(nil)
			}
		}
		late.Stop()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// hush keeps why the file store does not answer, nil once it does.
func (s *service) hush(silent error) {
	if silent != nil {
		s.Log.Warn("the file store does not answer", "error", silent, "advice", failure.Of(silent).Hint)
	} else {
		s.Log.Info("the file store answers again", "store", s.Pool.FileStore)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
	if silent == nil {
		return
	}
	s.endAnswering()
	s.answering, s.endAnswering = context.WithCancel(context.Background())
	if s.work == nil {
		s.away = silent
	}
}

// answers ends when the file store falls silent the next time.
func (s *service) answers() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answering
}

// ask looks at the file store as all work does, and as what opens it does.
func (s *service) ask() {
	if store, err := s.open(s.Pool.FileStore); err == nil {
		store.Close()
	}
	if w, _, _ := s.stands(); w != nil {
		_, _ = w.store.Lstat(".") // whatever it answers
		for _, e := range w.engines {
			if e.replica.CheckStore() {
				e.nudge()
			}
		}
	}
}
