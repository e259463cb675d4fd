package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A folder in the tree can be a volume of its own, and nothing can be renamed from one volume to another.
// Files are copied there: under a name that nobody is shown, on the volume where they are to stand, and
// renamed once they are whole and durable. The original goes after that, and only as what was copied.

// errChanged: what was copied is not what stood there any more.
var errChanged = fmt.Errorf("%w: it changed while it was copied to another volume", ErrLocked)

// copyStays is how long a copy is taken for one that is still being made, perhaps by another host.
const copyStays = 24 * time.Hour

// besides gives a place with a new name of the store's own in the same folder.
func besides(p place) place {
	return place{p.at, fmt.Sprintf("%s%016x", copyPrefix, rand.Uint64())}
}

// publishAcross moves a file to another volume; to is its new name.
func (s *real) publishAcross(from, at place, to string) error {
	copied, original, err := copyTo(from, at)
	if err != nil {
		return err
	}
	if err := publishAt(copied, at); err != nil {
		return errors.Join(err, unlink(copied))
	}
	if err := s.flushAbove(to); err != nil {
		return errors.Join(err, unlink(at))
	}
	// Out of everybody's reach before it is compared for the last time.
	gone := besides(from)
	if err := publishAt(from, gone); errors.Is(err, fs.ErrNotExist) {
		return nil // somebody was faster
	} else if err != nil {
		return errors.Join(err, unlink(at))
	}
	if original.still(gone) {
		return unlink(gone)
	}
	back := publishAt(gone, from)
	if back == nil {
		return errors.Join(errChanged, unlink(at))
	}
	// Its name was given to another file meanwhile: what it held at last takes the place of the copy.
	newer, _, err := copyTo(gone, at)
	if err != nil {
		return errors.Join(errChanged, back, err)
	}
	return errors.Join(unix.Renameat(newer.at, newer.name, at.at, at.name), unlink(gone))
}

// exchangeAcross puts a file in another one's place, which is kept aside, where they are on several volumes.
func (s *real) exchangeAcross(from, to, free place, aside string) error {
	kept, original, err := copyTo(to, free)
	if err != nil {
		return err
	}
	fresh, _, err := copyTo(from, to)
	if err != nil {
		return errors.Join(err, unlink(kept))
	}
	if err := publishAt(kept, free); err != nil {
		return errors.Join(err, unlink(kept), unlink(fresh))
	}
	if err := s.flushAbove(aside); err != nil {
		return errors.Join(err, unlink(free), unlink(fresh))
	}
	err = unix.Renameat2(fresh.at, fresh.name, to.at, to.name, unix.RENAME_EXCHANGE)
	if unsupported(err) && original.still(to) {
		if err = unix.Renameat(fresh.at, fresh.name, to.at, to.name); err == nil {
			return unlink(from)
		}
	}
	if err != nil {
		return errors.Join(err, unlink(free), unlink(fresh))
	}
	if !original.still(fresh) {
		back := unix.Renameat2(fresh.at, fresh.name, to.at, to.name, unix.RENAME_EXCHANGE)
		if back != nil {
			return errors.Join(errChanged, back)
		}
		return errors.Join(errChanged, unlink(free), unlink(fresh))
	}
	return errors.Join(unlink(fresh), unlink(from))
}

func unlink(p place) error { return unix.Unlinkat(p.at, p.name, 0) }

// original is a file as it was when it was copied.
type original struct{ stat unix.Stat_t }

// still tells whether the same file stands at a place, unchanged. Its change time is no help: renaming
// changes that, too.
func (o original) still(p place) bool {
	var now unix.Stat_t
	err := unix.Fstatat(p.at, p.name, &now, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && now.Dev == o.stat.Dev && now.Ino == o.stat.Ino && now.Size == o.stat.Size &&
		now.Mtim == o.stat.Mtim
}

// copyTo makes a durable copy of a regular file in the folder of a place, with its time and rights, under
// a name of the store's own.
func copyTo(from, beside place) (copied place, was original, err error) {
	number, err := retry(func() (int, error) {
		return unix.Openat(from.at, from.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return place{}, original{}, err
	}
	source := os.NewFile(uintptr(number), from.name)
	defer source.Close()
	if err := unix.Fstat(number, &was.stat); err != nil {
		return place{}, original{}, err
	}
	if was.stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return place{}, original{}, ErrCrossVolume
	}
	copied = besides(beside)
	made, err := retry(func() (int, error) {
		return unix.Openat(copied.at, copied.name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	})
	if err != nil {
		return place{}, original{}, err
	}
	target := os.NewFile(uintptr(made), copied.name)
	_, err = io.Copy(target, source)
	if err == nil {
		err = copyRights(number, made)
	}
	if err == nil {
		times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, was.stat.Mtim}
		err = unix.UtimesNanoAt(made, "", times, unix.AT_EMPTY_PATH)
	}
	if err == nil {
		err = unix.Fsync(made)
	}
	var after unix.Stat_t
	err = errors.Join(err, target.Close(), unix.Fstat(number, &after))
	if err == nil && after.Ctim != was.stat.Ctim {
		err = errChanged
	}
	if err != nil {
		return place{}, original{}, errors.Join(err, unlink(copied))
	}
	return copied, was, nil
}

// flushAbove makes the entry of a name durable, and those of the folders above it.
func (s *real) flushAbove(name string) error {
	folders := []string{"."}
	for folder, _ := splitName(name); folder != "."; folder, _ = splitName(folder) {
		folders = append(folders, folder)
	}
	return flushed(s.flushEach(context.Background(), folders, "flush folder", unix.O_RDONLY|unix.O_DIRECTORY))
}

// sweepCopy removes a copy that a loss of power or a kill left; what it held is under another name, too.
func sweepCopy(at int, name string) {
	var stat unix.Stat_t
	if err := unix.Fstatat(at, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err == nil &&
		time.Since(time.Unix(stat.Ctim.Unix())) > copyStays {
		_ = unix.Unlinkat(at, name, 0) // the next listing tries again
	}
}

// sweepCopies empties a folder that is to go of all such copies, and tells whether there were some.
func (s *real) sweepCopies(name string) bool {
	at, err := s.folder(name, folderToRead)
	if err != nil {
		return false
	}
	folder := os.NewFile(uintptr(at), name)
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	swept := false
	for _, entry := range names {
		if strings.HasPrefix(entry, copyPrefix) {
			swept = unix.Unlinkat(at, entry, 0) == nil || swept
		}
	}
	return swept && err == nil
}
