package filestore

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// openAt opens a regular file; opening anything else could block or do something to a device.
func (s *real) openAt(what, name string, flags int) (*realFile, error) {
	at, last, err := s.parent(name)
	if err != nil {
		return nil, operation(what, name, err)
	}
	defer unix.Close(at)
	fresh := flags&unix.O_EXCL != 0
	if !fresh {
		info, err := statAt(at, last)
		if err == nil && info.Kind != File {
			err = ErrNotRegular
		}
		if err != nil {
			return nil, operation(what, name, err)
		}
	}
	number, err := retry(func() (int, error) {
		return unix.Openat(at, last, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o666)
	})
	if err != nil {
		return nil, operation(what, name, err)
	}
	opened := &realFile{store: s, descriptor: number, name: name}
	if fresh {
		return opened, nil
	}
	info, err := opened.Info()
	if err == nil && info.Kind != File {
		err = operation(what, name, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

func (s *real) Open(name string) (Reader, error) {
	opened, err := s.openAt("open", name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (s *real) Create(name string) (Writer, error) {
	opened, err := s.openAt("create", name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (s *real) Append(name string) (Writer, error) {
	opened, err := s.openAt("append to", name, unix.O_WRONLY|unix.O_APPEND)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// realFile is an open regular file, for reading or for writing. It is a bare descriptor: an os.File
// costs several more system calls a file, and regular files have no use for what they do.
type realFile struct {
	store      *real
	descriptor int
	name       string
}

func (f *realFile) Read(into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	n, err := retry(func() (int, error) { return unix.Read(f.descriptor, into) })
	switch {
	case err != nil:
		return 0, operation("read", f.name, err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (f *realFile) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		n, err := retry(func() (int, error) { return unix.Write(f.descriptor, data[written:]) })
		if err != nil {
			return written, operation("write", f.name, err)
		}
		written += n
	}
	return written, nil
}

// Close closes the file; a second time it is an error, and no other file is closed.
func (f *realFile) Close() error {
	number := f.descriptor
	f.descriptor = -1
	return operation("close", f.name, unix.Close(number))
}

func (f *realFile) Info() (Info, error) {
	info, err := f.store.infoAt(f.descriptor, "")
	if err != nil {
		return Info{}, operation("look at", f.name, err)
	}
	_, info.Name = splitName(f.name)
	return info, nil
}

func (f *realFile) SkipTo(offset int64) error {
	_, err := unix.Seek(f.descriptor, offset, io.SeekStart)
	return operation("skip in", f.name, err)
}

func (f *realFile) SetModTime(ns int64) error {
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(ns)}
	// An empty path means the descriptor itself, so that no name is looked up again.
	err := unix.UtimesNanoAt(f.descriptor, "", times, unix.AT_EMPTY_PATH)
	return operation("set the time of", f.name, err)
}
