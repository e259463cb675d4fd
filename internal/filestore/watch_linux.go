package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// treeWatcher watches folders and all below them with inotify, which knows single folders only: the
// tree of watches is kept here, so that folders that move go on under their new names.
type treeWatcher struct {
	*changes
	store  *real
	wanted []string
	file   *os.File
	number int // of the inotify instance; file closes it
	byWd   map[int32]*watched
	top    *watched
	done   chan struct{}
}

// watched is one folder that is watched.
type watched struct {
	name     string // the last component
	parent   *watched
	children map[string]*watched
	wd       int32
}

func (w *watched) path() string {
	if w.parent == nil {
		return "."
	}
	if above := w.parent.path(); above != "." {
		return above + "/" + w.name
	}
	return w.name
}

const watchedEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_ATTRIB |
	unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ONLYDIR

// Watch implements Store.
func (s *real) Watch(folders []string) (Watcher, error) {
	if s.properties.Network {
		return nil, fmt.Errorf("%w: changes that other hosts make on a network share are not told", ErrNoWatch)
	}
	if err := checkAll(s.properties.WindowsNames, folders...); err != nil {
		return nil, err
	}
	number, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoWatch, limits(err))
	}
	w := &treeWatcher{changes: newChanges(), store: s, wanted: folders, number: number, file: os.NewFile(uintptr(number), "inotify"),
		byWd: map[int32]*watched{}, top: &watched{}, done: make(chan struct{})}
	if err := w.attach("."); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoWatch, limits(err)), w.file.Close())
	}
	go w.run()
	return w, nil
}

// limits names the system's setting behind an error.
func limits(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w: fs.inotify.max_user_watches is used up; raise it with sysctl to more than the number of folders", ErrLimit)
	case errors.Is(err, unix.EMFILE):
		return fmt.Errorf("%w: fs.inotify.max_user_instances is used up; raise it with sysctl", ErrLimit)
	}
	return err
}

// attach watches a folder: with all that is below when it is wanted, with the way to what is wanted
// when it lies above. What is not there, or no longer, is nothing to watch.
func (w *treeWatcher) attach(name string) error {
	inside := within(name, w.wanted)
	if !inside {
		leads := false
		for _, folder := range w.wanted {
			leads = leads || below(folder, name)
		}
		if !leads {
			return nil
		}
	}
	at, err := w.store.folder(name, folderToRead)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotRegular) {
		return nil
	}
	if err != nil {
		return err
	}
	folder := os.NewFile(uintptr(at), name)
	defer folder.Close()
	// By its descriptor: what stands under the name may be exchanged meanwhile.
	wd, err := unix.InotifyAddWatch(w.number, fmt.Sprintf("/proc/self/fd/%d", at), watchedEvents)
	if err != nil {
		return err
	}
	w.place(name, int32(wd))
	if !inside {
		for _, folder := range w.wanted {
			if !below(folder, name) {
				continue
			}
			next, _, _ := strings.Cut(strings.TrimPrefix(folder, name+"/"), "/")
			if err := w.attach(joinName(name, next)); err != nil {
				return err
			}
		}
		return nil
	}
	// Listed after the watch is in place, so that nothing made in between is missed.
	for {
		entries, err := folder.ReadDir(1024)
		for _, entry := range entries {
			if entry.IsDir() {
				if err := w.attach(joinName(name, entry.Name())); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func joinName(folder, name string) string {
	if folder == "." {
		return name
	}
	return folder + "/" + name
}

// place notes which folder a watch is for; one that was known under another name has moved.
func (w *treeWatcher) place(name string, wd int32) {
	if name == "." {
		w.top.wd = wd
		w.byWd[wd] = w.top
		return
	}
	at := w.top
	for component := range strings.SplitSeq(name, "/") {
		next := at.children[component]
		if next == nil {
			next = &watched{name: component, parent: at, wd: -1}
			if at.children == nil {
				at.children = map[string]*watched{}
			}
			at.children[component] = next
		}
		at = next
	}
	if before := w.byWd[wd]; before != nil && before != at {
		before.wd = -1
	}
	at.wd = wd
	w.byWd[wd] = at
}

// detach forgets a folder that is gone from its name, and all below.
func (w *treeWatcher) detach(node *watched) {
	for _, child := range node.children {
		w.detach(child)
	}
	if w.byWd[node.wd] == node {
		delete(w.byWd, node.wd)
		// It fails when the folder is gone already, and the watch with it.
		_, _ = unix.InotifyRmWatch(w.number, uint32(node.wd))
	}
	if node.parent != nil && node.parent.children[node.name] == node {
		delete(node.parent.children, node.name)
	}
}

func (w *treeWatcher) run() {
	defer close(w.done)
	buffer := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buffer)
		if err != nil {
			w.end(err)
			return
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
			length := unix.SizeofInotifyEvent + int(event.Len)
			name := string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:length], "\x00"))
			if err := w.take(event.Wd, event.Mask, name); err != nil {
				w.end(limits(err))
				return
			}
			rest = rest[length:]
		}
	}
}

func (w *treeWatcher) take(wd int32, mask uint32, last string) error {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		w.lose()
		return w.attach(".") // folders may have come meanwhile
	}
	node := w.byWd[wd]
	switch {
	case node == nil:
		return nil
	case mask&unix.IN_UNMOUNT != 0:
		w.lose()
		return nil
	case mask&unix.IN_IGNORED != 0:
		w.detach(node)
		return nil
	case last == "":
		return nil // about the folder itself, which its parent tells as well
	}
	name := joinName(node.path(), last)
	folder := mask&unix.IN_ISDIR != 0
	if folder && mask&unix.IN_ATTRIB != 0 {
		return nil // a folder's own time and rights are not replicated
	}
	if folder && mask&(unix.IN_MOVED_FROM|unix.IN_DELETE) != 0 && node.children[last] != nil {
		w.detach(node.children[last])
	}
	if folder && mask&(unix.IN_MOVED_TO|unix.IN_CREATE) != 0 {
		if err := w.attach(name); err != nil {
			return err
		}
	}
	if within(name, w.wanted) {
		w.tell(name)
		return nil
	}
	for _, wanted := range w.wanted {
		if folder && below(wanted, name) {
			w.tell(wanted)
		}
	}
	return nil
}

// Close implements Watcher.
func (w *treeWatcher) Close() error {
	err := w.file.Close()
	<-w.done
	return err
}
