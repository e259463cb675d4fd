//go:build !windows

package admin

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"csbackup/internal/failure"

	"golang.org/x/sys/unix"
)

func socket(runtimeDir, fqdn string) string { return filepath.Join(runtimeDir, fqdn+".sock") }

// local tells whether a service of the pool may be on this machine, and whether the caller may open
// its door. What is behind a folder that the caller may not look into counts as there.
func local(runtimeDir, fqdn string) (there, open bool) {
	info, err := os.Stat(socket(runtimeDir, fqdn))
	if errors.Is(err, fs.ErrPermission) {
		return true, false
	}
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false, false
	}
	return true, unix.Access(socket(runtimeDir, fqdn), unix.W_OK) == nil
}

func dialLocal(ctx context.Context, runtimeDir, fqdn string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", socket(runtimeDir, fqdn))
}

// ListenLocal opens the local door, for root alone. A socket that nobody answers on any more is
// replaced; one that answers means that a service of the pool runs already.
func ListenLocal(runtimeDir, fqdn string) (net.Listener, error) {
	if err := os.MkdirAll(runtimeDir, 0o700); err != nil {
		return nil, failure.Wrap(failure.StateUnusable, runtimeDir, "The runtime folder cannot be made", "Give --runtime-dir a folder that this account may write.", err)
	}
	name := socket(runtimeDir, fqdn)
	if conn, err := net.Dial("unix", name); err == nil {
		return nil, errors.Join(failure.New(failure.InstanceRunning, fqdn, "A Backup Service of "+fqdn+" runs on this machine already: it answers at "+name, "Stop it first, or use it."), conn.Close())
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, failure.Wrap(failure.StateUnusable, name, "An old socket cannot be removed", "Remove it by hand, or choose another --runtime-dir.", err)
	}
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, failure.Wrap(failure.StateUnusable, name, "The local socket cannot be made", "Choose a --runtime-dir with a shorter path that this account may write.", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}
