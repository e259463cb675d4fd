package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// real is a Store below one directory. Every name is walked component by component from the root's
// own descriptor without following links: os.Root alone would follow those that stay inside.
type real struct {
	root       *os.Root
	directory  *os.File
	descriptor int // of directory
	path       string
	device     uint64
	mount      uint64 // the number of the root's mount
	whole      bool   // one call makes the whole volume durable
	properties Properties
}

// OpenReal opens the directory root as a Store. The directory must exist.
func OpenReal(root string) (Store, error) {
	opened, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", root, classify(err))
	}
	directory, err := opened.Open(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", root, classify(err)), opened.Close())
	}
	store := &real{root: opened, directory: directory, descriptor: int(directory.Fd()), path: root}
	var stat unix.Statx_t
	var volume unix.Statfs_t
	err = errors.Join(unix.Statx(store.descriptor, "", unix.AT_EMPTY_PATH, known, &stat),
		unix.Fstatfs(store.descriptor, &volume))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", root, err), store.Close())
	}
	store.device, store.mount = unix.Mkdev(stat.Dev_major, stat.Dev_minor), stat.Mnt_id
	store.properties = propertiesOf(uint32(volume.Type))
	store.whole = flushesWhole(store.properties)
	return store, nil
}

// propertiesOf tells what a file system can do from its magic number: trying it out would write
// into a store that may be only read.
func propertiesOf(magic uint32) Properties {
	const (
		smb2 = 0xfe534d42
		cifs = 0xff534d42
		ntfs = 0x7366746e
		xfat = 0x2011bab0
	)
	properties := Properties{TimeGranularity: 1}
	switch magic {
	case unix.NFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC, unix.SMB_SUPER_MAGIC, smb2, cifs:
		properties.Network = true
		properties.TimeGranularity = 100
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC:
		properties.Exchange = true
	}
	switch magic {
	case unix.SMB_SUPER_MAGIC, smb2, cifs, ntfs:
		properties.CaseInsensitive, properties.WindowsNames = true, true
		properties.TimeGranularity = 100
	case unix.MSDOS_SUPER_MAGIC, xfat:
		properties.CaseInsensitive, properties.WindowsNames = true, true
		properties.TimeGranularity = 2_000_000_000
	}
	return properties
}

