package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"csbackup/internal/certificate"
	"csbackup/internal/filestore"
	"csbackup/internal/service"
	"csbackup/internal/topology"
)

// hanging is a store of which one operation at a time never answers, until it is let go.
type hanging struct {
	mu     sync.Mutex
	op     string
	hit    chan struct{} // closed when the operation came
	answer chan struct{}
}

func (h *hanging) decide(op, _ string) error {
	h.mu.Lock()
	answer := h.answer
	if op != h.op {
		h.mu.Unlock()
		return nil
	}
	select {
	case <-h.hit:
	default:
		close(h.hit)
	}
	h.mu.Unlock()
	<-answer
	return nil
}

// arm lets an operation hang from now on. What it returns lets go of it.
func (h *hanging) arm(op string) (hit <-chan struct{}, release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.op, h.hit, h.answer = op, make(chan struct{}), make(chan struct{})
	return h.hit, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.op = ""
		close(h.answer)
	}
}

// Whichever operation of the store never answers: the status is told and a sync accepted all the same.
func TestP24_NoOperationThatHangsHangsTheAnswers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	top, err := topology.Load(filepath.Join(l.dir, "pools.yaml"))
	l.check(err)
	pool, err := top.Pool(two)
	l.check(err)
	ops := []string{"lstat", "readdir", "open", "read", "create", "write", "modtime", "close", "makefolder", "rights", "publish",
		"exchange", "remove", "flush", "flushfolders", "usage"}
	for i := range ops {
		l.write(one, fmt.Sprintf("CollabContent/m/changed%d", i), "content")
	}
	l.write(one, "CollabContent/gone/s", "content")
	certs := filepath.Join(l.dir, "certs")
	h := &hanging{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- service.RunOn(ctx, service.Options{Topology: top, Pool: pool, StateDir: filepath.Join(l.dir, "state", two), RuntimeDir: filepath.Join(l.dir, "run"),
			Certificates: certificate.Files{Certificate: filepath.Join(certs, two+".pem"), PrivateKey: filepath.Join(certs, two+".key"), CA: filepath.Join(certs, "ca.pem")},
			Log:          slog.New(slog.DiscardHandler)}, func(path string, admit func(filestore.Store) error) (filestore.Store, error) {
			store, err := filestore.OpenAdmitted(path, admit)
			return filestore.NewFaulty(store, h.decide), err
		})
	}()
	l.serve(one)
	l.until("the service answers", func() bool { return l.run("status", "--pool-fqdn", two).code == 0 })
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	slowest := time.Duration(0)
	for i, op := range ops {
		if op == "remove" { // of a folder that is deleted, which an unfinished full comparison would bring back
			l.until("all is compared", func() bool {
				return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
			})
		}
		hit, release := h.arm(op)
		l.write(one, fmt.Sprintf("CollabContent/new%d/s", i), "new")
		l.check(os.Chmod(filepath.Join(l.tree(one), "CollabContent", fmt.Sprintf("new%d", i)), 0o700))
		l.write(one, fmt.Sprintf("CollabContent/m/changed%d", i), "changed")
		l.write(two, fmt.Sprintf("CollabContent/theirs%d/s", i), "new")
		if op == "remove" {
			l.check(os.RemoveAll(filepath.Join(l.tree(one), "CollabContent", "gone")))
		} else {
			l.must("sync", "--pool-fqdn", one, "--backup-module", conf)
		}
		select {
		case <-hit:
		case <-time.After(patience):
			t.Fatalf("no %s came", op)
		}
		for _, args := range [][]string{{"status"}, {"sync", "--backup-module", conf}, {"status"}} {
			began := time.Now()
			if got := l.run(append(args, "--pool-fqdn", two)...); got.code != 0 {
				t.Errorf("while %s hangs, %v gives %+v", op, args, got)
			}
			slowest = max(slowest, time.Since(began))
		}
		release()
	}
	t.Logf("the slowest command took %s", slowest)
	l.until("all is well again", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	l.wantAlike()
	stop()
	l.check(<-ended)
}
