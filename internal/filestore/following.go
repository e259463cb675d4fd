package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// followEvery bounds how long a store that was unmounted or replaced may be taken for the old one.
const followEvery = 200 * time.Millisecond

// following is a real store that follows its path: when another folder is mounted or put there, that
// one is used from then on, and while nothing is there every operation fails.
type following struct {
	path    string
	mu      sync.Mutex
	store   Store
	opened  os.FileInfo
	checked time.Time

	admit     func(Store) error
	admitting sync.Mutex
	admitted  Store     // the one that admit let through
	refused   error     // why the last one was not ...
	asked     time.Time // ... and when that was found
	about     Store     // ... of which
}

// OpenFollowing opens the real store at root and goes on with whatever stands under that path later.
// A store is never used after its path leads elsewhere for longer than a fraction of a second.
func OpenFollowing(root string) (Store, error) { return OpenAdmitted(root, nil) }

// OpenAdmitted is OpenFollowing with a say before something is changed on a store that stands under the path for
// the first time, such as the empty folder below a mount that is gone: admit gets that store, to be read, and its
// error is that of every operation that would change something, together with ErrAnotherStore. It is asked again.
func OpenAdmitted(root string, admit func(Store) error) (Store, error) {
	f := &following{path: root, admit: admit}
	_, err := f.now()
	return f, err
}

// now gives the store that stands under the path at present.
func (f *following) now() (Store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store != nil && time.Since(f.checked) < followEvery {
		return f.store, nil
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, fmt.Errorf("the file store is not there: %w", err)
	}
	f.checked = time.Now()
	if f.store != nil && os.SameFile(info, f.opened) {
		return f.store, nil
	}
	store, err := OpenReal(f.path)
	if err != nil {
		return nil, err
	}
	// The old store is left to its running operations: closing it under them would fail them.
	f.store, f.opened = store, info
	return store, nil
}

// ErrAnotherStore: the store under the path is not the one that was there before.
var ErrAnotherStore = errors.New("another file store stands under the path now")

// writable gives the store of the moment, if something may be changed on it.
func (f *following) writable() (Store, error) {
	store, err := f.now()
	if err != nil || f.admit == nil {
		return store, err
	}
	f.admitting.Lock()
	defer f.admitting.Unlock()
	switch {
	case store == f.admitted:
		return store, nil
	case store == f.about && time.Since(f.asked) < followEvery:
		return nil, f.refused
	}
	if err := f.admit(store); err != nil {
		f.refused, f.about, f.asked = fmt.Errorf("%w: %w", ErrAnotherStore, err), store, time.Now()
		return nil, f.refused
	}
	f.admitted, f.about = store, nil
	return store, nil
}

// changing runs one operation that changes something.
func changing[T any](f *following, run func(Store) (T, error)) (T, error) {
	store, err := f.writable()
	if err != nil {
		var none T
		return none, err
	}
	return run(store)
}

// through runs one operation on the store of the moment.
func through[T any](f *following, run func(Store) (T, error)) (T, error) {
	store, err := f.now()
	if err != nil {
		var none T
		return none, err
	}
	return run(store)
}

func (f *following) each(run func(Store) error) error {
	store, err := f.now()
	if err != nil {
		return err
	}
	return run(store)
}

func (f *following) Lstat(name string) (Info, error) {
	return through(f, func(s Store) (Info, error) { return s.Lstat(name) })
}

func (f *following) ReadDir(name string) ([]Info, error) {
	return through(f, func(s Store) ([]Info, error) { return s.ReadDir(name) })
}

func (f *following) Open(name string) (Reader, error) {
	return through(f, func(s Store) (Reader, error) { return s.Open(name) })
}

func (f *following) Create(name string) (Writer, error) {
	return changing(f, func(s Store) (Writer, error) { return s.Create(name) })
}

func (f *following) Append(name string) (Writer, error) {
	return changing(f, func(s Store) (Writer, error) { return s.Append(name) })
}

func (f *following) MakeFolder(name string) ([]string, error) {
	return changing(f, func(s Store) ([]string, error) { return s.MakeFolder(name) })
}

func (f *following) Publish(from, to string) error {
	_, err := changing(f, func(s Store) (struct{}, error) { return struct{}{}, s.Publish(from, to) })
	return err
}

func (f *following) Exchange(from, to, aside string) error {
	_, err := changing(f, func(s Store) (struct{}, error) { return struct{}{}, s.Exchange(from, to, aside) })
	return err
}

func (f *following) Rights(name, as string, withheld uint32) error {
	return f.each(func(s Store) error { return s.Rights(name, as, withheld) })
}

func (f *following) Remove(name string) error {
	_, err := changing(f, func(s Store) (struct{}, error) { return struct{}{}, s.Remove(name) })
	return err
}

func (f *following) Flush(ctx context.Context, names []string) error {
	return f.each(func(s Store) error { return s.Flush(ctx, names) })
}

func (f *following) FlushFolders(ctx context.Context, names []string) error {
	return f.each(func(s Store) error { return s.FlushFolders(ctx, names) })
}

func (f *following) Usage() (Usage, error) {
	return through(f, func(s Store) (Usage, error) { return s.Usage() })
}

func (f *following) Watch(folders []string) (Watcher, error) {
	store, err := f.now()
	if err != nil {
		return nil, err
	}
	inner, err := store.Watch(folders)
	if err != nil {
		return nil, err
	}
	return &followingWatcher{Watcher: inner, following: f, store: store}, nil
}

// followingWatcher ends when another store stands under the path than the one it watches.
type followingWatcher struct {
	Watcher
	following *following
	store     Store
}

func (w *followingWatcher) Take() ([]string, bool, error) {
	store, err := w.following.now()
	if err == nil && store != w.store {
		err = ErrAnotherStore
	}
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrNoWatch, err)
	}
	return w.Watcher.Take()
}

func (f *following) Properties() Properties {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.store.Properties()
}

func (f *following) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.store.Close()
}
