package conformance

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Census is all that can be told of a folder and what is below it: whoever touches anything there changes it.
func Census(dir string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		found[path] = fmt.Sprint(stat.Ino, stat.Mode, stat.Nlink, stat.Size, stat.Mtim, stat.Ctim)
		return nil
	})
	return found, err
}
