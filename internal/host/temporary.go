package host

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"csbackup/internal/failure"
)

// temporaryName is what a caller's temporary folder is called, and temporaryFiles what may lie in it.
var (
	temporaryName  = regexp.MustCompile(`^csbackup-[0-9a-f]{32}$`)
	temporaryFiles = []string{"export.zip", "import.zip"}
)

// checkTemporary refuses what is not a caller's own folder for one request, so that nothing else is ever
// taken away in its place.
func checkTemporary(folder string) error {
	info, err := os.Lstat(folder)
	switch {
	case err != nil:
	case !filepath.IsAbs(folder) || !temporaryName.MatchString(filepath.Base(folder)):
		err = errors.New("its name is not that of one")
	case !info.IsDir():
		err = errors.New("it is no folder")
	}
	if err != nil {
		return failure.Wrap(failure.InvalidUsage, folder, "The temporary folder of the request cannot be used",
			"Make a folder csbackup- with 32 hexadecimal digits.", err)
	}
	return nil
}

// removeTemporary takes the folder away for a caller that is gone: the files that may lie in it, and then
// itself, if nothing else is there.
func removeTemporary(folder string) error {
	if err := checkTemporary(folder); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range temporaryFiles {
		if err := root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(append(failed, root.Close(), os.Remove(folder))...)
}
