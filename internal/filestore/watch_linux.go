package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// treeWatcher watches folders and all below them with inotify, which knows single folders only: the
// tree of watches is kept here. An event says no more than that something happened to a name: what
// is watched follows from what stands there when the event is read, so that no order of events, and
// none that is told twice, leaves a folder unwatched. Mounting and unmounting is no event of inotify's:
// the table of mounts tells it.
type treeWatcher struct {
	*changes
	store  *real
	wanted []string
	number int                  // of the inotify instance
	mounts *mountTable          // what is mounted below the store's root
	byWd   map[int32][]*watched // several where a folder is mounted at a second place
	top    *watched
	// altered counts the folders that came to be watched or ceased to be.
	altered int
	stop    int // an eventfd that ends run
	done    chan struct{}
}

const watchedEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE |
	unix.IN_ATTRIB | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ONLYDIR

// Watch implements Store.
func (s *real) Watch(folders []string) (Watcher, error) {
	if s.properties.Network {
		return nil, fmt.Errorf("%w: changes that other hosts make on a network share are not told", ErrNoWatch)
	}
	if err := checkAll(s.properties.WindowsNames, folders...); err != nil {
		return nil, err
	}
	w := &treeWatcher{changes: newChanges(), store: s, wanted: folders, number: -1, stop: -1,
		byWd: map[int32][]*watched{}, top: &watched{wd: -1}, done: make(chan struct{})}
	if err := w.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoWatch, limits(err)), w.release())
	}
	go w.run()
	return w, nil
}

func (w *treeWatcher) open() (err error) {
	if w.number, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		return err
	}
	if w.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return err
	}
	if w.mounts, err = openMountTable(w.store.descriptor); err != nil {
		return err
	}
	return w.attach(".")
}

// release closes what open opened.
func (w *treeWatcher) release() error {
	var errs []error
	for _, descriptor := range []int{w.number, w.stop} {
		if descriptor >= 0 {
			errs = append(errs, unix.Close(descriptor))
		}
	}
	if w.mounts != nil {
		errs = append(errs, w.mounts.close())
	}
	return errors.Join(errs...)
}

// limits names the system's setting behind an error.
func limits(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w: fs.inotify.max_user_watches is used up; raise it with sysctl to more than the "+
			"number of folders", ErrLimit)
	case errors.Is(err, unix.EMFILE):
		return fmt.Errorf("%w: fs.inotify.max_user_instances is used up; raise it with sysctl", ErrLimit)
	}
	return err
}

// attach makes the watches at and below a name those of the folders that stand there now: of all that are
// below when it is wanted, of the way to what is wanted when it lies above. What is not there, cannot
// be read, or has a name that no store takes is nothing to watch.
func (w *treeWatcher) attach(name string) error {
	inside := within(name, w.wanted)
	if !inside && !w.leads(name) || name != "." && CheckName(name, w.store.properties.WindowsNames) != nil {
		return nil
	}
	at, err := w.store.folder(name, folderToRead)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotRegular) || errors.Is(err, fs.ErrPermission) {
		w.detach(w.find(name, false))
		return nil
	}
	if err != nil {
		return err
	}
	// By its descriptor: what stands under the name may be exchanged meanwhile.
	itself := fmt.Sprintf("/proc/self/fd/%d", at)
	folder := os.NewFile(uintptr(at), itself)
	defer folder.Close()
	if watchable, err := w.watchable(name, at); err != nil || !watchable {
		w.detach(w.find(name, false))
		return err
	}
	wd, err := unix.InotifyAddWatch(w.number, itself, watchedEvents)
	if err != nil {
		return err
	}
	node := w.find(name, true)
	w.place(node, int32(wd))
	var below []string
	if inside {
		// Listed after the watch is in place, so that nothing made in between is missed.
		below, err = foldersIn(folder)
	} else {
		below = w.towards(name)
	}
	// Closed before those below are opened, so that few are open at a time.
	if err = errors.Join(err, folder.Close()); err != nil {
		return err
	}
	there := make(map[string]bool, len(below))
	for _, last := range below {
		there[last] = true
	}
	for last, child := range node.children {
		if !there[last] {
			w.detach(child)
		}
	}
	for _, last := range below {
		if err := w.attach(joinName(name, last)); err != nil {
			return err
		}
	}
	return nil
}

// leads tells whether a folder that is wanted lies below a name.
func (w *treeWatcher) leads(name string) bool {
	return slices.ContainsFunc(w.wanted, func(folder string) bool { return below(folder, name) })
}

// towards lists what stands in a folder on the way to what is wanted.
func (w *treeWatcher) towards(name string) []string {
	var next []string
	for _, folder := range w.wanted {
		if below(folder, name) {
			first, _, _ := strings.Cut(strings.TrimPrefix(folder, name+"/"), "/")
			next = append(next, first)
		}
	}
	return next
}

