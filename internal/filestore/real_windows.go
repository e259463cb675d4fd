package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// real is a Store below one directory. os.Root, and the system's own refusal of links, keep it inside.
type real struct {
	root    *os.Root
	folder  *os.File // the root itself, held open for openBelow
	path    string
	network bool
	known   evidence
	tried   triedRights
}

// OpenReal opens the directory root as a Store. The directory must exist.
func OpenReal(root string) (Store, error) {
	path, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", root, err)
	}
	opened, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", root, classify(err))
	}
	folder, err := opened.Open(".")
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", root, errors.Join(classify(err), opened.Close()))
	}
	volume := filepath.VolumeName(path)
	network := strings.HasPrefix(volume, `\\`)
	if !network {
		pointer, err := windows.UTF16PtrFromString(volume + `\`)
		network = err == nil && windows.GetDriveType(pointer) == windows.DRIVE_REMOTE
	}
	return &real{root: opened, folder: folder, path: path, network: network, known: evidenceOf(folder)}, nil
}

// classify turns the system's error into the package's where there is one for it.
func classify(err error) error {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err
	}
	switch number {
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_USER_MAPPED_FILE:
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case windows.ERROR_WRITE_PROTECT:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case windows.ERROR_INVALID_NAME, windows.ERROR_FILENAME_EXCED_RANGE:
		return fmt.Errorf("%w: %w", ErrName, err)
	case windows.ERROR_NOT_SAME_DEVICE:
		return fmt.Errorf("%w: %w", ErrCrossVolume, err)
	case windows.ERROR_DIR_NOT_EMPTY:
		return ErrNotEmpty // not wrapped: the system's number also counts as fs.ErrExist
	}
	return err
}

func operation(what, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", what, name, classify(err))
}

// check refuses bad names, and names whose folder is not there or is reached through a link.
func (s *real) check(names ...string) error {
	if err := checkAll(true, names...); err != nil {
		return err
	}
	for _, name := range names {
		above, _ := splitName(name)
		folder, err := s.openBelow(above, toList)
		if errors.Is(err, ErrNotRegular) {
			return s.whyNotFolder(above)
		}
		if err != nil {
			return err
		}
		if err := folder.Close(); err != nil {
			return err
		}
	}
	return nil
}

// whyNotFolder tells a file in a folder's place, below which nothing exists, from a link.
func (s *real) whyNotFolder(name string) error {
	for ; name != "."; name, _ = splitName(name) {
		if info, err := s.Lstat(name); err == nil && info.Kind == File {
			return fs.ErrNotExist
		}
	}
	return ErrNotRegular
}

func (s *real) Lstat(name string) (Info, error) {
	if name != "." {
		if err := CheckName(name, true); err != nil {
			return Info{}, operation("look at", name, err)
		}
	}
	info, err := s.look(name)
	if errors.Is(err, ErrNotRegular) {
		above, _ := splitName(name)
		err = s.whyNotFolder(above)
	}
	if err != nil {
		return Info{}, operation("look at", name, err)
	}
	return info, nil
}

func (s *real) look(name string) (Info, error) {
	file, err := s.openBelow(name, toLook)
	if err != nil {
		return Info{}, err
	}
	_, last := splitName(name)
	info, err := s.info(last, file)
	return info, errors.Join(err, file.Close())
}

func (s *real) ReadDir(name string) ([]Info, error) {
	if name != "." {
		if err := CheckName(name, true); err != nil {
			return nil, operation("list", name, err)
		}
	}
	folder, err := s.openBelow(name, toList)
	if err != nil {
		return nil, operation("list", name, err)
	}
	defer folder.Close()
	listed, err := s.entries(folder)
	if err != nil {
		return nil, operation("list", name, err)
	}
	infos := slices.DeleteFunc(listed, func(one Info) bool { return strings.HasPrefix(one.Name, copyPrefix) })
	sort.Slice(infos, func(a, b int) bool { return infos[a].Name < infos[b].Name })
	return infos, nil
}

func (s *real) open(what, name string, how opening) (*realFile, error) {
	err := CheckName(name, true)
	var file *os.File
	if err == nil {
		file, err = s.openBelow(name, how)
	}
	if err != nil {
		return nil, operation(what, name, err)
	}
	return &realFile{store: s, file: file, name: name}, nil
}

func (s *real) Open(name string) (Reader, error) {
	file, err := s.open("open", name, toRead)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (s *real) Create(name string) (Writer, error) {
	file, err := s.open("create", name, toMake)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (s *real) Append(name string) (Writer, error) {
	file, err := s.open("append to", name, toAppend)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (s *real) MakeFolder(name string) ([]string, error) {
	if name == "." {
		return nil, nil
	}
	var made []string
	if err := CheckName(name, true); err != nil {
		return nil, operation("make folder", name, err)
	}
	if info, err := s.Lstat(name); err == nil && info.Kind == Folder {
		return nil, nil
	}
	for end := range len(name) + 1 {
		if end < len(name) && name[end] != '/' {
			continue
		}
		err := s.check(name[:end])
		if err == nil {
			err = s.root.Mkdir(name[:end], 0o777)
		}
		if err == nil {
			made = append(made, name[:end])
			continue
		}
		info, statError := s.Lstat(name[:end])
		if statError != nil || info.Kind != Folder {
			return made, operation("make folder", name[:end], err)
		}
	}
	return made, nil
}

// rename is MoveFileEx; without replace it fails when the name is taken.
func (s *real) rename(from, to string, replace bool) error {
	source, err := windows.UTF16PtrFromString(s.full(from))
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(s.full(to))
	if err != nil {
		return err
	}
	flags := uint32(windows.MOVEFILE_WRITE_THROUGH)
	if replace {
		flags |= windows.MOVEFILE_REPLACE_EXISTING
	}
	return windows.MoveFileEx(source, target, flags)
}

func (s *real) full(name string) string { return filepath.Join(s.path, filepath.FromSlash(name)) }

func (s *real) Publish(from, to string) error {
	if err := s.check(from, to); err != nil {
		return operation("publish", to, err)
	}
	return operation("publish", to, s.rename(from, to, false))
}

// Exchange keeps the old file under a second name, then replaces it; where there are no second
// names, it moves the old one away first, and to is absent for a moment.
func (s *real) Exchange(from, to, aside string) error {
	if err := s.check(from, to, aside); err != nil {
		return operation("exchange", to, err)
	}
	info, err := s.Lstat(from)
	if err == nil && info.Kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return operation("exchange", from, err)
	}
	old, err := s.Lstat(to)
	if err != nil {
		return err
	}
	if old.Kind == File {
		err := s.root.Link(to, aside)
		if err == nil {
			if err := s.rename(from, to, true); err != nil {
				return operation("exchange", to, errors.Join(err, s.root.Remove(aside)))
			}
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return operation("exchange", aside, err)
		}
	}
	if err := s.rename(to, aside, false); err != nil {
		return operation("exchange", to, err)
	}
	if err := s.rename(from, to, false); err != nil {
		return operation("exchange", to, errors.Join(err, s.rename(aside, to, false)))
	}
	return nil
}

func (s *real) Remove(name string) error {
	info, err := s.Lstat(name)
	if err == nil && info.Kind == Other {
		err = ErrNotRegular
	}
	if err != nil {
		return operation("remove", name, err)
	}
	return operation("remove", name, s.root.Remove(name))
}

// Flush is FlushFileBuffers for each file.
func (s *real) Flush(ctx context.Context, names []string) error {
	return flushOneByOne(ctx, names, func(name string) error {
		file, err := s.open("flush", name, toFlush)
		if err != nil {
			return err
		}
		return operation("flush", name, errors.Join(file.file.Sync(), file.file.Close()))
	})
}

// FlushFolders only looks at the folders: moves are written through, and NTFS keeps its entries
// in a journal in their order.
func (s *real) FlushFolders(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.Lstat(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *real) Usage() (Usage, error) {
	path, err := windows.UTF16PtrFromString(s.path)
	if err != nil {
		return Usage{}, err
	}
	var usage Usage
	err = windows.GetDiskFreeSpaceEx(path, &usage.Free, &usage.Total, nil)
	return usage, operation("ask the room of", ".", err)
}

func (s *real) Properties() Properties {
	return Properties{CaseInsensitive: true, WindowsNames: true, Network: s.network, TimeGranularity: 100}
}

func (s *real) Close() error { return errors.Join(s.folder.Close(), s.root.Close()) }

// realFile is an open file, for reading or for writing.
type realFile struct {
	store *real
	file  *os.File
	name  string
}

func (f *realFile) Read(into []byte) (int, error) { return f.file.Read(into) }

func (f *realFile) Write(data []byte) (int, error) {
	written, err := f.file.Write(data)
	return written, operation("write", f.name, err)
}

func (f *realFile) Close() error { return operation("close", f.name, f.file.Close()) }

func (f *realFile) Info() (Info, error) {
	_, last := splitName(f.name)
	info, err := f.store.info(last, f.file)
	return info, operation("look at", f.name, err)
}

func (f *realFile) SkipTo(offset int64) error {
	_, err := f.file.Seek(offset, 0)
	return operation("skip in", f.name, err)
}

func (f *realFile) SetModTime(ns int64) error {
	stamp := windows.NsecToFiletime(ns)
	return operation("set the time of", f.name, windows.SetFileTime(windows.Handle(f.file.Fd()), nil, nil, &stamp))
}
