package filestore

import (
	"fmt"
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
	NoChangeTime    bool         // Info.ChangeTime is 0
	NoIdentity      bool         // Info.Identity is 0
	Volume          uint64       // the number of the first volume, less one
	// SlowExchange takes two steps for an exchange, between which the power may go: the old file gets a
	// second name before the new one replaces it.
	SlowExchange bool
	// Held tells whether another program holds a file at the moment of an operation: open, append,
	// publish, exchange or remove. It must not call the store. Nil means that none ever does.
	Held func(operation, name string) bool
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
	volumes uint64
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
	names     int // how many entries lead to it
	outside   int // how many names it has besides, outside of the store
	withheld  uint32
	users     int // how many other programs have it open without sharing more than reading
	volume    *volume
	mounted   *node // the root of the volume that is mounted on this folder
	away      *node // the root of the volume that was mounted there until Unmount
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
	m := &Memory{options: options, locked: map[string]bool{}, watches: map[*memoryWatcher]bool{}, volumes: options.Volume}
	m.root = m.newNode(Folder, m.newVolume())
	return m
}

func (m *Memory) newNode(kind Kind, on *volume) *node {
	m.objects++
	made := &node{kind: kind, identity: m.objects, changed: m.now(), unflushed: true, volume: on}
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
	at := m.root.seen()
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
		at = next.node.seen()
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
	return m.anySlot(name)
}

// anySlot is slot without the limits: other programs keep to none.
func (m *Memory) anySlot(name string) (slot, error) {
	if err := checkComponents(name, m.options.WindowsNames); err != nil {
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

// existing is a slot that holds something which no other program holds against the operation.
func (m *Memory) existing(operation, name string) (slot, error) {
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return place, err
	}
	used := operation != "open" && place.node.inUse()
	mounted := operation != "open" && place.node.mounted != nil
	if used || mounted || m.locked[m.key(name)] || m.options.Held != nil && m.options.Held(operation, name) {
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

func (m *Memory) info(name string, n *node) Info {
	n = n.seen()
	info := Info{Name: name, Kind: n.kind, Size: int64(len(n.data)), ModTime: n.modTime,
		ChangeTime: n.changed, Identity: n.identity, Volume: n.volume.number, Withheld: n.withheld}
	if n.kind == File {
		info.Links = uint32(n.names + n.outside)
	}
	if m.options.NoChangeTime {
		info.ChangeTime = 0
	}
	if m.options.NoIdentity {
		info.Identity = 0
	}
	return info
}

// Lstat implements Store.
func (m *Memory) Lstat(name string) (Info, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if name == "." {
		return m.info(".", m.root), nil
	}
	place, err := m.slot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, about("look at", name, err)
	}
	return m.info(place.name, place.node), nil
}

// ReadDir implements Store.
func (m *Memory) ReadDir(name string) ([]Info, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	folder := m.root.seen()
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
		folder = place.node.seen()
	}
	infos := make([]Info, 0, len(folder.entries))
	for _, one := range folder.entries {
		infos = append(infos, m.info(one.name, one.node))
	}
	sort.Slice(infos, func(a, b int) bool { return infos[a].Name < infos[b].Name })
	return infos, nil
}

func (m *Memory) regular(what, operation, name string) (*memoryFile, error) {
	place, err := m.existing(operation, name)
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
	file, err := m.regular("open", "open", name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Append implements Store.
func (m *Memory) Append(name string) (Writer, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	file, err := m.regular("append to", "append", name)
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
	made := m.newNode(File, place.folder.volume)
	m.apply(assign(place, made))
	m.tell(name)
	return &memoryFile{store: m, node: made, name: place.name, path: name}, nil
}

// MakeFolder implements Store.
func (m *Memory) MakeFolder(name string) ([]string, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if err := CheckName(name, m.options.WindowsNames); err != nil && name != "." {
		return nil, about("make folder", name, err)
	}
	return m.makeFolder(name)
}

// makeFolder makes folders from the outermost to the innermost, each found in the one above it.
func (m *Memory) makeFolder(name string) ([]string, error) {
	if name == "." {
		return nil, nil
	}
	if err := checkComponents(name, m.options.WindowsNames); err != nil {
		return nil, about("make folder", name, err)
	}
	var made []string
	folder, end := m.root.seen(), 0
	for component := range strings.SplitSeq(name, "/") {
		end += len(component)
		key := m.key(component)
		one, there := folder.entries[key]
		switch {
		case !there:
			one = entry{component, m.newNode(Folder, folder.volume)}
			m.apply(assign(slot{folder, key, one}, one.node))
			made = append(made, name[:end])
			m.tell(name[:end])
		case one.node.kind == File:
			return made, about("make folder", name[:end], fs.ErrExist)
		case one.node.kind == Other:
			return made, about("make folder", name[:end], ErrNotRegular)
		}
		folder = one.node.seen()
		end++ // the slash
	}
	return made, nil
}

// Remove implements Store.
func (m *Memory) Remove(name string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.existing("remove", name)
	if err == nil {
		err = m.remove(name, place)
	}
	return about("remove", name, err)
}

func (m *Memory) remove(name string, place slot) error {
	switch {
	case place.node.kind == Other:
		return ErrNotRegular
	case place.node.mounted != nil:
		return ErrLocked
	case len(place.node.entries) > 0:
		return ErrNotEmpty
	}
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
		Exchange: !m.options.SlowExchange, TimeGranularity: m.options.TimeGranularity}
}

// Close implements Store. The content stays, so that a test can look at it.
func (m *Memory) Close() error { return nil }
