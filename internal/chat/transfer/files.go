package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
)

// fileStore is the Persistent Chat folder of a pool's file store: a folder for each room, named by its GUID, with the
// files that were uploaded to the room. Nothing outside of it is ever opened. A nil one holds nothing.
type fileStore struct {
	path    string
	root    *os.Root
	folders map[string]string          // by GUID in lower case
	known   map[string]map[string]bool // by GUID, the names of its files in lower case
}

func openFileStore(path string) (*fileStore, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		id := failure.FileNotReadable
		if errors.Is(err, fs.ErrNotExist) {
			id = failure.FileNotFound
		}
		return nil, failure.Wrap(id, path, "The file store cannot be opened", "Give the folder PersistentChat of the pool's file store, which has a folder for each room.", err)
	}
	s := &fileStore{path: path, root: root, folders: map[string]string{}, known: map[string]map[string]bool{}}
	entries, err := s.list(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, entry := range entries {
		if entry.IsDir() {
			s.folders[strings.ToLower(entry.Name())] = entry.Name()
		}
	}
	return s, nil
}

func (s *fileStore) close() error { return s.root.Close() }

// list gives what is in a folder, sorted by name.
func (s *fileStore) list(folder string) ([]fs.DirEntry, error) {
	opened, err := s.root.Open(folder)
	if err != nil {
		return nil, s.unreadable(folder, err)
	}
	entries, err := opened.ReadDir(-1)
	if err := errors.Join(err, opened.Close()); err != nil {
		return nil, s.unreadable(folder, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func (s *fileStore) unreadable(name string, err error) error {
	return failure.Wrap(failure.FileNotReadable, s.path, fmt.Sprintf("%q in the file store cannot be read", name), "Check the rights on the folder, and that it is not being moved.", err)
}

// uniqueName is the form of the names that files are stored under.
var uniqueName = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(\.[0-9A-Za-z]{1,20})?`)

// has tells whether the message of a room links to a file that is in the room's folder.
func (s *fileStore) has(guid, content string) bool {
	if s == nil {
		return false
	}
	names, looked := s.known[guid]
	if !looked {
		names = map[string]bool{}
		s.known[guid] = names
		if folder, ok := s.folders[guid]; ok {
			entries, _ := s.list(folder) // a folder that cannot be read is told of when its files are taken
			for _, entry := range entries {
				names[strings.ToLower(entry.Name())] = true
			}
		}
	}
	return slices.ContainsFunc(uniqueName.FindAllString(content, -1), func(name string) bool { return names[strings.ToLower(name)] })
}

// files takes the uploaded files of the rooms along.
func (e *exporter) files() error {
	if e.store == nil {
		return nil
	}
	var guids []string
	for id := range e.chosen.rooms {
		guids = append(guids, e.tree.nodes[id].guid)
	}
	slices.Sort(guids)
	for _, guid := range slices.Compact(guids) {
		folder, ok := e.store.folders[guid]
		if !ok {
			continue
		}
		entries, err := e.store.list(folder)
		if err != nil {
			return err
		}
		e.meter.at("files of " + guid)
		for _, entry := range entries {
			if err := e.file(guid, folder, entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// file takes one file along, or says why it cannot.
func (e *exporter) file(guid, folder string, entry fs.DirEntry) (err error) {
	name := folder + "/" + entry.Name()
	if !entry.Type().IsRegular() {
		e.result.leaveOut("The file store's %q, which is no plain file", name)
		return nil
	}
	file, err := e.store.root.Open(name)
	if err != nil {
		e.result.leaveOut("The file %q, which cannot be read: %v", name, err)
		return nil
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return e.store.unreadable(name, err)
	}
	content := &counted{from: file, check: e.ctx.Err}
	err = e.writer.File(guid, entry.Name(), info.ModTime(), content)
	if errors.Is(err, archive.ErrFileName) {
		e.result.leaveOut("The file %q, whose name not every system can hold", name)
		return nil
	}
	if err != nil {
		return err
	}
	e.result.Files++
	e.result.FileBytes += content.size
	return nil
}

// counted counts the bytes that are read, and ends where check gives an error.
type counted struct {
	from  io.Reader
	check func() error
	size  int64
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.check(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(b)
	c.size += int64(n)
	return n, err
}