// watchable tells whether a folder can still change: one that was removed can be seen where it is mounted a
// second time, and its watch would end at once. It refuses a folder on a volume that does not tell what
// other hosts change there.
func (w *treeWatcher) watchable(name string, at int) (bool, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(at, &stat); err != nil || stat.Dev == w.store.device || stat.Nlink == 0 {
		return stat.Nlink > 0, err
	}
	var volume unix.Statfs_t
	if err := unix.Fstatfs(at, &volume); err != nil {
		return false, err
	}
	if propertiesOf(uint32(volume.Type)).Network {
		return false, fmt.Errorf("%q is on a network share: changes that other hosts make are not told", name)
	}
	return true, nil
}

// foldersIn lists the folders in an open folder.
func foldersIn(folder *os.File) ([]string, error) {
	var found []string
	for {
		entries, err := folder.ReadDir(1024)
		for _, entry := range entries {
			if entry.IsDir() {
				found = append(found, entry.Name())
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (w *treeWatcher) run() {
	defer close(w.done)
	buffer := make([]byte, 64<<10)
	for {
		ready := []unix.PollFd{{Fd: int32(w.number), Events: unix.POLLIN}, {Fd: int32(w.stop), Events: unix.POLLIN},
			{Fd: int32(w.mounts.descriptor), Events: unix.POLLPRI}}
		_, err := retry(func() (int, error) { return unix.Poll(ready, -1) })
		if err == nil && ready[1].Revents != 0 {
			return
		}
		if err == nil && ready[0].Revents != 0 {
			err = w.read(buffer)
		}
		if err == nil && ready[2].Revents != 0 {
			err = w.remounted()
		}
		if err != nil {
			w.end(limits(err))
			return
		}
	}
}

// read takes the events that are there.
func (w *treeWatcher) read(buffer []byte) error {
	n, err := retry(func() (int, error) { return unix.Read(w.number, buffer) })
	if err == unix.EAGAIN {
		return nil
	}
	if err != nil {
		return err
	}
	for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
		event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
		length := unix.SizeofInotifyEvent + int(event.Len)
		name := string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:length], "\x00"))
		if err := w.take(event.Wd, event.Mask, name); err != nil {
			return err
		}
		rest = rest[length:]
	}
	return nil
}

// take takes one event. What it changes is watched before it is told: the caller looks afterwards.
func (w *treeWatcher) take(wd int32, mask uint32, last string) error {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		err := w.attach(".") // folders may have come meanwhile
		w.lose()
		return err
	}
	nodes := w.byWd[wd]
	if mask&unix.IN_IGNORED != 0 { // the folder is gone, or its volume: another one may stand there
		delete(w.byWd, wd)
		for _, node := range nodes {
			node.wd = -1
			if err := w.renew(node.path()); err != nil {
				return err
			}
		}
		return nil
	}
	if last == "" || strings.HasPrefix(last, copyPrefix) {
		return nil // about the folder itself, which its parent tells as well, or not to be shown
	}
	for _, name := range pathsIn(nodes, last) {
		err := error(nil)
		switch {
		case mask&unix.IN_ISDIR == 0:
			w.told(name)
		case mask&unix.IN_ATTRIB == 0 || w.find(name, false) == nil:
			err = w.renew(name)
		} // else a folder's own time and rights, which are not replicated
		if err != nil {
			return err
		}
	}
	return nil
}

// pathsIn gives the names that an entry has, by the folders that it may stand in.
func pathsIn(folders []*watched, last string) []string {
	names := make([]string, 0, len(folders))
	for _, folder := range folders {
		names = append(names, joinName(folder.path(), last))
	}
	return names
}

// renew watches what stands at a folder's name now, and tells of it.
func (w *treeWatcher) renew(name string) error {
	err := w.attach(name)
	w.told(name)
	return err
}

// told passes on that something happened to a name, as far as it matters to what is wanted.
func (w *treeWatcher) told(name string) {
	name = nearest(name) // a look at the folder finds what no store takes
	if within(name, w.wanted) {
		w.tell(name)
		return
	}
	for _, folder := range w.wanted {
		if below(folder, name) {
			w.tell(folder)
		}
	}
}

// remounted takes up what was mounted and unmounted. What was only there for a moment is not in the table
// any more, but events may have been read by its sight: all watches are compared with what stands there.
func (w *treeWatcher) remounted() error {
	mounted, unmounted, err := w.mounts.changed()
	for _, name := range mounted {
		err = errors.Join(err, w.renew(name))
	}
	before := w.altered
	err = errors.Join(err, w.attach("."))
	if unmounted || w.altered != before {
		w.lose()
	}
	return err
}

// Close implements Watcher.
func (w *treeWatcher) Close() error {
	one := [8]byte{1}
	_, err := unix.Write(w.stop, one[:])
	if err == nil {
		<-w.done
	}
	return errors.Join(err, w.release())
}
