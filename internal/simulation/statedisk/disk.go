package statedisk

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Disk is the host's own disk, on which an index lives: a file system for SQLite, in memory, that
// loses power. Names are durable at once; content only when it was synced.
type Disk struct {
	mu    sync.Mutex
	files map[string]*diskFile
	// Step is asked before each write and sync; its error is theirs.
	Step func() error
}

// diskFile is one file, and what was done to it since it was last synced.
type diskFile struct {
	data, synced []byte
	since        []diskWrite
}

type diskWrite struct {
	at       int64
	data     []byte
	truncate bool
}

// New gives an empty disk.
func New() *Disk { return &Disk{files: map[string]*diskFile{}, Step: func() error { return nil }} }

// Clone copies a disk as it is, for a snapshot that somebody puts back later.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	made := New()
	for name, f := range d.files {
		made.files[name] = &diskFile{data: bytes.Clone(f.data), synced: bytes.Clone(f.data)}
	}
	return made
}

// Crash gives the disk as it may be after a loss of power: what was synced, and of the rest a seeded
// part, the last write possibly torn.
func (d *Disk) Crash(random *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New()
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		made := &diskFile{data: bytes.Clone(f.synced)}
		for _, w := range f.since {
			switch random.IntN(4) {
			case 0:
			case 1:
				if !w.truncate && len(w.data) > 0 {
					w.data = w.data[:random.IntN(len(w.data))]
				}
				made.data = w.on(made.data)
			default:
				made.data = w.on(made.data)
			}
		}
		made.synced = bytes.Clone(made.data)
		after.files[name] = made
	}
	return after
}

// on gives data with the write done to it; data is used up.
func (w diskWrite) on(data []byte) []byte {
	if w.truncate {
		return data[:min(int64(len(data)), w.at)]
	}
	if end := w.at + int64(len(w.data)); end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[w.at:], w.data)
	return data
}

// Remove takes all files away: the state folder is lost.
func (d *Disk) Remove() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.files)
}

// disks is the registered file system: the first component of a name is a disk's.
type disks struct {
	mu  sync.Mutex
	all map[string]*Disk
}

// System is the name under which SQLite knows the disks. A file's name begins with that of its disk.
const System = "simulation"

var mounted = &disks{all: map[string]*Disk{}}

func init() { vfs.Register(System, mounted) }

// Mount makes a disk known under a name, until it is unmounted.
func Mount(name string, d *Disk) {
	mounted.mu.Lock()
	defer mounted.mu.Unlock()
	mounted.all[name] = d
}

// Unmount forgets the disk of a name.
func Unmount(name string) {
	mounted.mu.Lock()
	defer mounted.mu.Unlock()
	delete(mounted.all, name)
}

func (ds *disks) find(path string) (*Disk, string, error) {
	name, file, _ := strings.Cut(path, "/")
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.all[name]; d != nil {
		return d, file, nil
	}
	return nil, "", sqlite3.CANTOPEN
}

// Open implements vfs.VFS.
func (ds *disks) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if name == "" { // a temporary file of SQLite's own
		return &diskHandle{disk: New(), file: &diskFile{}}, flags, nil
	}
	d, file, err := ds.find(name)
	if err != nil {
		return nil, flags, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[file]
	if f == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		f = &diskFile{}
		d.files[file] = f
	}
	return &diskHandle{disk: d, file: f}, flags, nil
}

// Delete implements vfs.VFS.
func (ds *disks) Delete(name string, _ bool) error {
	d, file, err := ds.find(name)
	if err != nil {
		return err
	}
	if err := d.Step(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[file] == nil {
		return sqlite3.IOERR_DELETE_NOENT
	}
	delete(d.files, file)
	return nil
}

// Access implements vfs.VFS.
func (ds *disks) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d, file, err := ds.find(name)
	if err != nil {
		return false, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[file] != nil, nil
}

// FullPathname implements vfs.VFS.
func (ds *disks) FullPathname(name string) (string, error) { return name, nil }

// diskHandle is an open file. Locks are not needed: nobody opens a file twice.
type diskHandle struct {
	disk *Disk
	file *diskFile
}

func (h *diskHandle) ReadAt(p []byte, off int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if off >= int64(len(h.file.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.file.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *diskHandle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.change(diskWrite{at: off, data: bytes.Clone(p)}); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (h *diskHandle) change(w diskWrite) error {
	if err := h.disk.Step(); err != nil {
		return err
	}
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.file.data = w.on(h.file.data)
	h.file.since = append(h.file.since, w)
	return nil
}

func (h *diskHandle) Truncate(size int64) error {
	return h.change(diskWrite{at: size, truncate: true})
}

func (h *diskHandle) Sync(vfs.SyncFlag) error {
	if err := h.disk.Step(); err != nil {
		return err
	}
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	for _, w := range h.file.since {
		h.file.synced = w.on(h.file.synced)
	}
	h.file.since = nil
	return nil
}

func (h *diskHandle) Size() (int64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return int64(len(h.file.data)), nil
}

func (h *diskHandle) Close() error                     { return nil }
func (h *diskHandle) Lock(vfs.LockLevel) error         { return nil }
func (h *diskHandle) Unlock(vfs.LockLevel) error       { return nil }
func (h *diskHandle) CheckReservedLock() (bool, error) { return false, nil }
func (h *diskHandle) SectorSize() int                  { return 0 }
func (h *diskHandle) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return 0
}
