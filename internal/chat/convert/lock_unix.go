//go:build !windows

package convert

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Hold marks a file as being written until it is closed or the process ends. It gives false where another process
// holds it. A file system without locks lets everybody write.
func Hold(file *os.File) (bool, error) {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil, errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS):
		return true, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, nil
	}
	return false, err
}
