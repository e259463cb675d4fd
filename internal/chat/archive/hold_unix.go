//go:build !windows

package archive

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// hold marks the file as being written, until it is closed or the process ends. A file system without
// locks is no reason not to write: there, nothing is taken for abandoned either.
func hold(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}

// removeAbandoned removes a file that nobody holds.
func removeAbandoned(name string) {
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		_ = os.Remove(name)
	}
}

// IsFull tells whether a disk, or what the user may put on it, is used up.
func IsFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
