package filestore

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// treeWatcher watches the whole tree below the store's root by one handle.
type treeWatcher struct {
	*changes
	wanted []string
	handle windows.Handle
	done   chan struct{}
}

// watchedEvents is all that moves a file's change time: a file of which that is not as it was when it was
// read is not sent before it was looked at again.
const watchedEvents = windows.FILE_NOTIFY_CHANGE_FILE_NAME | windows.FILE_NOTIFY_CHANGE_DIR_NAME |
	windows.FILE_NOTIFY_CHANGE_SIZE | windows.FILE_NOTIFY_CHANGE_LAST_WRITE |
	windows.FILE_NOTIFY_CHANGE_ATTRIBUTES | windows.FILE_NOTIFY_CHANGE_CREATION |
	windows.FILE_NOTIFY_CHANGE_SECURITY

// Watch implements Store.
func (s *real) Watch(folders []string) (Watcher, error) {
	if s.network {
		return nil, fmt.Errorf("%w: changes that other hosts make on a network share are not told", ErrNoWatch)
	}
	if err := checkAll(true, folders...); err != nil {
		return nil, err
	}
	name, err := windows.UTF16PtrFromString(s.path)
	if err != nil {
		return nil, err
	}
	handle, err := windows.CreateFile(name, windows.FILE_LIST_DIRECTORY,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoWatch, err)
	}
	w := &treeWatcher{changes: newChanges(), wanted: folders, handle: handle, done: make(chan struct{})}
	go w.run()
	return w, nil
}

func (w *treeWatcher) run() {
	defer close(w.done)
	// The structures in it are aligned to four bytes.
	buffer := make([]uint32, 16<<10)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&buffer[0])), 4*len(buffer))
	for {
		var length uint32
		err := windows.ReadDirectoryChanges(w.handle, &raw[0], uint32(len(raw)), true, watchedEvents, &length, nil, 0)
		switch {
		case errors.Is(err, windows.ERROR_NOTIFY_ENUM_DIR) || err == nil && length == 0:
			w.lose() // more happened than the system kept
			continue
		case err != nil:
			w.end(err)
			return
		}
		for at := uint32(0); ; {
			event := (*windows.FileNotifyInformation)(unsafe.Pointer(&raw[at]))
			w.take(windows.UTF16ToString(unsafe.Slice(&event.FileName, event.FileNameLength/2)))
			if event.NextEntryOffset == 0 {
				break
			}
			at += event.NextEntryOffset
		}
	}
}

func (w *treeWatcher) take(path string) {
	name := nearest(filepath.ToSlash(path))
	if _, last := splitName(name); strings.HasPrefix(last, copyPrefix) {
		return
	}
	for _, wanted := range w.wanted {
		// The system spells folders as they were made, which need not be as they are wanted.
		if n := len(wanted); wanted == "." {
			w.tell(name)
		} else if len(name) >= n && strings.EqualFold(name[:n], wanted) && within(wanted+name[n:], w.wanted) {
			w.tell(wanted + name[n:])
		} else if below(strings.ToLower(wanted), strings.ToLower(name)) {
			w.tell(wanted)
		}
	}
}

// Close implements Watcher.
func (w *treeWatcher) Close() error {
	// It fails when nothing waits; then the next read fails on the closed handle.
	_ = windows.CancelIoEx(w.handle, nil)
	err := windows.CloseHandle(w.handle)
	<-w.done
	return err
}
