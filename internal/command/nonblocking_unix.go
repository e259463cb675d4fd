//go:build !windows

package command

import "golang.org/x/sys/unix"

// nonBlocking keeps the opening of what became a pipe meanwhile from waiting for its writer.
const nonBlocking = unix.O_NONBLOCK
