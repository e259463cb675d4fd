package archive

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// hold has nothing to do: Windows does not remove a file that a process has open without sharing that.
func hold(*os.File) error { return nil }

// removeAbandoned removes a file that nobody has open.
func removeAbandoned(name string) { _ = os.Remove(name) }

// IsFull tells whether a disk, or what the user may put on it, is used up.
func IsFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
