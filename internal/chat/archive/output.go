package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"csbackup/internal/failure"
)

// output writes the ZIP file: one member after the other, then the manifest and the directory.
type output struct {
	to      io.Writer
	offset  uint64
	entries []entry
	failed  error // of to
}

// outMember is a member that content is being written to.
type outMember struct {
	Member
	packed     hash.Hash
	compressor compressor
	waiting    *bytes.Buffer // what is compressed, where another member is being written to the file
}

// Write takes bytes of the file.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	o.offset += uint64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.failed = err
	}
	return n, err
}

func newOutMember(name string) *outMember {
	return &outMember{Member: Member{Name: name}, packed: sha256.New(), compressor: compressor{sum: sha256.New()}}
}

// begin starts a member whose content goes to the file at once.
func (o *output) begin(name string) (*outMember, error) {
	m := newOutMember(name)
	m.compressor.to = io.MultiWriter(o, m.packed)
	return m, o.start(name)
}

// prepare starts a member whose compressed content is kept in memory until it ends.
func prepare(name string) *outMember {
	m := newOutMember(name)
	m.waiting = &bytes.Buffer{}
	m.compressor.to = io.MultiWriter(m.waiting, m.packed)
	return m
}

func (o *output) start(name string) error {
	if len(o.entries) >= maxMembers {
		return tooMuch(fmt.Sprintf("more than %d members", maxMembers))
	}
	e := entry{name: name, offset: o.offset}
	o.entries = append(o.entries, e)
	_, err := o.Write(e.local())
	return err
}

// write adds content.
func (m *outMember) write(content []byte) error {
	m.Size += int64(len(content))
	_, err := m.compressor.Write(content)
	return err
}

// end completes a member and gives what the manifest says of it.
func (o *output) end(m *outMember) (Member, error) {
	if err := m.compressor.Close(); err != nil {
		return Member{}, err
	}
	if m.waiting != nil {
		if err := o.start(m.Name); err != nil {
			return Member{}, err
		}
		if _, err := o.Write(m.waiting.Bytes()); err != nil {
			return Member{}, err
		}
	}
	e := &o.entries[len(o.entries)-1]
	m.PackedSize = int64(o.offset - e.content())
	m.SHA256, m.PackedSHA256 = hex.EncodeToString(m.compressor.sum.Sum(nil)), hex.EncodeToString(m.packed.Sum(nil))
	e.crc, e.packed, e.size = m.compressor.crc, uint64(m.PackedSize), uint64(m.Size)
	_, err := o.Write(e.descriptor())
	return m.Member, err
}

// finish writes the manifest and the directory.
func (o *output) finish(manifest []byte) error {
	if len(manifest) > maxManifest {
		return tooMuch(fmt.Sprintf("a list of members of more than %d MiB", maxManifest>>20))
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

// tooMuch is the error for content that no reader would take.
func tooMuch(what string) error {
	return failure.New(failure.OutOfRange, "", "The archive would have "+what+", which no archive can hold",
		"Export in parts: some categories at a time with --scope, or without the uploaded files.")
}

// directory gives everything that stands behind the members.
func directory(entries []entry, offset uint64) []byte {
	var all []byte
	for _, e := range entries {
		all = append(all, e.central()...)
	}
	return append(all, directoryEnd(len(entries), offset, uint64(len(all)))...)
}
