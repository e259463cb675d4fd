package service

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/lease"
)

// takeLease makes this process the one that may write to the store, or fails naming the one that is.
func (s *service) takeLease(ctx context.Context) error {
	name, err := stateName(s.StateDir)
	if err != nil {
		return failure.Wrap(failure.StateUnusable, s.StateDir, "The state folder cannot be used", "Give --state-dir a folder that this account may write.", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = s.Pool.FQDN
	}
	s.lease = lease.New(lease.Options{Store: s.store, Folder: s.Pool.BackupStore() + "/Lease", Pool: s.Pool.FQDN,
		Self: lease.Holder{Host: host, Process: os.Getpid(), State: name}, Elapsed: func() time.Duration { return time.Since(s.started) }, Now: time.Now})
	s.closers = append(s.closers, closer(s.lease.Release))
	bare := s.store
	s.store = filestore.Guarded(bare, s.lease.Check)
	// On a store that has nothing of ours yet, perhaps an empty mount point, the first write takes it.
	if _, err := bare.Lstat(s.Pool.BackupStore()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := s.lease.Acquire(ctx); err != nil {
		if failure.IsID(err, failure.InstanceRunning) || ctx.Err() != nil {
			return err
		}
		return failure.Wrap(failure.StoreUnavailable, s.Pool.FileStore, "The file store cannot be used", "Check that this account may write below "+s.Pool.BackupStore()+".", err)
	}
	return nil
}

type closer func() error

func (c closer) Close() error { return c() }

// stateName gives the state folder's own name, made when there is none.
func stateName(dir string) (string, error) {
	path := filepath.Join(dir, "name")
	raw, err := os.ReadFile(path)
	if name := strings.TrimSpace(string(raw)); err == nil && name != "" {
		return name, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	name := rand.Text()
	return name, os.WriteFile(path, []byte(name+"\n"), 0o600)
}
