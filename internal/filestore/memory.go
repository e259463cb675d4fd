package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"
	"sync"
)

// MemoryOptions are the properties of a store in memory.
type MemoryOptions struct {
	CaseInsensitive bool
	WindowsNames    bool
	Capacity        int64        // bytes of content; 0 means no limit
	Now             func() int64 // nanoseconds, for ChangeTime; nil counts changes instead
	TimeGranularity int64        // nanoseconds; 0 means 1
	NoWatch         bool         // Watch answers ErrNoWatch
}

// Memory is a Store in memory that behaves the same on every run and can lose power.
type Memory struct {
	mutex   sync.Mutex
	options MemoryOptions
	root    *node
	journal []change
	locked  map[string]bool
	used    int64
	ticks   int64
	objects uint64
	watches map[*memoryWatcher]bool
}

// node is a file or folder. A folder has entries as seen now, and entries that are durable.
type node struct {
	kind      Kind
	data      []byte
	modTime   int64
	changed   int64
	identity  uint64
	entries   map[string]entry
	durable   map[string]entry
	kept      []byte // content at the last flush
	keptTime  int64
	unflushed bool
}

type entry struct {
	name string
	node *node
}

// NewMemory returns an empty store.
func NewMemory(options MemoryOptions) *Memory {
	if options.TimeGranularity <= 0 {
		options.TimeGranularity = 1
	}
	m := &Memory{options: options, locked: map[string]bool{}, watches: map[*memoryWatcher]bool{}}
	m.root = m.newNode(Folder)
	return m
}

func (m *Memory) newNode(kind Kind) *node {
	m.objects++
	made := &node{kind: kind, identity: m.objects, changed: m.now(), unflushed: true}
	made.modTime = m.truncate(made.changed)
	if kind == Folder {
		made.entries, made.durable = map[string]entry{}, map[string]entry{}
	}
	return made
}

func (m *Memory) now() int64 {
	if m.options.Now != nil {
		return m.options.Now()
	}
	m.ticks++
	return m.ticks
}

func (m *Memory) truncate(ns int64) int64 {
	rest := ns % m.options.TimeGranularity
	if rest < 0 {
		rest += m.options.TimeGranularity
	}
	return ns - rest
}

func (m *Memory) key(name string) string {
	if m.options.CaseInsensitive {
		return strings.ToLower(name)
	}
	return name
}

// folder finds a folder by a checked name or ".".
func (m *Memory) folder(name string) (*node, error) {
	at := m.root
	if name == "." {
		return at, nil
	}
	for component := range strings.SplitSeq(name, "/") {
		next, found := at.entries[m.key(component)]
		if !found || next.node.kind == File {
			return nil, fs.ErrNotExist
		}
		if next.node.kind != Folder {
			return nil, ErrNotRegular
		}
		at = next.node
	}
	return at, nil
}

// slot is where a name stands, or could.
type slot struct {
	folder *node
	key    string
	entry
}

func (m *Memory) slot(name string) (slot, error) {
	if err := CheckName(name, m.options.WindowsNames); err != nil {
		return slot{}, err
	}
	above, last := splitName(name)
	folder, err := m.folder(above)
	if err != nil {
		return slot{}, err
	}
	key := m.key(last)
	found, present := folder.entries[key]
	if !present {
		found.name = last
	}
	return slot{folder, key, found}, nil
}

// existing is a slot that holds something which no other program holds.
func (m *Memory) existing(name string) (slot, error) {
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	}
	if err == nil && m.locked[m.key(name)] {
		err = ErrLocked
	}
	return place, err
}

func about(what, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", what, name, err)
}

func (n *node) info(name string) Info {
	return Info{Name: name, Kind: n.kind, Size: int64(len(n.data)), ModTime: n.modTime,
		ChangeTime: n.changed, Identity: n.identity, Volume: 1, Links: 1}
}

// Lstat implements Store.
func (m *Memory) Lstat(name string) (Info, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if name == "." {
		return m.root.info("."), nil
	}
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, about("look at", name, err)
	}
	return place.node.info(place.name), nil
}

// ReadDir implements Store.
func (m *Memory) ReadDir(name string) ([]Info, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	folder := m.root
	if name != "." {
		place, err := m.slot(name)
		if err == nil && place.node == nil {
			err = fs.ErrNotExist
		} else if err == nil && place.node.kind != Folder {
			err = ErrNotRegular
		}
		if err != nil {
			return nil, about("list", name, err)
		}
		folder = place.node
	}
	infos := make([]Info, 0, len(folder.entries))
	for _, one := range folder.entries {
		infos = append(infos, one.node.info(one.name))
	}
	sort.Slice(infos, func(a, b int) bool { return infos[a].Name < infos[b].Name })
	return infos, nil
}

func (m *Memory) regular(what, name string) (*memoryFile, error) {
	place, err := m.existing(name)
	if err == nil && place.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, about(what, name, err)
	}
	return &memoryFile{store: m, node: place.node, name: place.name, path: name}, nil
}

