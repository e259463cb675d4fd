package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/failure"
)

// namedFile is a file that a command reads or writes.
type namedFile struct {
	what, path string
	mayReplace func(file *os.File, size int64) bool // whether an existing one may be replaced; nil for what is only read
	check      func(path string) error              // whether the name will do; nil for any
}

func archiveToWrite(path string) namedFile {
	return namedFile{what: "archive", path: path, mayReplace: func(file *os.File, size int64) bool {
		_, err := archive.Open(file, size, path)
		return !failure.IsID(err, failure.ArchiveForeign)
	}}
}

func reportToWrite(path string) namedFile {
	return namedFile{what: "report", path: path, check: checkReport, mayReplace: func(file *os.File, _ int64) bool {
		if strings.EqualFold(filepath.Ext(path), ".json") {
			return isJSONReport(file)
		}
		return htmlreport.IsReport(file)
	}}
}

// proveFiles refuses, before anything is written, what would stop a command or spoil a file later: two names for one
// file, a folder that takes no file, and a file in the way that is no earlier output, unless force is given.
func (o *ChatDatabase) proveFiles(env *Environment, command string, force bool, files ...namedFile) error {
	named := append(o.databaseFiles(), namedFile{what: "log", path: env.LogFile})
	for _, one := range files {
		if one.mayReplace != nil {
			if err := checkFolder(one.path); err != nil {
				return err
			}
		}
		for _, other := range named {
			if one.path != "" && other.path != "" && sameFile(one.path, other.path) {
				return failure.New(failure.InvalidUsage, one.path, fmt.Sprintf("The %s and the %s cannot be the same file, %s", one.what, other.what, one.path), "Give one of them another path.")
			}
		}
		named = append(named, one)
	}
	for _, one := range files {
		if one.path == "" || one.mayReplace == nil {
			continue
		}
		if one.check != nil {
			if err := one.check(one.path); err != nil {
				return err
			}
		}
		if err := one.checkReplaced(command, force); err != nil {
			return err
		}
		if err := archive.Prove(one.path); err != nil {
			return err
		}
	}
	return nil
}

// checkReplaced refuses to replace a file that is no earlier output of the same kind.
func (n namedFile) checkReplaced(command string, force bool) error {
	info, err := os.Lstat(n.path)
	if err != nil || force || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // Prove explains what cannot be written
	}
	file, err := os.Open(n.path)
	if err == nil {
		defer file.Close()
		if n.mayReplace(file, info.Size()) {
			return nil
		}
	}
	return failure.New(failure.FileExists, n.path, fmt.Sprintf("%s is there already, and is no %s that was written earlier", n.path, n.what),
		"Name another file, or move this one away first; csbackup "+command+" --force replaces it.")
}

// databaseFiles are the files of an embedded database: its own, and those that SQLite keeps beside it.
func (o *ChatDatabase) databaseFiles() []namedFile {
	path, inFile := strings.CutPrefix(o.DBInstance, "sqlite:")
	if !inFile {
		return nil
	}
	files := []namedFile{{what: "database", path: path}}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the files beside it stand where it really is
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		files = append(files, namedFile{what: "database", path: path + suffix})
	}
	return files
}

// checkFolder refuses early to write a file into a folder that is not there.
func checkFolder(path string) error {
	if path == "" {
		return nil
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err == nil && info.IsDir() {
		return nil
	}
	return failure.New(failure.FileNotFound, path, "There is no folder "+folder+" for "+filepath.Base(path), "Make the folder first, or correct the path.")
}

// sameFile tells whether two paths lead to one file, which need not be there yet: by what they lead to, or by the
// folder and the name in it.
func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	if errOne == nil && errOther == nil {
		return os.SameFile(one, other)
	}
	if errOne == nil != (errOther == nil) { // what is there and what is not
		return false
	}
	folderOne, errOne := os.Stat(filepath.Dir(a))
	folderOther, errOther := os.Stat(filepath.Dir(b))
	if errOne != nil || errOther != nil || !os.SameFile(folderOne, folderOther) {
		return false
	}
	nameOne, nameOther := filepath.Base(a), filepath.Base(b)
	return nameOne == nameOther || strings.EqualFold(nameOne, nameOther) && ignoresCase(filepath.Dir(a))
}

// ignoresCase tells whether a folder takes names that differ in case only for one. It makes a file to find out; where
// it cannot, nothing can be written there either.
func ignoresCase(folder string) bool {
	file, err := os.CreateTemp(folder, ".csbackup-case-*")
	if err != nil {
		return false
	}
	defer os.Remove(file.Name())
	info, err := file.Stat()
	if errors.Join(err, file.Close()) != nil {
		return false
	}
	other, err := os.Stat(filepath.Join(folder, strings.ToUpper(filepath.Base(file.Name()))))
	return err == nil && os.SameFile(info, other)
}

// afterwards is the error for what failed when the work itself was done: done tells what was. It is nil without a cause.
func afterwards(target, done string, cause error) error {
	if cause == nil {
		return nil
	}
	known := failure.Of(cause)
	id, hint := failure.PartlyDone, known.Hint
	if known.ID == failure.Cancelled {
		id, hint = failure.Cancelled, "Read the result; what is left to do needs another run."
	}
	return failure.Wrap(id, target, done, hint, cause)
}

// openRegular opens a file to read, and refuses what is no file before it could wait for a writer.
func openRegular(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(path)
	}
	return os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
}

func notRegular(name string) error {
	return failure.New(failure.ArchiveForeign, name, name+" is no file", "Give the path of a file that \"csbackup chat export\" made.")
}

// openArchive opens an archive's file; the caller closes the file.
func openArchive(path string) (*archive.Archive, *os.File, error) {
	if path == "" {
		return nil, nil, failure.New(failure.InvalidUsage, "", "No archive was named", "Give the path of a file that \"csbackup chat export\" made.")
	}
	file, err := openRegular(path)
	if failure.IsID(err, failure.ArchiveForeign) {
		return nil, nil, err
	}
	if err != nil {
		id, hint := failure.FileNotReadable, "Check the rights on the file."
		if errors.Is(err, fs.ErrNotExist) {
			id, hint = failure.FileNotFound, "Check the path."
		}
		return nil, nil, failure.Wrap(id, path, "The archive cannot be opened", hint, err)
	}
	a, err := readArchive(file, path)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return a, file, nil
}

func readArchive(file *os.File, name string) (*archive.Archive, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, failure.Wrap(failure.FileNotReadable, name, "The archive cannot be read", "Check the disk that it lies on.", err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name)
	}
	return archive.Open(file, info.Size(), name)
}
