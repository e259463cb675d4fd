package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf8"

	"csbackup/internal/failure"
)

// unfinished is how the names of files end that are not complete yet. Before it stand the final name and
// characters that make the name the only one.
const unfinished = ".csbackup-unfinished"

// Create makes the file at path with what write puts out. Under its final name a file is whole: it is
// written beside it, synced, and only then renamed; a file that was there before stays until then. When
// write fails, or anything else, or the process ends, nothing stands under the final name that did not
// stand there before. A process that is killed leaves an unfinished file; the next Create for the same
// path removes those that no process writes any more.
func Create(path string, write func(io.Writer) error) error {
	folder, base := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	if err := noFile(path); err != nil {
		return err
	}
	removeUnfinished(folder, base)
	file, err := createUnfinished(folder, base)
	if err != nil {
		return explainCreate(path, folder, err)
	}
	name := file.Name()
	complete := false
	defer func() {
		if !complete {
			_ = file.Close()
			_ = os.Remove(name)
		}
	}()
	out := &watchedWriter{to: file}
	if err := write(out); err != nil {
		if out.failed != nil {
			return explainWrite(path, err)
		}
		return err
	}
	if err := file.Sync(); err != nil {
		return explainWrite(path, err)
	}
	// On Windows a file that is open cannot be renamed; elsewhere the lock must last until it is.
	if runtime.GOOS == "windows" {
		if err := file.Close(); err != nil {
			return explainWrite(path, err)
		}
	}
	if err := os.Rename(name, path); err != nil {
		return explainRename(path, err)
	}
	complete = true
	_ = file.Close() // everything in it is synced
	return syncFolder(path, folder)
}

// Prove tells whether Create could make the file at path now: its folder takes a file of some size, and nothing but a
// file stands there. It leaves nothing behind. Its errors are those of Create.
func Prove(path string) error {
	folder, base := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	if err := noFile(path); err != nil {
		return err
	}
	file, err := createUnfinished(folder, base)
	if err != nil {
		return explainCreate(path, folder, err)
	}
	_, err = file.Write(make([]byte, proofSize))
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		return explainWrite(path, err)
	}
	return nil
}

// proofSize is what a folder must take to be proven: more than an empty report, and little to write.
const proofSize = 64 << 10

// noFile refuses a path at which something else than a file stands, and a name that the disk refuses.
func noFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explainCreate(path, filepath.Dir(path), err)
	}
	if err == nil && !info.Mode().IsRegular() {
		return cannotWrite(failure.FileNotWritable, path, "it is there already and is no file", "Name a file that is not there yet, or an earlier one of the same kind.", nil)
	}
	return nil
}

func syncFolder(path, folder string) error {
	if runtime.GOOS == "windows" {
		return nil // it keeps its folders by itself
	}
	handle, err := os.Open(folder)
	if err == nil {
		err = handle.Sync()
		_ = handle.Close()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return failure.Wrap(failure.FileNotWritable, path, fmt.Sprintf("The file %s is written, but its folder could not be synced", path), "Check the disk, and the archive with \"csbackup chat verify\".", err)
	}
	return nil
}

// removeUnfinished removes what killed processes left of the same file. What it cannot remove stays: it
// is in nobody's way.
func removeUnfinished(folder, base string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		middle, ok := strings.CutPrefix(e.Name(), shortened(base)+".")
		if middle, isOurs := strings.CutSuffix(middle, unfinished); ok && isOurs && middle != "" && !strings.Contains(middle, ".") && e.Type().IsRegular() {
			removeAbandoned(filepath.Join(folder, e.Name()))
		}
	}
}

// shortened cuts a name so that an unfinished one, which is longer, is none that the disk refuses.
func shortened(base string) string {
	const longest = 100
	if len(base) <= longest {
		return base
	}
	cut := longest
	for !utf8.RuneStart(base[cut]) {
		cut--
	}
	return base[:cut]
}

// watchedWriter remembers whether it was the disk that failed.
type watchedWriter struct {
	to     io.Writer
	failed error
}

// Write passes the bytes on.
func (w *watchedWriter) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	if err != nil {
		w.failed = err
	}
	return n, err
}

// createUnfinished makes a file that no other process takes for abandoned.
func createUnfinished(folder, base string) (*os.File, error) {
	const attempts = 10
	for range attempts {
		file, err := os.CreateTemp(folder, shortened(base)+".*"+unfinished)
		if err != nil {
			return nil, err
		}
		err = hold(file)
		if err == nil {
			var named, opened fs.FileInfo
			if opened, err = file.Stat(); err == nil {
				named, err = os.Lstat(file.Name())
			}
			if err == nil && os.SameFile(named, opened) {
				return file, nil
			}
		}
		_ = file.Close()
		// Another process may have removed it before it was held; then its name is free again.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(file.Name())
			return nil, err
		}
	}
	return nil, errors.New("other processes remove the unfinished file again and again")
}

func explainCreate(path, folder string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cannotWrite(failure.FileNotFound, path, fmt.Sprintf("there is no folder %s", folder), "Make the folder first, or correct the path.", nil)
	case errors.Is(err, fs.ErrPermission):
		return cannotWrite(failure.FileNotWritable, path, fmt.Sprintf("nothing can be written to the folder %s", folder), "Choose another folder, or get the right to write there.", err)
	}
	return cannotWrite(failure.FileNotWritable, path, fmt.Sprintf("no file can be made in the folder %s", folder), "Choose another folder.", err)
}

func explainWrite(path string, err error) error {
	if IsFull(err) {
		return cannotWrite(failure.DiskFull, path, "the disk is full", "Make room on the disk, or choose another; nothing was left behind.", err)
	}
	return cannotWrite(failure.FileNotWritable, path, "the disk did not take it", "Check the disk, or choose another; nothing was left behind.", err)
}

func explainRename(path string, err error) error {
	return cannotWrite(failure.FileNotWritable, path, "the complete archive could not be given its name", "Close the programs that have the old file open, or choose another name.", err)
}

func cannotWrite(id failure.ID, path, what, hint string, cause error) error {
	return failure.Wrap(id, path, fmt.Sprintf("The file %s was not written: %s", path, what), hint, cause)
}
