package filestore

import (
	"io"
	"io/fs"
)

// memoryFile is an open file.
type memoryFile struct {
	store  *Memory
	node   *node
	name   string // the last component
	path   string // the whole name that it was opened by
	offset int64
	closed bool
}

func (f *memoryFile) Read(into []byte) (int, error) {
	f.store.mutex.Lock()
	defer f.store.mutex.Unlock()
	if f.closed {
		return 0, about("read", f.name, fs.ErrClosed)
	}
	if f.offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	read := copy(into, f.node.data[f.offset:])
	f.offset += int64(read)
	return read, nil
}

func (f *memoryFile) Write(data []byte) (int, error) {
	m := f.store
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if f.closed {
		return 0, about("write", f.name, fs.ErrClosed)
	}
	if m.options.Capacity > 0 && m.used+int64(len(data)) > m.options.Capacity {
		return 0, about("write", f.name, ErrFull)
	}
	m.used += int64(len(data))
	f.node.data = append(f.node.data, data...)
	f.node.unflushed, f.node.changed = true, m.now()
	f.node.modTime = m.truncate(f.node.changed)
	m.tell(f.path)
	return len(data), nil
}

func (f *memoryFile) SetModTime(ns int64) error {
	f.store.mutex.Lock()
	defer f.store.mutex.Unlock()
	f.node.modTime, f.node.changed = f.store.truncate(ns), f.store.now()
	f.node.unflushed = true
	f.store.tell(f.path)
	return nil
}

func (f *memoryFile) Info() (Info, error) {
	f.store.mutex.Lock()
	defer f.store.mutex.Unlock()
	return f.store.info(f.name, f.node), nil
}

func (f *memoryFile) SkipTo(offset int64) error {
	if offset < 0 {
		return about("skip in", f.name, fs.ErrInvalid)
	}
	f.offset = offset
	return nil
}

func (f *memoryFile) Close() error {
	if f.closed {
		return about("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}
