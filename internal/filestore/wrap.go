package filestore

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// NewFaulty returns inner with a say before each operation: decide is given the operation and the
// name it is about, and its error, when it returns one, is the operation's. Operations are lstat,
// readdir, open, read, create (also for Append), write, modtime, close (of a Writer), makefolder,
// publish and exchange (about the final name), rights, remove, flush and flushfolders (once for each name), usage
// (about ".") and watch (once for each folder).
// decide may be called from several goroutines.
func NewFaulty(inner Store, decide func(op, name string) error) Store {
	return &faulty{Store: inner, decide: decide}
}

// Guarded returns inner with a say before each operation that would change something: may is asked,
// and its error is the operation's.
func Guarded(inner Store, may func() error) Store {
	return NewFaulty(inner, func(op, name string) error {
		if !writing(op) {
			return nil
		}
		if err := may(); err != nil {
			return fmt.Errorf("%s %q: %w", op, name, err)
		}
		return nil
	})
}

func writing(op string) bool {
	switch op {
	case "create", "write", "modtime", "makefolder", "publish", "exchange", "rights", "remove":
		return true
	}
	return false
}

type faulty struct {
	Store
	decide func(op, name string) error
}

func (f *faulty) Lstat(name string) (Info, error) {
	if err := f.decide("lstat", name); err != nil {
		return Info{}, err
	}
	return f.Store.Lstat(name)
}

func (f *faulty) ReadDir(name string) ([]Info, error) {
	if err := f.decide("readdir", name); err != nil {
		return nil, err
	}
	return f.Store.ReadDir(name)
}

func (f *faulty) Open(name string) (Reader, error) {
	if err := f.decide("open", name); err != nil {
		return nil, err
	}
	reader, err := f.Store.Open(name)
	if err != nil {
		return nil, err
	}
	return &faultyReader{Reader: reader, decide: f.decide, name: name}, nil
}

func (f *faulty) Create(name string) (Writer, error) { return f.writer(name, f.Store.Create) }

func (f *faulty) Append(name string) (Writer, error) { return f.writer(name, f.Store.Append) }

func (f *faulty) writer(name string, open func(string) (Writer, error)) (Writer, error) {
	if err := f.decide("create", name); err != nil {
		return nil, err
	}
	writer, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultyWriter{Writer: writer, decide: f.decide, name: name}, nil
}

func (f *faulty) MakeFolder(name string) ([]string, error) {
	if err := f.decide("makefolder", name); err != nil {
		return nil, err
	}
	return f.Store.MakeFolder(name)
}

func (f *faulty) Publish(from, to string) error {
	if err := f.decide("publish", to); err != nil {
		return err
	}
	return f.Store.Publish(from, to)
}

func (f *faulty) Exchange(from, to, aside string) error {
	if err := f.decide("exchange", to); err != nil {
		return err
	}
	return f.Store.Exchange(from, to, aside)
}

func (f *faulty) Rights(name, as string, withheld uint32) error {
	if err := f.decide("rights", name); err != nil {
		return err
	}
	return f.Store.Rights(name, as, withheld)
}

func (f *faulty) Remove(name string) error {
	if err := f.decide("remove", name); err != nil {
		return err
	}
	return f.Store.Remove(name)
}

func (f *faulty) Flush(ctx context.Context, names []string) error {
	failed := map[string]error{}
	var sound []string
	for _, name := range names {
		if err := f.decide("flush", name); err != nil {
			failed[name] = err
		} else {
			sound = append(sound, name)
		}
	}
	err := f.Store.Flush(ctx, sound)
	var inner *FlushError
	if errors.As(err, &inner) {
		maps.Copy(failed, inner.Failed)
	} else if err != nil {
		return err
	}
	return flushed(failed)
}

func (f *faulty) FlushFolders(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := f.decide("flushfolders", name); err != nil {
			return err
		}
	}
	return f.Store.FlushFolders(ctx, names)
}

func (f *faulty) Usage() (Usage, error) {
	if err := f.decide("usage", "."); err != nil {
		return Usage{}, err
	}
	return f.Store.Usage()
}

func (f *faulty) Watch(folders []string) (Watcher, error) {
	for _, folder := range folders {
		if err := f.decide("watch", folder); err != nil {
			return nil, err
		}
	}
	return f.Store.Watch(folders)
}

type faultyReader struct {
	Reader
	decide func(op, name string) error
	name   string
}

func (r *faultyReader) Read(into []byte) (int, error) {
	if err := r.decide("read", r.name); err != nil {
		return 0, err
	}
	return r.Reader.Read(into)
}

type faultyWriter struct {
	Writer
	decide func(op, name string) error
	name   string
}

func (w *faultyWriter) Write(data []byte) (int, error) {
	if err := w.decide("write", w.name); err != nil {
		return 0, err
	}
	return w.Writer.Write(data)
}

func (w *faultyWriter) SetModTime(ns int64) error {
	if err := w.decide("modtime", w.name); err != nil {
		return err
	}
	return w.Writer.SetModTime(ns)
}

// Close closes the file even when it is to fail, as the system does.
func (w *faultyWriter) Close() error {
	failed := w.decide("close", w.name)
	if err := w.Writer.Close(); failed == nil {
		return err
	}
	return failed
}