// Open implements Store.
func (m *Memory) Open(name string) (Reader, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	file, err := m.regular("open", name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Append implements Store.
func (m *Memory) Append(name string) (Writer, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	file, err := m.regular("append to", name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Create implements Store.
func (m *Memory) Create(name string) (Writer, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.slot(name)
	if err == nil && place.node != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return nil, about("create", name, err)
	}
	made := m.newNode(File)
	m.apply(assign(place, made))
	m.tell(name)
	return &memoryFile{store: m, node: made, name: place.name, path: name}, nil
}

// MakeFolder implements Store.
func (m *Memory) MakeFolder(name string) ([]string, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.makeFolder(name)
}

func (m *Memory) makeFolder(name string) ([]string, error) {
	if name == "." {
		return nil, nil
	}
	var made []string
	if err := CheckName(name, m.options.WindowsNames); err != nil {
		return nil, about("make folder", name, err)
	}
	for end := range len(name) + 1 {
		if end < len(name) && name[end] != '/' {
			continue
		}
		place, err := m.slot(name[:end])
		switch {
		case err != nil:
		case place.node == nil:
			m.apply(assign(place, m.newNode(Folder)))
			made = append(made, name[:end])
			m.tell(name[:end])
		case place.node.kind == File:
			err = fs.ErrExist
		case place.node.kind == Other:
			err = ErrNotRegular
		}
		if err != nil {
			return made, about("make folder", name[:end], err)
		}
	}
	return made, nil
}

// Publish implements Store.
func (m *Memory) Publish(from, to string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	source, err := m.existing(from)
	if err != nil {
		return about("publish", from, err)
	}
	target, err := m.slot(to)
	if err == nil && target.node != nil {
		err = fs.ErrExist
	}
	if err == nil && strings.HasPrefix(m.key(to), m.key(from)+"/") {
		err = fs.ErrInvalid
	}
	if err != nil {
		return about("publish", to, err)
	}
	source.node.changed = m.now()
	m.apply(move(source, target))
	m.tell(from, to)
	return nil
}

// Exchange implements Store.
func (m *Memory) Exchange(from, to, aside string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	source, err := m.existing(from)
	if err == nil && source.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return about("exchange", from, err)
	}
	target, err := m.existing(to)
	if err != nil {
		return about("exchange", to, err)
	}
	free, err := m.slot(aside)
	if err == nil && free.node != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return about("exchange", aside, err)
	}
	source.node.changed, target.node.changed = m.now(), m.now()
	m.apply(move(source, free))
	free.node = source.node
	m.apply(swap(free, target))
	m.tell(from, to, aside)
	return nil
}

// Remove implements Store.
func (m *Memory) Remove(name string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.existing(name)
	switch {
	case err != nil:
	case place.node.kind == Other:
		err = ErrNotRegular
	case len(place.node.entries) > 0:
		err = ErrNotEmpty
	}
	if err != nil {
		return about("remove", name, err)
	}
	m.used -= int64(len(place.node.data))
	m.apply(assign(place, nil))
	m.tell(name)
	return nil
}

// Usage implements Store.
func (m *Memory) Usage() (Usage, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	total := m.options.Capacity
	if total == 0 {
		total = 1 << 50
	}
	return Usage{Free: uint64(max(0, total-m.used)), Total: uint64(total)}, nil
}

// Properties implements Store.
func (m *Memory) Properties() Properties {
	return Properties{CaseInsensitive: m.options.CaseInsensitive, WindowsNames: m.options.WindowsNames,
		Exchange: true, TimeGranularity: m.options.TimeGranularity}
}

// Close implements Store. The content stays, so that a test can look at it.
func (m *Memory) Close() error { return nil }

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
	return f.node.info(f.name), nil
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

// WriteFile puts a file under a name, over what is there, making the folders above it; another
// program's doing, with another identity. ErrNotRegular when a folder stands there.
func (m *Memory) WriteFile(name string, data []byte, modTime int64) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	above, _ := splitName(name)
	if _, err := m.makeFolder(above); err != nil {
		return err
	}
	place, err := m.slot(name)
	if err == nil && place.node != nil && place.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return about("write", name, err)
	}
	if place.node != nil {
		m.used -= int64(len(place.node.data))
	}
	made := m.newNode(File)
	made.data, made.modTime = bytes.Clone(data), m.truncate(modTime)
	m.used += int64(len(data))
	m.apply(assign(place, made))
	m.tell(name)
	return nil
}

// ReadFile returns the content of a file, also of a locked one.
func (m *Memory) ReadFile(name string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	} else if err == nil && place.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, about("read", name, err)
	}
	return bytes.Clone(place.node.data), nil
}

// RemoveAll removes a name and all below it; an absent name is no error.
func (m *Memory) RemoveAll(name string) error {
	infos, err := m.ReadDir(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrNotRegular) {
		return err
	}
	for _, info := range infos {
		child := info.Name
		if name != "." {
			child = name + "/" + info.Name
		}
		if err := m.RemoveAll(child); err != nil {
			return err
		}
	}
	if name == "." {
		return nil
	}
	if err := m.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Files returns all files' content by name; folders are left out.
func (m *Memory) Files() map[string]string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	files := map[string]string{}
	collect(m.root, "", files)
	return files
}

func collect(folder *node, above string, into map[string]string) {
	for _, one := range folder.entries {
		if one.node.kind == Folder {
			collect(one.node, above+one.name+"/", into)
		} else {
			into[above+one.name] = string(one.node.data)
		}
	}
}

// Lock makes a name answer ErrLocked when it is opened, moved or removed, as if another program
// held it.
func (m *Memory) Lock(name string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.locked[m.key(name)] = true
}

// Rot changes one bit of a file's content, as a disk may: nothing else of it changes and nothing is told.
func (m *Memory) Rot(name string, bit int) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	} else if err == nil && (place.node.kind != File || bit >= 8*len(place.node.data)) {
		err = fs.ErrInvalid
	}
	if err != nil {
		return about("change", name, err)
	}
	place.node.data[bit/8] ^= 1 << (bit % 8)
	return nil
}

// Unlock ends Lock.
func (m *Memory) Unlock(name string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.locked, m.key(name))
}
