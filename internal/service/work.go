package service

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/lease"
	"csbackup/internal/module"
	"csbackup/internal/replica"
)

// awaitEvery is how often a file store is looked for that could not be opened.
const awaitEvery = 2 * time.Second

// work is what a service has once its file store is there.
type work struct {
	store   filestore.Store // refuses to change anything while another process holds the lease
	lease   *lease.Lease
	engines map[string]*engine
	closers []io.Closer
}

// stands gives what the service works with, nil while there is nothing, why it could not be opened, and why
// it does not answer.
func (s *service) stands() (w *work, away, silent error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.work, s.away, s.silent
}

// working gives what the service works with, or why it cannot work now.
func (s *service) working() (*work, error) {
	w, away, silent := s.stands()
	return w, cmp.Or(silent, away)
}

// run does the service's work until the context ends, from when its file store is there.
func (s *service) run(ctx context.Context, opened <-chan error) {
	err := <-opened
	for err != nil {
		timer := time.NewTimer(awaitEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err = s.openStore(ctx); err == nil {
			s.Log.Info("the file store is there", "store", s.Pool.FileStore)
		}
	}
	w, _, _ := s.stands()
	var running sync.WaitGroup
	running.Go(func() { w.lease.Keep(ctx) })
	for _, e := range w.engines {
		running.Go(func() { s.cycles(ctx, e) })
		running.Go(func() { e.scrub(ctx) })
	}
	running.Wait()
}

// openStore opens the file store, takes its lease and makes the engines. When it fails nothing is held,
// and the reason stands in the status until it succeeds.
func (s *service) openStore(ctx context.Context) error {
	w := &work{engines: map[string]*engine{}}
	err := s.fill(ctx, w)
	if err == nil {
		err = s.explain(s.workWith(w))
	}
	if err == nil {
		return nil
	}
	s.letGo(w.closers)
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := s.away == nil && failure.IsID(err, failure.InstanceRunning) // at the start: such a service does not wait
	if told := s.away != nil && s.away.Error() == err.Error(); !told && !refused {
		s.Log.Warn("the file store cannot be used yet; the service waits for it", "store", s.Pool.FileStore, "error", err, "advice", failure.Of(err).Hint)
	}
	s.away = err
	return err
}

// workWith makes w what the service works with. A sync that was asked for until now is found here, a later
// one by the engine itself.
func (s *service) workWith(w *work) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range w.engines {
		_, wanted, err := e.replica.Order()
		if err != nil {
			return err
		}
		e.progress.syncWanted, e.progress.lookWanted = wanted, wanted
	}
	s.work, s.away = w, nil
	return nil
}

func (s *service) fill(ctx context.Context, w *work) error {
	opened, err := s.open(s.Pool.FileStore)
	if err != nil {
		return failure.Wrap(failure.StoreUnavailable, s.Pool.FileStore, "The file store "+s.Pool.FileStore+" of "+s.Pool.FQDN+" cannot be opened",
			"Mount it, and let the service's account read and change it; the service goes on by itself. If the path is wrong, correct fileStore in the topology file and restart the service.", err)
	}
	bare := counted(opened)
	w.closers = append(w.closers, bare)
	if err := s.takeLease(ctx, w, bare); err != nil {
		return s.explain(err)
	}
	for _, m := range module.All() {
		if m.Held {
			if err := s.engine(w, m); err != nil {
				return s.explain(err)
			}
		}
	}
	return nil
}

// takeLease makes this process the one that may write to the store, or fails naming the one that is.
func (s *service) takeLease(ctx context.Context, w *work, bare filestore.Store) error {
	host, err := os.Hostname()
	if err != nil {
		host = s.Pool.FQDN
	}
	w.lease = lease.New(lease.Options{Store: bare, Folder: s.Pool.BackupStore() + "/Lease", Pool: s.Pool.FQDN,
		Self: lease.Holder{Host: host, Process: os.Getpid(), State: s.name}, Elapsed: func() time.Duration { return time.Since(s.started) }, Now: time.Now})
	w.closers = append(w.closers, closer(w.lease.Release))
	w.store = filestore.Guarded(bare, w.lease.Check)
	// On a store that has nothing of ours yet, perhaps an empty mount point, the first write takes it.
	if _, err := bare.Lstat(s.Pool.BackupStore()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err = w.lease.Acquire(ctx)
	if errors.Is(err, filestore.ErrAnotherStore) {
		return nil // it is not the known one: nothing is written before it is
	}
	return err
}

// engine makes one module's engine.
func (s *service) engine(w *work, m module.Module) error {
	var roots []replica.Root
	for _, r := range s.Pool.Roots(m) {
		roots = append(roots, replica.Root{Name: r.Name, Folder: r.Folder})
	}
	r, err := replica.Open(replica.Options{
		Pool: s.Pool.FQDN, Partner: s.partner.FQDN, Module: m.Identity, Version: version, Store: w.store, Index: s.indexes[m.Identity], Roots: roots,
		Where: s.Pool.FileStore, Base: s.Pool.BackupStore() + "/" + m.Short,
		Elapsed: func() time.Duration { return time.Since(s.started) }, Now: time.Now,
		Settle:   func() time.Duration { return min(time.Duration(s.settings.Get().SyncInterval), 30*time.Second) },
		Settings: s.offer, Offered: s.offered, Guard: w.lease.Check, Admit: s.takeOver, Readers: min(runtime.NumCPU(), 4),
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, r)
	if err := r.Renew(); failure.IsID(err, failure.InstanceRunning) {
		return err
	} else if err != nil {
		s.Log.Warn("the store's marker could not be renewed", "module", m.Identity, "error", err)
	}
	w.engines[m.Identity] = &engine{module: m, replica: r, settings: s.settings, standing: w.lease.Standing, explain: s.explain,
		dial: s.dial, log: s.Log, now: time.Now, wake: make(chan struct{}, 1)}
	return nil
}

type closer func() error

func (c closer) Close() error { return c() }
