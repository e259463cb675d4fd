package filestore

import (
	"context"
	"errors"
	"io"
)

// Errors that callers decide on; implementations wrap them together with the operation and name.
// Absent and existing names are reported as fs.ErrNotExist and fs.ErrExist, missing rights as
// fs.ErrPermission.
var (
	// ErrLocked: another program holds the file (a sharing violation); try again later.
	ErrLocked = errors.New("the file is held by another program")
	// ErrName: the name cannot exist on this store (reserved, too long, not a valid component).
	ErrName = errors.New("the name cannot be used on this store")
	// ErrNotRegular: a link, device, socket or pipe stands there, which is never followed.
	ErrNotRegular = errors.New("not a regular file or folder")
	// ErrFull: the volume, or a quota on it, has no room left.
	ErrFull = errors.New("the volume has no room left")
	// ErrReadOnly: the volume cannot be written to.
	ErrReadOnly = errors.New("the volume is read-only")
	// ErrCrossVolume: the names are on different volumes, and what is to be moved is no regular file.
	ErrCrossVolume = errors.New("the names are on different volumes, between which only files can be moved")
	// ErrNotEmpty: the folder still holds something.
	ErrNotEmpty = errors.New("the folder is not empty")
	// ErrNoWatch: this store cannot tell about changes; scan it instead.
	ErrNoWatch = errors.New("the store cannot tell about changes")
	// ErrLimit: a limit of the system stands in the way, which an administrator can raise.
	ErrLimit = errors.New("a limit of the system is reached")
)

// Kind tells what stands under a name.
type Kind uint8

// The kinds. Other is anything that is neither a regular file nor a folder: it is never followed,
// read or replicated.
const (
	File Kind = iota + 1
	Folder
	Other
)

// Info is what a store knows of a name without reading content.
type Info struct {
	Name    string // the last component as the store spells it
	Kind    Kind
	Size    int64
	ModTime int64 // nanoseconds since 1970-01-01 UTC, truncated to what the store can keep
	// ChangeTime is when content or metadata last changed by the store's own clock, in nanoseconds;
	// 0 when unknown. It is evidence on this store only and never compared with another's.
	ChangeTime int64
	// Identity tells one file object from another under the same name (an inode number); 0 when unknown.
	Identity uint64
	// Volume tells the volume on which it lies; 0 when unknown. It may change when a volume is mounted anew. A
	// folder that is mounted at a second place counts as a volume of its own there.
	Volume uint64
	// Withheld are the permission bits, as of chmod(1), that it does not give; 0 where the store has no such bits.
	Withheld uint32
	// Links is how many names the file has; 0 when unknown.
	Links uint32
}

// Properties tells what a store can do.
type Properties struct {
	CaseInsensitive bool  // names that differ in case only are the same name
	WindowsNames    bool  // reserved names, trailing dots and spaces, and ':' cannot be used
	Network         bool  // changes made by other hosts are not told about
	Exchange        bool  // Exchange is one atomic step; otherwise a link or copy goes before the rename
	TimeGranularity int64 // nanoseconds; modification times are kept to a multiple of it
}

// Usage is the room on the store's volume, in bytes.
type Usage struct{ Free, Total uint64 }

// Reader reads one file. Info may be called at any time and tells the open file's present state,
// so that a caller can see that it changed while it was read.
type Reader interface {
	io.Reader
	io.Closer
	Info() (Info, error)
	// SkipTo sets where the next Read begins.
	SkipTo(offset int64) error
}

// Writer writes one new file. Close does not make it durable: Flush does.
type Writer interface {
	io.Writer
	io.Closer
	// SetModTime gives the file its modification time; call it last before Close.
	SetModTime(ns int64) error
}

