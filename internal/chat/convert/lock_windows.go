package convert

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Hold marks a file as being written until it is closed or the process ends. It gives false where another process
// holds it. The mark lies far behind the content, which Windows would not let others read otherwise.
func Hold(file *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
