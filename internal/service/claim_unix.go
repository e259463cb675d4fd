//go:build !windows

package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"golang.org/x/sys/unix"
)

// claim takes the state folder for this process; the system gives it back when the process ends,
// however it ends.
func claim(stateDir string, pool *topology.Pool) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(stateDir, "owner"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failure.Wrap(failure.StateUnusable, stateDir, "The state folder cannot be used", "Give --state-dir a folder that this account may write.", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := make([]byte, 200)
		n, _ := f.Read(holder) // an unreadable note only makes the sentence shorter
		return nil, errors.Join(failure.New(failure.InstanceRunning, pool.FQDN,
			fmt.Sprintf("Another Backup Service of %s uses %s: %s", pool.FQDN, stateDir, strings.TrimSpace(string(holder[:n]))), "Stop it first."), f.Close())
	}
	note := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteString(note); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil
}
