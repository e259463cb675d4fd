package convert

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
)

// journalName is the file that says which rooms of an unfinished folder are complete.
const journalName = "csbackup-unfinished.jsonl"

// maxJournalLine is the longest line of a journal that is read again.
const maxJournalLine = 64 << 20

// Folder is an output that is a folder. Nothing outside of it is ever opened.
type Folder struct {
	Counter
	Resumed bool // an earlier run was interrupted, and this one goes on

	path    string
	root    *os.Root
	journal *os.File
	done    map[int64]bool
	notes   []Note
	made    map[string]bool // folders
	written []writtenFile   // since the room began
}

// writtenFile is a file of a complete room.
type writtenFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// journalHead is the first line of a journal: what is converted, and how.
type journalHead struct {
	Unfinished string `json:"unfinished"` // for people
	Archive    string `json:"archive"`    // SHA-256 of its manifest
	Options    string `json:"options"`    // everything that decides on what is written
}

// journalRoom is a further line of a journal.
type journalRoom struct {
	Room  int64         `json:"room"`
	Files []writtenFile `json:"files"`
	Notes []Note        `json:"notes"`
}

// OpenFolder makes the folder, or opens one that an interrupted run with the same archive and options left.
// A folder with anything else in it is refused.
func OpenFolder(at, archiveSum, options string) (*Folder, error) {
	f := &Folder{path: at, done: map[int64]bool{}, made: map[string]bool{}}
	if err := os.Mkdir(at, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, f.failed(at, err)
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, f.failed(at, err)
	}
	f.root = root
	if err := f.begin(journalHead{"This folder is not complete. Run the same command again to go on.", archiveSum, options}); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *Folder) failed(name string, err error) error {
	var known *failure.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case archive.IsFull(err):
		return failure.Wrap(failure.DiskFull, f.path, fmt.Sprintf("%.200q cannot be written: the disk is full", name), "Make room on the disk and run the same command again: it goes on.", err)
	case errors.Is(err, fs.ErrNotExist):
		return failure.Wrap(failure.FileNotFound, f.path, fmt.Sprintf("%.200q cannot be made", name), "Make the folder above it first, or correct the path.", err)
	}
	return failure.Wrap(failure.FileNotWritable, f.path, fmt.Sprintf("%.200q cannot be written", name), "Check the rights and the disk, and run the same command again: it goes on.", err)
}

// begin reads the journal of an earlier run, or starts one.
func (f *Folder) begin(head journalHead) error {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return f.failed(f.path, err)
	}
	first, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		f.journal, err = f.root.OpenFile(journalName, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			err = f.hold()
		}
		if err == nil {
			_, err = f.journal.Write(append(first, '\n'))
		}
		return f.failed(journalName, err)
	}
	f.journal, err = f.root.OpenFile(journalName, os.O_RDWR, 0)
	if err != nil {
		return failure.New(failure.OutputExists, f.path, "The folder "+f.path+" is not empty, and no conversion was interrupted in it",
			"Name a folder that is not there yet, or an empty one.")
	}
	f.Resumed = true
	err = f.hold()
	if err == nil {
		err = f.resume(first)
	}
	if err != nil {
		return errors.Join(err, f.journal.Close())
	}
	return nil
}

// hold keeps other processes from writing into the folder.
func (f *Folder) hold() error {
	free, err := Hold(f.journal)
	if err == nil && !free {
		return failure.New(failure.OutputExists, f.path, "Another conversion into the folder "+f.path+" is under way", "Wait until it has ended, or name another folder.")
	}
	return f.failed(journalName, err)
}

// resume reads which rooms are complete. A last line that was cut off is passed over and written anew.
func (f *Folder) resume(first []byte) error {
	in := bufio.NewReaderSize(f.journal, 64<<10)
	line, err := journalLine(in)
	if err != nil || !bytes.Equal(line, first) {
		return failure.New(failure.OutputExists, f.path, "The folder "+f.path+" holds an interrupted conversion of another archive, or with other options",
			"Run the command as it was run then, or name another folder.")
	}
	whole := int64(len(line)) + 1
	for {
		line, err := journalLine(in)
		if err != nil {
			break
		}
		var one journalRoom
		if json.Unmarshal(line, &one) != nil {
			break
		}
		whole += int64(len(line)) + 1
		if f.stand(one.Files) {
			f.done[one.Room] = true
			f.notes = append(f.notes, one.Notes...)
		}
	}
	if err := f.journal.Truncate(whole); err != nil {
		return f.failed(journalName, err)
	}
	_, err = f.journal.Seek(whole, io.SeekStart)
	return f.failed(journalName, err)
}

// journalLine gives a line without its end; an error for one that has no end or is too long.
func journalLine(in *bufio.Reader) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return line[:len(line)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > maxJournalLine {
			return nil, err
		}
	}
}

// stand tells whether all files of a room are there with their sizes: after a power cut they may not be.
func (f *Folder) stand(files []writtenFile) bool {
	for _, one := range files {
		info, err := f.root.Lstat(one.Name)
		if err != nil || !info.Mode().IsRegular() || info.Size() != one.Size {
			return false
		}
	}
	for _, one := range files {
		f.Files++
		f.Bytes += one.Size
	}
	return true
}

// Notes gives what earlier runs noted of the rooms that are complete.
func (f *Folder) Notes() []Note { return f.notes }

// Create makes a file in the folder; one that an interrupted run left is replaced.
func (f *Folder) Create(name string) (io.WriteCloser, error) {
	if folder := path.Dir(name); folder != "." && !f.made[folder] {
		if err := f.root.MkdirAll(folder, 0o700); err != nil {
			return nil, f.failed(folder, err)
		}
		f.made[folder] = true
	}
	if f.Resumed {
		if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, f.failed(name, err)
		}
	}
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, f.failed(name, err)
	}
	f.Files++
	c := &counted{buffer: bufio.NewWriterSize(explained{f, file, name}, 64<<10), counter: &f.Counter}
	c.close = func(size int64) error {
		f.written = append(f.written, writtenFile{name, size})
		return f.failed(name, file.Close())
	}
	return c, nil
}

// explained is a file of the folder whose errors say what to do.
type explained struct {
	folder *Folder
	file   *os.File
	name   string
}

// Write passes bytes on.
func (e explained) Write(b []byte) (int, error) {
	n, err := e.file.Write(b)
	return n, e.folder.failed(e.name, err)
}

// Done tells that a room is complete since an earlier run.
func (f *Folder) Done(room int64) bool { return f.done[room] }

// Begin starts a room.
func (f *Folder) Begin(int64) error {
	f.written = nil
	return nil
}

// Complete notes in the journal that a room is complete.
func (f *Folder) Complete(room int64, notes []Note) error {
	line, err := json.Marshal(journalRoom{room, f.written, notes})
	if err == nil {
		_, err = f.journal.Write(append(line, '\n'))
	}
	f.written = nil
	return f.failed(journalName, err)
}

// Finish takes the journal away: the folder is complete.
func (f *Folder) Finish() error {
	err := errors.Join(f.journal.Close(), f.root.Remove(journalName))
	return errors.Join(f.failed(journalName, err), f.root.Close())
}

// Abandon leaves the folder for a later run.
func (f *Folder) Abandon() error { return errors.Join(f.journal.Close(), f.root.Close()) }
