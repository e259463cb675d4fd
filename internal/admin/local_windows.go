package admin

import (
	"context"
	"net"
	"os"

	"csbackup/internal/failure"

	"github.com/Microsoft/go-winio"
)

func pipe(fqdn string) string { return `\\.\pipe\csbackup-` + fqdn }

// local tells whether a service of the pool may be on this machine, and whether the caller may open
// its door; that shows only when it tries.
func local(_, fqdn string) (there, open bool) {
	_, err := os.Stat(pipe(fqdn))
	return err == nil, err == nil
}

func dialLocal(ctx context.Context, _, fqdn string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, pipe(fqdn))
}

// ListenLocal opens the local door, for Administrators and SYSTEM alone.
func ListenLocal(_, fqdn string) (net.Listener, error) {
	listener, err := winio.ListenPipe(pipe(fqdn), &winio.PipeConfig{SecurityDescriptor: "D:P(A;;GA;;;BA)(A;;GA;;;SY)"})
	if err != nil {
		return nil, failure.Wrap(failure.InstanceRunning, fqdn, "The named pipe of "+fqdn+" cannot be opened", "Stop the Backup Service that runs already, or run as an administrator.", err)
	}
	return listener, nil
}
