package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// output writes the ZIP file: one member after the other, then the manifest and the directory.
type output struct {
	to      io.Writer
	offset  uint64
	entries []entry
	open    *openMember
}

// openMember is the member that content is being written to.
type openMember struct {
	Member
	crc        uint32
	content    hash.Hash
	packed     hash.Hash
	compressor compressor
}

// Write takes bytes of the file.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	o.offset += uint64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// begin starts a member.
func (o *output) begin(name string) error {
	if len(o.entries) >= maxMembers {
		return fmt.Errorf("an archive cannot hold more than %d members", maxMembers)
	}
	e := entry{name: name, offset: o.offset}
	o.entries = append(o.entries, e)
	if _, err := o.Write(e.local()); err != nil {
		return err
	}
	o.open = &openMember{Member: Member{Name: name}, content: sha256.New(), packed: sha256.New()}
	o.open.compressor.to = io.MultiWriter(o, o.open.packed)
	return nil
}

// write adds content to the open member.
func (o *output) write(content []byte) error {
	o.open.Size += int64(len(content))
	o.open.crc = crc32.Update(o.open.crc, crc32.IEEETable, content)
	o.open.content.Write(content)
	_, err := o.open.compressor.Write(content)
	return err
}

// end completes the open member and gives what the manifest says of it.
func (o *output) end() (Member, error) {
	m, e := o.open, &o.entries[len(o.entries)-1]
	o.open = nil
	if err := m.compressor.Close(); err != nil {
		return Member{}, err
	}
	m.PackedSize = int64(o.offset - e.content())
	m.SHA256, m.PackedSHA256 = hex.EncodeToString(m.content.Sum(nil)), hex.EncodeToString(m.packed.Sum(nil))
	e.crc, e.packed, e.size = m.crc, uint64(m.PackedSize), uint64(m.Size)
	_, err := o.Write(e.descriptor())
	return m.Member, err
}

// finish writes the manifest and the directory.
func (o *output) finish(manifest []byte) error {
	if len(manifest) > maxManifest {
		return errors.New("the list of members is longer than an archive can hold")
	}
	size := uint64(len(manifest))
	e := entry{name: manifestName, stored: true, crc: crc32.ChecksumIEEE(manifest), packed: size, size: size, offset: o.offset}
	o.entries = append(o.entries, e)
	if _, err := o.Write(append(e.local(), manifest...)); err != nil {
		return err
	}
	_, err := o.Write(directory(o.entries, o.offset))
	return err
}

// directory gives everything that stands behind the members.
func directory(entries []entry, offset uint64) []byte {
	var all []byte
	for _, e := range entries {
		all = append(all, e.central()...)
	}
	return append(all, directoryEnd(len(entries), offset, uint64(len(all)))...)
}
