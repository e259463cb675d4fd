package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"

	"golang.org/x/sys/windows"
)

// The ways to open a name for its access list, and a file that is gone once it is closed.
var (
	toReadRights = opening{windows.READ_CONTROL, windows.FILE_OPEN, windows.FILE_OPEN_REPARSE_POINT}
	toGiveRights = opening{windows.READ_CONTROL | windows.WRITE_DAC, windows.FILE_OPEN,
		windows.FILE_OPEN_REPARSE_POINT}
	toTryRights = opening{windows.READ_CONTROL | windows.DELETE, windows.FILE_CREATE,
		windows.FILE_NON_DIRECTORY_FILE | windows.FILE_DELETE_ON_CLOSE}
)

// triedRights remembers what a new file in a folder with a certain access list gets: most files that arrive
// one after the other are of one folder.
type triedRights struct {
	sync.Mutex
	folder string
	list   *windows.SECURITY_DESCRIPTOR
}

// Rights implements Store. There are no permission bits to withhold. A file keeps its access list when it is
// moved: without this it would have the one that the folder of temporary files gives.
func (s *real) Rights(name, as string, _ uint32) error {
	return operation("set the rights of", name, s.rights(name, as))
}

func (s *real) rights(name, as string) error {
	if err := checkAll(true, name, as); err != nil {
		return err
	}
	info, err := s.Lstat(name)
	if err != nil {
		return err
	}
	if info.Kind == Other || info.Kind == Folder && name != as {
		return ErrNotRegular
	}
	if name == as {
		return nil
	}
	list, err := s.listAt(as)
	if err != nil {
		return err
	}
	file, err := s.openBelow(name, toGiveRights)
	if err != nil {
		return err
	}
	// Set as it is: the functions that inherit would inherit from the folder in which the file still is.
	err = windows.SetKernelObjectSecurity(windows.Handle(file.Fd()), windows.DACL_SECURITY_INFORMATION, list)
	return errors.Join(err, file.Close())
}

// listAt gives the access list of the file at a place, else the one of a new file there: what a folder
// gives on depends on who makes what in it, and only the system knows.
func (s *real) listAt(place string) (*windows.SECURITY_DESCRIPTOR, error) {
	info, err := s.Lstat(place)
	if err == nil && info.Kind == File {
		return s.list(s.openBelow(place, toReadRights))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	folder, _ := splitName(place)
	of, err := s.list(s.openBelow(folder, toReadRights))
	if err != nil {
		return nil, err
	}
	s.tried.Lock()
	defer s.tried.Unlock()
	if s.tried.folder == of.String() {
		return s.tried.list, nil
	}
	attempt := joinName(folder, fmt.Sprintf("%s%016x", copyPrefix, rand.Uint64()))
	list, err := s.list(s.openBelow(attempt, toTryRights))
	if err == nil {
		s.tried.folder, s.tried.list = of.String(), list
	}
	return list, err
}

// list reads the access list of an open file or folder, ready to be set as it is, and closes it.
func (s *real) list(file *os.File, err error) (*windows.SECURITY_DESCRIPTOR, error) {
	if err != nil {
		return nil, err
	}
	list, err := windows.GetSecurityInfo(windows.Handle(file.Fd()), windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	control, _, err := list.Control()
	if err == nil && control&windows.SE_DACL_AUTO_INHERITED != 0 { // or the mark of inherited entries is lost
		err = list.SetControl(windows.SE_DACL_AUTO_INHERIT_REQ, windows.SE_DACL_AUTO_INHERIT_REQ)
	}
	return list, err
}
