package filestore

import (
	"cmp"
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
	used    *used
	opened  os.FileInfo
	checked time.Time

	admit     func(Store) error
	admitting sync.Mutex
	admitted  *used     // the one that admit let through
	refused   error     // why the last one was not ...
	asked     time.Time // ... and when that was found
	about     *used     // ... of which
}

// used is a store with what still needs it; following.mu guards it. Once another one stands under the path
// it is closed with the last operation that began before.
type used struct {
	Store
	users int
	last  bool
}

// OpenFollowing opens the real store at root and goes on with whatever stands under that path later.
// A store is never used after its path leads elsewhere for longer than a fraction of a second.
func OpenFollowing(root string) (Store, error) { return OpenAdmitted(root, nil) }

// OpenAdmitted is OpenFollowing with a say before something is changed on a store that stands under the path for
// the first time, such as the empty folder below a mount that is gone: admit gets that store, to be read, and its
// error is that of every operation that would change something, together with ErrAnotherStore. It is asked again.
func OpenAdmitted(root string, admit func(Store) error) (Store, error) {
	f := &following{path: root, admit: admit}
	store, err := f.take()
	if err != nil {
		return nil, err
	}
	return f, f.leave(store)
}

// take gives the store that stands under the path at present, until leave.
func (f *following) take() (*used, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used == nil || time.Since(f.checked) >= followEvery {
		if err := f.follow(); err != nil {
			return nil, err
		}
	}
	f.used.users++
	return f.used, nil
}

// follow finds out what stands under the path. The caller holds the lock.
func (f *following) follow() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("the file store is not there: %w", err)
	}
	f.checked = time.Now()
	if f.used != nil && os.SameFile(info, f.opened) {
		return nil
	}
	store, err := OpenReal(f.path)
	if err != nil {
		return err
	}
	before := f.used
	f.used, f.opened = &used{Store: store}, info
	if before == nil {
		return nil
	}
	before.last = true
	return before.end()
}

// end closes a store that nothing needs any more. The caller holds the lock.
func (u *used) end() error {
	if u.last && u.users == 0 {
		return u.Store.Close()
	}
	return nil
}

func (f *following) leave(store *used) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	store.users--
	return store.end()
}

// ErrAnotherStore: the store under the path is not the one that was there before.
var ErrAnotherStore = errors.New("another file store stands under the path now")

// admits tells whether something may be changed on a store.
func (f *following) admits(store *used) error {
	if f.admit == nil {
		return nil
	}
	f.admitting.Lock()
	defer f.admitting.Unlock()
	switch {
	case store == f.admitted:
		return nil
	case store == f.about && time.Since(f.asked) < followEvery:
		return f.refused
	}
	if err := f.admit(store.Store); err != nil {
		f.refused, f.about, f.asked = fmt.Errorf("%w: %w", ErrAnotherStore, err), store, time.Now()
		return f.refused
	}
	f.admitted, f.about = store, nil
	return nil
}

// changing runs one operation that changes something.
func changing[T any](f *following, run func(Store) (T, error)) (result T, err error) {
	store, err := f.take()
	if err != nil {
		return result, err
	}
	defer func() { err = cmp.Or(err, f.leave(store)) }()
	if err := f.admits(store); err != nil {
		return result, err
	}
	return run(store.Store)
}

// through runs one operation on the store of the moment.
func through[T any](f *following, run func(Store) (T, error)) (result T, err error) {
	store, err := f.take()
	if err != nil {
		return result, err
	}
	defer func() { err = cmp.Or(err, f.leave(store)) }()
	return run(store.Store)
}

func (f *following) each(run func(Store) error) error {
	_, err := through(f, func(store Store) (struct{}, error) { return struct{}{}, run(store) })
	return err
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
	_, err := changing(f, func(s Store) (struct{}, error) { return struct{}{}, s.Rights(name, as, withheld) })
	return err
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
	store, err := f.take()
	if err != nil {
		return nil, err
	}
	inner, err := store.Watch(folders)
	if err != nil {
		return nil, errors.Join(err, f.leave(store))
	}
	return &followingWatcher{Watcher: inner, following: f, store: store}, nil
}

// followingWatcher ends when another store stands under the path than the one it watches, which it needs
// until it is closed.
type followingWatcher struct {
	Watcher
	following *following
	store     *used
}

func (w *followingWatcher) Take() ([]string, bool, error) {
	store, err := w.following.take()
	if err == nil {
		err = w.following.leave(store)
		if store != w.store {
			err = errors.Join(ErrAnotherStore, err)
		}
	}
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrNoWatch, err)
	}
	return w.Watcher.Take()
}

func (w *followingWatcher) Close() error {
	return errors.Join(w.Watcher.Close(), w.following.leave(w.store))
}

func (f *following) Properties() Properties {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used.Properties()
}

func (f *following) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used.last = true
	return f.used.end()
}
