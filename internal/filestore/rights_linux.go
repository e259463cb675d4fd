package filestore

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// rights are who may do what with a file or folder.
type rights struct {
	owner, group int
	mode         uint32 // the bits of chmod(2)
	list         []byte // the access list (acl(5)) as the kernel gives it; nil where there is none
}

// The extended attributes that hold access lists: of a file or folder, and what a folder gives to what is
// made in it.
const (
	accessList  = "system.posix_acl_access"
	defaultList = "system.posix_acl_default"
)

// opened names an open descriptor, also one that only marks a place, for system calls that take paths.
func opened(descriptor int) string { return fmt.Sprintf("/proc/self/fd/%d", descriptor) }

// attribute reads an extended attribute; nil where there is none, or the volume has no such thing.
func attribute(descriptor int, name string) ([]byte, error) {
	value := make([]byte, 512)
	for {
		n, err := unix.Getxattr(opened(descriptor), name, value)
		switch err {
		case nil:
			return value[:n], nil
		case unix.ENODATA, unix.EOPNOTSUPP, unix.ENOSYS:
			return nil, nil
		case unix.ERANGE:
			if len(value) < 64<<10 { // the kernel's limit
				value = make([]byte, 64<<10)
				continue
			}
		}
		return nil, err
	}
}

// rightsOf reads the rights of an open file or folder.
func rightsOf(descriptor int) (rights, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(descriptor, &stat); err != nil {
		return rights{}, err
	}
	list, err := attribute(descriptor, accessList)
	return rights{int(stat.Uid), int(stat.Gid), stat.Mode & 0o7777, list}, err
}

// umask is the process's; what it takes from a new file, access lists aside.
var umask = sync.OnceValue(func() uint32 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0o077
	}
	_, rest, _ := strings.Cut(string(text), "\nUmask:\t")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(line, 8, 32)
	if err != nil {
		return 0o077 // none is said: the most careful one
	}
	return uint32(mask)
})

// rightsIn gives the rights that a new file of this process has in an open folder.
func rightsIn(folder int) (rights, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(folder, &stat); err != nil {
		return rights{}, err
	}
	fresh := rights{owner: os.Geteuid(), group: os.Getegid(), mode: 0o666}
	if stat.Mode&unix.S_ISGID != 0 {
		fresh.group = int(stat.Gid)
	}
	list, err := attribute(folder, defaultList)
	if err != nil {
		return rights{}, err
	}
	if list == nil {
		fresh.mode &^= umask()
	} else {
		fresh.list = list
		fresh.withhold(0o111) // a file is made without them
	}
	return fresh, nil
}

// The tags of an access list's entries that withhold changes.
const (
	ownerEntry = 0x01
	groupEntry = 0x04
	maskEntry  = 0x10
	otherEntry = 0x20
)

// withhold takes permission bits away. Where there is an access list its mask stands for the group's bits,
// and bounds what the list gives to other users and groups.
func (r *rights) withhold(bits uint32) {
	r.mode &^= bits & 0o777
	if r.list == nil {
		return
	}
	const head, entry = 4, 8
	list := slices.Clone(r.list)
	of := map[uint16]int{} // where the permissions of an entry stand
	for at := head; at+entry <= len(list); at += entry {
		of[binary.LittleEndian.Uint16(list[at:])] = at + 2
	}
	group := uint16(groupEntry)
	if _, masked := of[maskEntry]; masked {
		group = maskEntry
	}
	for _, class := range []struct {
		tag  uint16
		bits uint32
	}{{ownerEntry, bits >> 6}, {group, bits >> 3}, {otherEntry, bits}} {
		if at, there := of[class.tag]; there {
			now := binary.LittleEndian.Uint16(list[at:]) &^ uint16(class.bits&0o7)
			binary.LittleEndian.PutUint16(list[at:], now)
			shift := map[uint16]uint{ownerEntry: 6, group: 3, otherEntry: 0}[class.tag]
			r.mode = r.mode&^(0o7<<shift) | uint32(now&0o7)<<shift
		}
	}
	r.list = list
}

// give gives an open file or folder, which has the rights now, those that are wanted. Where the system does
// not let it have the group, what the group may do is bounded by what everybody may. A volume without such
// rights is left as it is.
func give(descriptor int, now, wanted rights) error {
	name, err := opened(descriptor), error(nil)
	if now.owner != wanted.owner {
		err = unix.Chown(name, wanted.owner, -1)
	}
	if now.group != wanted.group {
		if err = unix.Chown(name, -1, wanted.group); err != nil {
			wanted.withhold(^wanted.mode & 0o7 << 3)
			wanted.list = nil
		}
	}
	if err != nil && !without(err) {
		return err
	}
	if now.list != nil && wanted.list == nil {
		if err := unix.Removexattr(name, accessList); err != nil && err != unix.ENODATA {
			return err
		}
	}
	if now.mode != wanted.mode || now.list != nil || now.owner != wanted.owner || now.group != wanted.group {
		if err := unix.Chmod(name, wanted.mode); err != nil && !without(err) {
			return err
		}
	}
	if wanted.list != nil {
		err = unix.Setxattr(name, accessList, wanted.list, 0)
	}
	if err != nil && !without(err) {
		return err
	}
	return nil
}

// without tells that the volume, or this process, has no such rights to give.
func without(err error) bool {
	return err == unix.EPERM || err == unix.EOPNOTSUPP || err == unix.ENOSYS || err == unix.EINVAL
}

// Rights implements Store.
func (s *real) Rights(name, as string, withheld uint32) error {
	return operation("set the rights of", name, s.rights(name, as, withheld))
}

func (s *real) rights(name, as string, withheld uint32) error {
	at, last, err := s.parent(name)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	number, info, err := markAt(at, last)
	if err != nil {
		return err
	}
	defer unix.Close(number)
	if info.Kind == Other || info.Kind == Folder && name != as {
		return ErrNotRegular
	}
	now, err := rightsOf(number)
	if err != nil {
		return err
	}
	wanted := now
	if name != as {
		wanted, err = s.rightsAt(as)
	}
	if err != nil {
		return err
	}
	wanted.withhold(withheld)
	return give(number, now, wanted)
}

// markAt opens what stands under a name for nothing but to act on it, and on nothing that takes its place.
func markAt(at int, name string) (int, Info, error) {
	number, err := retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return -1, Info{}, err
	}
	info, err := statAt(number, "")
	if err != nil {
		unix.Close(number)
	}
	return number, info, err
}

// rightsAt gives the rights of the file that stands at a place, else of a new one there.
func (s *real) rightsAt(place string) (rights, error) {
	at, last, err := s.parent(place)
	if err != nil {
		return rights{}, err
	}
	defer unix.Close(at)
	number, info, err := markAt(at, last)
	if err == unix.ENOENT {
		return rightsIn(at)
	}
	if err != nil {
		return rights{}, err
	}
	defer unix.Close(number)
	if info.Kind != File {
		return rightsIn(at)
	}
	there, err := rightsOf(number)
	there.mode &= 0o777
	return there, err
}

// copyRights gives an open file the rights of another one.
func copyRights(from, to int) error {
	same, err := rightsOf(from)
	if err != nil {
		return err
	}
	same.mode &= 0o777
	now, err := rightsOf(to)
	if err != nil {
		return err
	}
	return give(to, now, same)
}