// classify turns the system's error into the package's where there is one for it.
func classify(err error) error {
	var number unix.Errno
	if !errors.As(err, &number) {
		return err
	}
	switch number {
	case unix.ENOSPC, unix.EDQUOT:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case unix.EROFS:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case unix.ENAMETOOLONG, unix.EILSEQ:
		return fmt.Errorf("%w: %w", ErrName, err)
	case unix.EBUSY, unix.ETXTBSY:
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case unix.EXDEV:
		return fmt.Errorf("%w: %w", ErrCrossVolume, err)
	case unix.ELOOP, unix.ENXIO:
		return fmt.Errorf("%w: %w", ErrNotRegular, err)
	case unix.ENOTEMPTY:
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

// The ways to open a folder: to reach what is in it, and to list it or make it durable.
const (
	folderToPass = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	folderToRead = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
)

// folder opens a folder by a checked name, or ".", following no link. The caller closes it. The
// kernel resolves the whole name in one call; when that fails for another reason than that a component
// is missing, the walk finds out at which.
func (s *real) folder(name string, flags int) (int, error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	at, err := retry(func() (int, error) { return unix.Openat2(s.descriptor, name, &how) })
	if err == nil || err == unix.ENOENT {
		return at, err
	}
	return s.walk(name, flags)
}

// walk opens a folder component by component.
func (s *real) walk(name string, flags int) (int, error) {
	at, err := retry(func() (int, error) { return unix.Openat(s.descriptor, ".", flags, 0) })
	if err != nil || name == "." {
		return at, err
	}
	components := strings.Split(name, "/")
	for number, component := range components {
		next, err := retry(func() (int, error) { return unix.Openat(at, component, flags, 0) })
		if err == unix.ENOTDIR {
			var stat unix.Stat_t
			statError := unix.Fstatat(at, component, &stat, unix.AT_SYMLINK_NOFOLLOW)
			if statError == nil && stat.Mode&unix.S_IFMT == unix.S_IFREG && number < len(components)-1 {
				err = fs.ErrNotExist // nothing stands below a file
			} else {
				err = ErrNotRegular
			}
		}
		unix.Close(at)
		if err != nil {
			return -1, err
		}
		at = next
	}
	return at, nil
}

// parent opens the folder that a name stands in and checks the name.
func (s *real) parent(name string) (int, string, error) {
	if err := CheckName(name, s.properties.WindowsNames); err != nil {
		return -1, "", err
	}
	folder, last := splitName(name)
	at, err := s.folder(folder, folderToPass)
	if err != nil && errors.Is(err, ErrNotRegular) {
		if info, statError := s.Lstat(folder); statError == nil && info.Kind == File {
			err = fs.ErrNotExist
		}
	}
	return at, last, err
}

func retry(call func() (int, error)) (int, error) {
	for {
		result, err := call()
		if err != unix.EINTR {
			return result, err
		}
	}
}

// known is what is asked of the kernel.
const known = unix.STATX_BASIC_STATS | unix.STATX_MNT_ID

func infoOf(name string, stat *unix.Statx_t) Info {
	info := Info{Name: name, Kind: Other, ModTime: nanoseconds(stat.Mtime), ChangeTime: nanoseconds(stat.Ctime),
		Identity: stat.Ino, Volume: unix.Mkdev(stat.Dev_major, stat.Dev_minor),
		Withheld: ^uint32(stat.Mode) & 0o777}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		info.Kind, info.Size, info.Links = File, int64(stat.Size), stat.Nlink
	case unix.S_IFDIR:
		info.Kind = Folder
	}
	return info
}

func nanoseconds(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

func statAt(at int, name string) (Info, error) {
	var stat unix.Statx_t
	err := unix.Statx(at, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT|unix.AT_EMPTY_PATH, known, &stat)
	if err != nil {
		return Info{}, err
	}
	return infoOf(name, &stat), nil
}

// infoAt is statAt with the volume as the store's callers know it: a folder that is mounted at a second
// place counts as a volume of its own there, because nothing can be renamed to it or away.
func (s *real) infoAt(at int, name string) (Info, error) {
	var stat unix.Statx_t
	err := unix.Statx(at, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT|unix.AT_EMPTY_PATH, known, &stat)
	if err != nil {
		return Info{}, err
	}
	info := infoOf(name, &stat)
	if stat.Mnt_id != s.mount {
		info.Volume ^= stat.Mnt_id * 0x9e3779b97f4a7c15 // spread over all bits
	}
	return info, nil
}

func (s *real) Lstat(name string) (Info, error) {
	if name == "." {
		info, err := s.infoAt(s.descriptor, ".")
		return info, operation("look at", name, err)
	}
	at, last, err := s.parent(name)
	if err != nil {
		return Info{}, operation("look at", name, err)
	}
	defer unix.Close(at)
	info, err := s.infoAt(at, last)
	return info, operation("look at", name, err)
}

func (s *real) ReadDir(name string) ([]Info, error) {
	if name != "." {
		if err := CheckName(name, s.properties.WindowsNames); err != nil {
			return nil, operation("list", name, err)
		}
	}
	at, err := s.folder(name, folderToRead)
	if err != nil {
		return nil, operation("list", name, err)
	}
	folder := os.NewFile(uintptr(at), name)
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, operation("list", name, err)
	}
	sort.Strings(names)
	infos := make([]Info, 0, len(names))
	for _, entry := range names {
		if strings.HasPrefix(entry, copyPrefix) {
			sweepCopy(at, entry)
			continue
		}
		info, err := s.infoAt(at, entry)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, operation("list", name+"/"+entry, err)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (s *real) MakeFolder(name string) ([]string, error) {
	if name == "." {
		return nil, nil
	}
	if err := CheckName(name, s.properties.WindowsNames); err != nil {
		return nil, operation("make folder", name, err)
	}
	if at, err := s.folder(name, folderToPass); err == nil {
		unix.Close(at)
		return nil, nil
	}
	return s.make(name)
}

// make makes a folder, and before it those above it that are missing: mostly none is.
func (s *real) make(name string) (made []string, err error) {
	at, last, err := s.parent(name)
	if errors.Is(err, fs.ErrNotExist) {
		folder, _ := splitName(name)
		if made, err = s.make(folder); err != nil {
			return made, err
		}
		at, last, err = s.parent(name)
	}
	if err != nil {
		return made, operation("make folder", name, err)
	}
	defer unix.Close(at)
	err = unix.Mkdirat(at, last, 0o777)
	if err == nil {
		return append(made, name), nil
	}
	if err == unix.EEXIST {
		info, statError := statAt(at, last)
		switch {
		case statError != nil:
			err = statError
		case info.Kind == Folder:
			err = nil
		case info.Kind == Other:
			err = ErrNotRegular
		}
	}
	return made, operation("make folder", name, err)
}

func (s *real) Remove(name string) error {
	at, last, err := s.parent(name)
	if err != nil {
		return operation("remove", name, err)
	}
	defer unix.Close(at)
	info, err := statAt(at, last)
	if err != nil {
		return operation("remove", name, err)
	}
	flags := 0
	switch info.Kind {
	case Folder:
		flags = unix.AT_REMOVEDIR
	case Other:
		return operation("remove", name, ErrNotRegular)
	}
	err = unix.Unlinkat(at, last, flags)
	if err == unix.ENOTEMPTY && s.sweepCopies(name) {
		err = unix.Unlinkat(at, last, flags)
	}
	return operation("remove", name, err)
}

func (s *real) Usage() (Usage, error) {
	var volume unix.Statfs_t
	if err := unix.Fstatfs(s.descriptor, &volume); err != nil {
		return Usage{}, operation("ask the room of", ".", err)
	}
	size := uint64(volume.Bsize)
	return Usage{Free: volume.Bavail * size, Total: volume.Blocks * size}, nil
}

func (s *real) Properties() Properties { return s.properties }

func (s *real) Close() error { return errors.Join(s.directory.Close(), s.root.Close()) }
