package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"csbackup/internal/failure"
)

// filePlan puts the archive's uploaded files back into a file store. They are written before the database commits, so that
// a message never links to a file that is still missing, and removed again where it does not.
type filePlan struct {
	importer *importer
	plan     *plan
	root     *os.Root
	created  []string // files and folders, in the order in which they were made
}

func newFilePlan(i *importer, p *plan) *filePlan { return &filePlan{importer: i, plan: p} }

// count is how many files the archive holds.
func (f *filePlan) count() (files int64) {
	for _, m := range f.importer.archive.Manifest().Members {
		if m.File != nil {
			files++
		}
	}
	return files
}

// look tells which files would be written, and changes nothing.
func (f *filePlan) look() error {
	r, count := &f.plan.result, f.count()
	if count == 0 {
		return nil
	}
	if f.importer.options.FileStore == "" {
		r.LeftOutCount += count
		r.leaveOut("%d uploaded files, which stay in the archive: csbackup chat import --file-store puts them into a file store", count)
		return nil
	}
	return f.each(func(name string, there bool, _ time.Time, _ io.Reader) error {
		if there {
			r.FilesSame++
		} else {
			r.Files++
			r.NothingToDo = false
		}
		return nil
	})
}

// each gives every file with the name that it has in the file store, and whether the same one is there already.
func (f *filePlan) each(fn func(name string, there bool, modTime time.Time, content io.Reader) error) error {
	store, err := openFileStore(f.importer.options.FileStore)
	if err != nil {
		return err
	}
	f.root = store.root
	defer store.close()
	return f.importer.archive.Files(f.importer.ctx, func(guid, name string, modTime time.Time, size int64, content io.Reader) error {
		if there, ok := f.plan.otherGUIDs[guid]; ok {
			guid = there
		}
		if folder, ok := store.folders[guid]; ok { // perhaps in upper case
			guid = folder
		}
		name = guid + "/" + name
		if _, err := store.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return fn(name, false, modTime, content)
		}
		same, err := f.same(name, content)
		if err != nil {
			return err
		}
		if !same {
			f.plan.other(name)
			return nil
		}
		return fn(name, true, modTime, nil)
	})
}

// other notes a file of the same name with another content.
func (p *plan) other(name string) {
	for _, c := range p.result.Clashes {
		if c.Where == name {
			return
		}
	}
	p.result.ClashCount++
	p.result.Clashes = append(p.result.Clashes, Clash{Table: "files", Where: name, Database: "a file with another content", Archive: "its own content", Done: "the file in the store stays"})
}

// same compares a file of the store with the archive's.
func (f *filePlan) same(name string, content io.Reader) (bool, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return false, f.failed(name, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(content, a)
		m, errB := io.ReadFull(file, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return false, nil
		}
		ended := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
		switch {
		case errA != nil && !ended(errA):
			return false, errA
		case errB != nil && !ended(errB):
			return false, f.failed(name, errB)
		case errA != nil && errB != nil:
			return true, nil
		}
	}
}

func (f *filePlan) failed(name string, err error) error {
	return failure.Wrap(failure.FileNotWritable, f.importer.options.FileStore, fmt.Sprintf("%q cannot be put back into the file store", name),
		"Nothing was changed. Check the rights on the file store and the room on its volume.", err)
}

// write puts the files back, each under a passing name first. After an error none of them is left.
func (f *filePlan) write() error {
	if f.importer.options.FileStore == "" || f.plan.result.Files == 0 {
		return nil
	}
	err := f.each(func(name string, there bool, modTime time.Time, content io.Reader) error {
		if there {
			return nil
		}
		return f.put(name, modTime, content)
	})
	if err != nil {
		return undone(err, f.undo())
	}
	return nil
}

const passing = ".csbackup-unfinished"

func (f *filePlan) put(name string, modTime time.Time, content io.Reader) error {
	folder := name[:36] // a GUID
	switch err := f.root.Mkdir(folder, 0o755); {
	case err == nil:
		f.created = append(f.created, folder)
	case !errors.Is(err, fs.ErrExist):
		return f.failed(folder, err)
	}
	passingName := name + passing
	file, err := f.root.OpenFile(passingName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return f.failed(name, err)
	}
	if _, err = io.Copy(file, content); err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = f.root.Chtimes(passingName, modTime, modTime)
	}
	if err == nil {
		err = f.root.Rename(passingName, name)
	}
	if err != nil {
		return errors.Join(f.failed(name, err), f.root.Remove(passingName))
	}
	f.created = append(f.created, name)
	return f.sync(folder)
}

// sync makes the names in a folder last. Windows does it by itself.
func (f *filePlan) sync(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	opened, err := f.root.Open(folder)
	if err != nil {
		return f.failed(folder, err)
	}
	if err := errors.Join(opened.Sync(), opened.Close()); err != nil {
		return f.failed(folder, err)
	}
	return nil
}

// undo removes what write made.
func (f *filePlan) undo() error {
	if len(f.created) == 0 {
		return nil
	}
	root, err := os.OpenRoot(f.importer.options.FileStore)
	if err != nil {
		return f.failed("", err)
	}
	defer root.Close()
	for n := len(f.created) - 1; n >= 0; n-- {
		err = errors.Join(err, root.Remove(f.created[n]))
	}
	f.created = nil
	return err
}
