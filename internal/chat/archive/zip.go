package archive

import (
	"encoding/binary"
	"math"
)

// The parts of a ZIP file that the format uses, and their fixed values.
const (
	localSignature      = 0x04034b50
	descriptorSignature = 0x08074b50
	centralSignature    = 0x02014b50
	end64Signature      = 0x06064b50
	locator64Signature  = 0x07064b50
	endSignature        = 0x06054b50

	localSize     = 30 // of a local header without its name
	centralSize   = 46 // of an entry of the directory without its name and extra field
	endSize       = 22
	end64Size     = 56
	locator64Size = 20

	methodStored   = 0
	methodDeflated = 8
	// flagDescriptor says that the sum and the sizes of a member stand behind it.
	flagDescriptor = 0x8
	// firstDay is 1980-01-01: the date of every member, so that equal rows give equal bytes.
	firstDay     = 1<<5 | 1
	versionPlain = 20
	version64    = 45
	extra64      = 1
)

// entry is one member as the ZIP structures describe it.
type entry struct {
	name   string
	stored bool // without compression; its header comes after its content is known
	crc    uint32
	packed uint64
	size   uint64
	offset uint64 // of the local header
}

// large tells whether a number needs the Zip64 form.
func large(n uint64) bool { return n >= math.MaxUint32 }

// narrow is what stands in a field of 32 bits for a number.
func narrow(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

func (e entry) method() (method, flags uint16) {
	if e.stored {
		return methodStored, 0
	}
	return methodDeflated, flagDescriptor
}

// local gives the header before the content.
func (e entry) local() []byte {
	method, flags := e.method()
	b := binary.LittleEndian.AppendUint32(nil, localSignature)
	b = appendUint16s(b, versionPlain, flags, method, 0, firstDay)
	if e.stored {
		b = appendUint32s(b, e.crc, uint32(e.packed), uint32(e.size))
	} else {
		b = appendUint32s(b, 0, 0, 0)
	}
	b = appendUint16s(b, uint16(len(e.name)), 0)
	return append(b, e.name...)
}

// descriptor gives what stands behind the content.
func (e entry) descriptor() []byte {
	if e.stored {
		return nil
	}
	b := appendUint32s(nil, descriptorSignature, e.crc)
	if large(e.packed) || large(e.size) {
		b = binary.LittleEndian.AppendUint64(b, e.packed)
		return binary.LittleEndian.AppendUint64(b, e.size)
	}
	return appendUint32s(b, uint32(e.packed), uint32(e.size))
}

// end is the offset behind the whole member.
func (e entry) end() uint64 {
	return e.offset + localSize + uint64(len(e.name)) + e.packed + uint64(len(e.descriptor()))
}

// content is the offset of the first byte of the content.
func (e entry) content() uint64 { return e.offset + localSize + uint64(len(e.name)) }

// central gives the member's entry in the directory.
func (e entry) central() []byte {
	var extra []byte
	for _, n := range []uint64{e.size, e.packed, e.offset} {
		if large(n) {
			extra = binary.LittleEndian.AppendUint64(extra, n)
		}
	}
	version := uint16(versionPlain)
	if extra != nil {
		version = version64
		extra = append(appendUint16s(nil, extra64, uint16(len(extra))), extra...)
	}
	method, flags := e.method()
	b := binary.LittleEndian.AppendUint32(nil, centralSignature)
	b = appendUint16s(b, version, version, flags, method, 0, firstDay)
	b = appendUint32s(b, e.crc, narrow(e.packed), narrow(e.size))
	b = appendUint16s(b, uint16(len(e.name)), uint16(len(extra)), 0, 0, 0)
	b = appendUint32s(b, 0, narrow(e.offset))
	return append(append(b, e.name...), extra...)
}

// directoryEnd gives what stands behind the directory of so many members, up to the end of the file.
func directoryEnd(members int, offset, size uint64) []byte {
	var b []byte
	if members >= math.MaxUint16 || large(offset) || large(size) {
		b = binary.LittleEndian.AppendUint32(b, end64Signature)
		b = binary.LittleEndian.AppendUint64(b, end64Size-12)
		b = appendUint16s(b, version64, version64)
		b = appendUint32s(b, 0, 0)
		for _, n := range []uint64{uint64(members), uint64(members), size, offset} {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
		b = appendUint32s(b, locator64Signature, 0)
		b = binary.LittleEndian.AppendUint64(b, offset+size)
		b = appendUint32s(b, 1)
	}
	count := uint16(min(members, math.MaxUint16))
	b = appendUint32s(b, endSignature)
	b = appendUint16s(b, 0, 0, count, count)
	b = appendUint32s(b, narrow(size), narrow(offset))
	return appendUint16s(b, 0)
}

func appendUint16s(b []byte, values ...uint16) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func appendUint32s(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
