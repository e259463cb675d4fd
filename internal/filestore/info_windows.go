package filestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// evidence is which numbers of files a volume tells. Those of a listing must be the ones that an open file
// tells, or every file would seem to be another one at each look.
type evidence uint8

const (
	noNumbers   evidence = iota
	number64             // nFileIndex, and FileIdBothDirectoryInfo: NTFS, and shares of most servers
	number128            // FileIdInfo, and FileIdExtdDirectoryInfo: NTFS and ReFS of a recent Windows
	dedupTag    = 0x80000013
	attributeIs = windows.FILE_ATTRIBUTE_REPARSE_POINT
)

// The structures of GetFileInformationByHandleEx (winbase.h).
type (
	basicInfo struct {
		Creation, LastAccess, LastWrite, Change int64 // 100 nanoseconds since 1601
		Attributes                              uint32
		_                                       uint32
	}
	idInfo struct {
		Volume uint64
		File   [16]byte
	}
	tagInfo struct{ Attributes, Tag uint32 }
)

func query[T any](handle windows.Handle, class uint32) (result T, err error) {
	raw := (*byte)(unsafe.Pointer(&result))
	return result, windows.GetFileInformationByHandleEx(handle, class, raw, uint32(unsafe.Sizeof(result)))
}

// evidenceOf finds out on the root what the volume tells.
func evidenceOf(folder *os.File) evidence {
	handle := windows.Handle(folder.Fd())
	_, err := query[idInfo](handle, windows.FileIdInfo)
	if err == nil && lists(handle, windows.FileIdExtdDirectoryRestartInfo) {
		return number128
	}
	var all windows.ByHandleFileInformation
	err = windows.GetFileInformationByHandle(handle, &all)
	if err == nil && all.FileIndexHigh|all.FileIndexLow != 0 && lists(handle, fileIDBothDirectoryRestartInfo) {
		return number64
	}
	return noNumbers
}

// lists tells whether a folder can be listed in a certain way.
func lists(folder windows.Handle, class uint32) bool {
	var buffer [8 << 10]uint64
	raw := (*byte)(unsafe.Pointer(&buffer[0]))
	return windows.GetFileInformationByHandleEx(folder, class, raw, uint32(unsafe.Sizeof(buffer))) == nil
}

// identityOf folds a file's number into 64 bits; NTFS's are no longer.
func identityOf(id []byte) uint64 {
	return binary.LittleEndian.Uint64(id) ^ binary.LittleEndian.Uint64(id[8:])
}

// fromFiletime gives nanoseconds since 1970 of 100 nanoseconds since 1601; 0 stays 0: it is not known.
func fromFiletime(ticks int64) int64 {
	if ticks == 0 {
		return 0
	}
	stamp := windows.Filetime{LowDateTime: uint32(ticks), HighDateTime: uint32(ticks >> 32)}
	return stamp.Nanoseconds()
}

func kindOf(attributes, tag uint32) Kind {
	switch {
	case attributes&attributeIs != 0 && tag != dedupTag:
		return Other // a link, or something that only a driver can read
	case attributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
		return Folder
	}
	return File
}

// info tells what is known of an open file or folder.
func (s *real) info(name string, file *os.File) (Info, error) {
	handle := windows.Handle(file.Fd())
	var all windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &all); err != nil {
		return Info{}, err
	}
	tag := uint32(0)
	if all.FileAttributes&attributeIs != 0 {
		point, err := query[tagInfo](handle, windows.FileAttributeTagInfo)
		if err != nil {
			return Info{}, err
		}
		tag = point.Tag
	}
	info := Info{Name: name, Kind: kindOf(all.FileAttributes, tag), ModTime: all.LastWriteTime.Nanoseconds(),
		Volume: uint64(all.VolumeSerialNumber)}
	if info.Kind == File {
		info.Size, info.Links = int64(all.FileSizeHigh)<<32|int64(all.FileSizeLow), all.NumberOfLinks
	}
	if basic, err := query[basicInfo](handle, windows.FileBasicInfo); err == nil {
		info.ChangeTime = fromFiletime(basic.Change)
	}
	switch s.known {
	case number64:
		info.Identity = uint64(all.FileIndexHigh)<<32 | uint64(all.FileIndexLow)
	case number128:
		id, err := query[idInfo](handle, windows.FileIdInfo)
		if err != nil {
			return Info{}, err
		}
		info.Identity = identityOf(id.File[:])
	}
	return info, nil
}

// Classes that the library has no names for.
const (
	fileIDBothDirectoryRestartInfo = 11
	fileFullDirectoryInfo          = 14
	fileFullDirectoryRestartInfo   = 15
)

// Where the fields stand in an entry of FileFullDirectoryInfo, FileIdBothDirectoryInfo and
// FileIdExtdDirectoryInfo (winbase.h).
const (
	nextAt, writeAt, changeAt, sizeAt = 0, 24, 32, 40
	attributesAt, lengthAt, tagAt     = 56, 60, 64 // of a link the size of extended attributes is its kind
	nameAtAll                         = 68
	tagAt128, id128At, name128At      = 68, 72, 88
	id64At, name64At                  = 96, 104
)

// entries lists an open folder with all that is known of each name but how many names a file has.
func (s *real) entries(folder *os.File) ([]Info, error) {
	handle := windows.Handle(folder.Fd())
	itself, err := s.info(".", folder)
	if err != nil {
		return nil, err
	}
	class, again := uint32(fileFullDirectoryRestartInfo), uint32(fileFullDirectoryInfo)
	switch s.known {
	case number64:
		class, again = fileIDBothDirectoryRestartInfo, windows.FileIdBothDirectoryInfo
	case number128:
		class, again = windows.FileIdExtdDirectoryRestartInfo, windows.FileIdExtdDirectoryInfo
	}
	var infos []Info
	buffer := make([]uint64, 8<<10) // aligned as the entries are
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&buffer[0])), 8*len(buffer))
	for {
		err := windows.GetFileInformationByHandleEx(handle, class, &raw[0], uint32(len(raw)))
		if errors.Is(err, windows.ERROR_NO_MORE_FILES) {
			return infos, nil
		}
		if err != nil {
			return nil, err
		}
		for rest := raw; ; {
			if info := s.entry(rest); info.Name != "." && info.Name != ".." {
				info.Volume = itself.Volume
				infos = append(infos, info)
			}
			next := binary.LittleEndian.Uint32(rest[nextAt:])
			if next == 0 {
				break
			}
			rest = rest[next:]
		}
		class = again
	}
}

// entry reads one entry of a listing.
func (s *real) entry(raw []byte) Info {
	at := func(offset int) int64 { return int64(binary.LittleEndian.Uint64(raw[offset:])) }
	small := func(offset int) uint32 { return binary.LittleEndian.Uint32(raw[offset:]) }
	tag, nameAt, identity := small(tagAt), nameAtAll, uint64(0)
	switch s.known {
	case number64:
		nameAt, identity = name64At, uint64(at(id64At))
	case number128:
		tag, nameAt, identity = small(tagAt128), name128At, identityOf(raw[id128At:id128At+16])
	}
	letters := make([]uint16, small(lengthAt)/2)
	_ = binary.Read(bytes.NewReader(raw[nameAt:]), binary.LittleEndian, letters) // it is as long as it says
	info := Info{Name: windows.UTF16ToString(letters), Kind: kindOf(small(attributesAt), tag),
		ModTime: fromFiletime(at(writeAt)), ChangeTime: fromFiletime(at(changeAt)), Identity: identity}
	if info.Kind == File {
		info.Size = at(sizeAt)
	}
	return info
}