// Store is one pool's file store. Names are relative to its root, separated by slashes, without
// empty, "." or ".." components; any other name is refused with ErrName before the store is
// touched. No operation follows a link, in any component. Operations may be called from several
// goroutines; those on different names do not disturb each other. Errors that are not one of the
// package's, or of io/fs's, may pass by themselves and be tried again.
type Store interface {
	// Lstat tells what stands under name. The root itself is ".".
	Lstat(name string) (Info, error)

	// ReadDir lists a folder in full, sorted by name as bytes, or fails: never a part.
	ReadDir(name string) ([]Info, error)

	// Open opens a regular file for reading. ErrNotRegular for anything else.
	Open(name string) (Reader, error)

	// Create makes a new file; fs.ErrExist when something has the name already. The folder must exist.
	Create(name string) (Writer, error)

	// Append opens a file that Create made earlier, to go on at its end; for transfers that were cut.
	Append(name string) (Writer, error)

	// MakeFolder makes a folder and those above it that are missing. It is no error when it exists.
	// It returns the names of the folders that it made, outermost first.
	MakeFolder(name string) ([]string, error)

	// Publish moves a file or folder to a name that must be free, in one step. fs.ErrExist when it
	// is not, but for another spelling of the same name where the store does not tell upper from lower
	// case: then it is spelled as the new name. The folder of the new name must exist. Where it is on
	// another volume a file is copied, with its time and rights: it appears under its new name whole and
	// durable, and only then, and only if it still is what was copied, goes from its old one; else
	// ErrLocked. Then it has another Identity.
	Publish(from, to string) error

	// Exchange puts the file at from in the place of the file at to, and what was at to, whatever it
	// then was, under the name aside, which must be free. With Properties.Exchange it is one step for
	// to: a reader sees the old or the new file. After a crash in the middle, the old content is under
	// to or aside and never under from, the new one under any of the three. fs.ErrNotExist when to is
	// absent. Files on different volumes are copied as by Publish: what was at to is durable under aside
	// before the new file, whole and durable, takes its place.
	Exchange(from, to, aside string) error

	// Rights gives a file the owner, group, mode and access list that it would have if it had been written at
	// the place as: those of the file that stands there, else those of a new one in that folder, which must
	// exist. Permission bits that are withheld (see Info) it has in no case. Where as is the name itself, of
	// a file or folder, nothing else is changed. Rights that the store does not have, or that this process
	// may not give, are left out, and never given to somebody else instead.
	Rights(name, as string, withheld uint32) error

	// Remove removes a file or an empty folder; ErrNotEmpty for a folder that holds something.
	Remove(name string) error

	// Flush makes the content and metadata of closed files durable, so that they survive a loss of
	// power under the names that FlushFolders makes durable. Many names cost little more than one. A
	// *FlushError names those that failed; after any other error nothing is known of any.
	Flush(ctx context.Context, names []string) error

	// FlushFolders makes the entries of these folders durable: names made, moved and removed in them.
	FlushFolders(ctx context.Context, names []string) error

	// Usage tells the room on the volume.
	Usage() (Usage, error)

	// Properties tells what this store can do. It is asked once and does not change.
	Properties() Properties

	// Watch tells about changes below the given folders until the watcher is closed. ErrNoWatch when
	// the store cannot, with the reason. Folders that do not exist yet are picked up when they appear.
	Watch(folders []string) (Watcher, error)

	// Close lets go of the store.
	Close() error
}

// Watcher tells which names may have changed. It is a hint, never a proof: when some were lost, and
// from time to time, the caller looks for itself.
type Watcher interface {
	// Take returns the names that may have changed since the last call, sorted, without waiting, and
	// whether some were lost (too many at once, a store put in the place of another, a volume in the
	// tree unmounted): then a full look is needed. A name that was made, changed, moved or removed is
	// told; for a new or moved folder, or one on which a volume was mounted, its own name is told, and
	// the caller looks into it. The error, ErrNoWatch, says that this watcher can tell nothing any more
	// and why: close it.
	Take() (names []string, lost bool, err error)
	// Signal receives a value when Take has something to return.
	Signal() <-chan struct{}
	Close() error
}
