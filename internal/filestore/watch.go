package filestore

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// maxRemembered bounds how many changed names a watcher keeps for its caller.
const maxRemembered = 100_000

// treeWatcher watches folders and all below them.
type treeWatcher struct {
	store  Store
	root   string
	wanted []string
	inner  *fsnotify.Watcher
	signal chan struct{}
	stop   context.CancelFunc
	done   chan struct{}

	mutex sync.Mutex
	names map[string]struct{}
	lost  bool
}

// watchTree starts a watcher over the folders of a store that lies at the path root.
func watchTree(store Store, root string, folders []string) (Watcher, error) {
	if store.Properties().Network {
		return nil, ErrNoWatch
	}
	if err := checkAll(store.Properties().WindowsNames, folders...); err != nil {
		return nil, err
	}
	inner, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, errors.Join(ErrNoWatch, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	watcher := &treeWatcher{store: store, root: root, wanted: folders, inner: inner, signal: make(chan struct{}, 1),
		stop: stop, done: make(chan struct{}), names: map[string]struct{}{}}
	for _, folder := range folders {
		watcher.reach(folder)
	}
	go watcher.run(ctx)
	return watcher, nil
}

// reach watches a wanted folder, and those above it so that its coming and going is seen.
func (w *treeWatcher) reach(folder string) {
	for above, _ := splitName(folder); ; above, _ = splitName(above) {
		w.add(above)
		if above == "." {
			break
		}
	}
	w.addTree(folder)
}

// add watches one folder; a folder that is not there, or no longer, is no loss.
func (w *treeWatcher) add(folder string) bool {
	info, err := w.store.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Kind != Folder {
		return false
	}
	if err == nil {
		err = w.inner.Add(filepath.Join(w.root, filepath.FromSlash(folder)))
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.remember("", true)
		}
		return false
	}
	return true
}

func (w *treeWatcher) addTree(folder string) {
	if !w.add(folder) {
		return
	}
	// Listed after the watch is in place, so that nothing made in between is missed.
	infos, err := w.store.ReadDir(folder)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.remember("", true)
		}
		return
	}
	for _, info := range infos {
		if info.Kind == Folder {
			w.addTree(folder + "/" + info.Name)
		}
	}
}

func (w *treeWatcher) run(ctx context.Context) {
	defer close(w.done)
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-w.inner.Events:
			if !open {
				return
			}
			w.take(event)
		case _, open := <-w.inner.Errors:
			if !open {
				return
			}
			w.remember("", true)
		}
	}
}

func (w *treeWatcher) take(event fsnotify.Event) {
	relative, err := filepath.Rel(w.root, event.Name)
	if err != nil {
		w.remember("", true)
		return
	}
	name := filepath.ToSlash(relative)
	inside := false
	for _, folder := range w.wanted {
		if name == folder || below(name, folder) {
			inside = true
		} else if below(folder, name) && event.Has(fsnotify.Create) {
			w.reach(folder)
			w.remember(folder, false)
		}
	}
	if !inside {
		return
	}
	if event.Has(fsnotify.Create) {
		w.addTree(name)
	}
	w.remember(name, false)
}

// below tells whether name lies inside folder.
func below(name, folder string) bool {
	return len(name) > len(folder) && name[:len(folder)] == folder && name[len(folder)] == '/'
}

func (w *treeWatcher) remember(name string, lost bool) {
	w.mutex.Lock()
	if lost || len(w.names) >= maxRemembered {
		w.lost = true
	} else {
		w.names[name] = struct{}{}
	}
	w.mutex.Unlock()
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

func (w *treeWatcher) Take() ([]string, bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	names, lost := sortedKeys(w.names), w.lost
	w.names, w.lost = map[string]struct{}{}, false
	return names, lost
}

func (w *treeWatcher) Signal() <-chan struct{} { return w.signal }

func (w *treeWatcher) Close() error {
	w.stop()
	err := w.inner.Close()
	<-w.done
	return err
}
