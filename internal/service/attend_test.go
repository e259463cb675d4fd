package service

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/topology"
)

// A store whose operations do not come back is told after a while, and no longer once they do.
func TestP24_AStoreThatDoesNotAnswerIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := make(chan struct{})
		hanging := filestore.NewFaulty(filestore.NewMemory(filestore.MemoryOptions{}), func(string, string) error { <-dead; return nil })
		s := &service{Options: Options{Pool: &topology.Pool{FQDN: "pool1", FileStore: "/srv"}, Log: slog.New(slog.DiscardHandler)},
			open: func(string) (filestore.Store, error) { return filestore.NewMemory(filestore.MemoryOptions{}), nil }, work: &work{store: hanging}}
		s.answering, s.endAnswering = context.WithCancel(context.Background())
		session := s.answers()
		ctx, stop := context.WithCancel(t.Context())
		silence := make(chan struct{})
		go s.attend(ctx, s.ask, silence)
		time.Sleep(silentAfter - time.Second)
		if _, err := s.working(); err != nil {
			t.Errorf("too early: %v", err)
		}
		<-silence
		synctest.Wait()
		_, err := s.working()
		if !failure.IsID(err, failure.StoreUnavailable) || !strings.Contains(err.Error(), "The file store /srv of pool1 has not answered since 2000-01-01T00:00:00Z") {
			t.Errorf("it is told as %v", err)
		}
		if session.Err() == nil {
			t.Error("the partner's sessions go on")
		}
		close(dead)
		synctest.Wait()
		if w, err := s.working(); err != nil || w == nil {
			t.Errorf("once it answers: %v", err)
		}
		stop()
	})
}
