package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"csbackup/internal/filestore"
)

// following is a store that follows its path, as the one in use does: what is mounted there is used, and where nothing
// is mounted, the empty mount point. A store that came there is changed only once it was admitted. What was opened before
// goes on where it was opened.
type following struct {
	now   func() *filestore.Memory
	admit func(filestore.Store) error

	mu       sync.Mutex
	last     *filestore.Memory // that was used
	admitted bool
}

// at gives the store under the path; changing says that it is to be changed.
func (p *following) at(changing bool) (*filestore.Memory, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now != p.last {
		p.last, p.admitted = now, false
	}
	if changing && !p.admitted {
		if err := p.admit(now); err != nil {
			return nil, fmt.Errorf("%w: %w", filestore.ErrAnotherStore, err)
		}
		p.admitted = true
	}
	return now, nil
}

// read runs an operation that changes nothing.
func read[T any](p *following, run func(*filestore.Memory) (T, error)) (T, error) {
	store, err := p.at(false)
	if err != nil {
		var none T
		return none, err
	}
	return run(store)
}

// change runs an operation that changes something.
func change(p *following, run func(*filestore.Memory) error) error {
	store, err := p.at(true)
	if err != nil {
		return err
	}
	return run(store)
}

func (p *following) Lstat(name string) (filestore.Info, error) {
	return read(p, func(m *filestore.Memory) (filestore.Info, error) { return m.Lstat(name) })
}

func (p *following) ReadDir(name string) ([]filestore.Info, error) {
	return read(p, func(m *filestore.Memory) ([]filestore.Info, error) { return m.ReadDir(name) })
}

func (p *following) Open(name string) (filestore.Reader, error) {
	return read(p, func(m *filestore.Memory) (filestore.Reader, error) { return m.Open(name) })
}

func (p *following) Create(name string) (w filestore.Writer, err error) {
	err = change(p, func(m *filestore.Memory) error { w, err = m.Create(name); return err })
	return w, err
}

func (p *following) Append(name string) (w filestore.Writer, err error) {
	err = change(p, func(m *filestore.Memory) error { w, err = m.Append(name); return err })
	return w, err
}

func (p *following) MakeFolder(name string) (made []string, err error) {
	err = change(p, func(m *filestore.Memory) error { made, err = m.MakeFolder(name); return err })
	return made, err
}

func (p *following) Publish(from, to string) error {
	return change(p, func(m *filestore.Memory) error { return m.Publish(from, to) })
}

func (p *following) Exchange(from, to, aside string) error {
	return change(p, func(m *filestore.Memory) error { return m.Exchange(from, to, aside) })
}

func (p *following) Remove(name string) error {
	return change(p, func(m *filestore.Memory) error { return m.Remove(name) })
}

func (p *following) Flush(ctx context.Context, names []string) error {
	return change(p, func(m *filestore.Memory) error { return m.Flush(ctx, names) })
}

func (p *following) FlushFolders(ctx context.Context, names []string) error {
	return change(p, func(m *filestore.Memory) error { return m.FlushFolders(ctx, names) })
}

func (p *following) Rights(name, as string, withheld uint32) error {
	return change(p, func(m *filestore.Memory) error { return m.Rights(name, as, withheld) })
}

func (p *following) Usage() (filestore.Usage, error) {
	return read(p, func(m *filestore.Memory) (filestore.Usage, error) { return m.Usage() })
}

func (p *following) Properties() filestore.Properties { return p.now().Properties() }

func (p *following) Close() error { return nil }

func (p *following) Watch(folders []string) (filestore.Watcher, error) {
	at := p.now()
	w, err := at.Watch(folders)
	if err != nil {
		return nil, err
	}
	return &followingWatcher{w, p, at}, nil
}

// followingWatcher ends when another store stands under the path than the one it watches.
type followingWatcher struct {
	filestore.Watcher
	path *following
	at   *filestore.Memory
}

func (w *followingWatcher) Take() ([]string, bool, error) {
	if w.path.now() != w.at {
		return nil, true, errors.Join(filestore.ErrNoWatch, errors.New("another file store stands under the path now"))
	}
	return w.Watcher.Take()
}
