package filestore

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The ways in which openBelow opens a name.
var (
	toLook   = opening{windows.FILE_READ_ATTRIBUTES, windows.FILE_OPEN, windows.FILE_OPEN_REPARSE_POINT}
	toList   = opening{windows.FILE_LIST_DIRECTORY | windows.FILE_READ_ATTRIBUTES, windows.FILE_OPEN, windows.FILE_DIRECTORY_FILE}
	toRead   = opening{windows.FILE_GENERIC_READ, windows.FILE_OPEN, windows.FILE_NON_DIRECTORY_FILE}
	toMake   = opening{windows.FILE_GENERIC_WRITE | windows.FILE_READ_ATTRIBUTES, windows.FILE_CREATE, windows.FILE_NON_DIRECTORY_FILE}
	toAppend = opening{windows.FILE_APPEND_DATA | windows.FILE_WRITE_ATTRIBUTES | windows.FILE_READ_ATTRIBUTES, windows.FILE_OPEN, windows.FILE_NON_DIRECTORY_FILE}
	toFlush  = opening{windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE, windows.FILE_OPEN, windows.FILE_NON_DIRECTORY_FILE}
)

type opening struct{ access, disposition, options uint32 }

// openBelow opens a checked name below the root in one step of the system, however deep it lies: on a
// network share each step is a round trip. The system itself refuses links in any component.
func (s *real) openBelow(name string, how opening) (*os.File, error) {
	relative := strings.ReplaceAll(name, "/", `\`)
	if name == "." {
		relative = ""
	}
	object, err := windows.NewNTUnicodeString(relative)
	if err != nil {
		return nil, err
	}
	attributes := &windows.OBJECT_ATTRIBUTES{
		RootDirectory: windows.Handle(s.folder.Fd()), ObjectName: object,
		Attributes: windows.OBJ_CASE_INSENSITIVE | windows.OBJ_DONT_REPARSE,
	}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	var handle windows.Handle
	err = windows.NtCreateFile(&handle, how.access|windows.SYNCHRONIZE, attributes, &windows.IO_STATUS_BLOCK{}, nil,
		windows.FILE_ATTRIBUTE_NORMAL, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, how.disposition,
		how.options|windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_OPEN_FOR_BACKUP_INTENT, 0, 0)
	runtime.KeepAlive(s.folder)
	if err != nil {
		return nil, fromStatus(err)
	}
	return os.NewFile(uintptr(handle), name), nil
}

// fromStatus turns the kernel's answer into an error that classify understands.
func fromStatus(err error) error {
	var status windows.NTStatus
	if !errors.As(err, &status) {
		return err
	}
	switch status {
	case windows.STATUS_REPARSE_POINT_ENCOUNTERED, windows.STATUS_STOPPED_ON_SYMLINK, windows.STATUS_FILE_IS_A_DIRECTORY, windows.STATUS_NOT_A_DIRECTORY:
		return ErrNotRegular
	case windows.STATUS_OBJECT_PATH_NOT_FOUND:
		return fs.ErrNotExist
	case windows.STATUS_DELETE_PENDING:
		return ErrLocked
	}
	return status.Errno()
}
