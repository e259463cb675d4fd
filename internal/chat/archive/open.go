package archive

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"csbackup/internal/chat/schema"
)

// Archive is an archive whose structure and manifest are proven. It may be used from several goroutines.
type Archive struct {
	from     io.ReaderAt
	target   string
	manifest Manifest
	entries  []entry // of the members, without the manifest
}

// Manifest says what is in the archive.
func (a *Archive) Manifest() Manifest { return a.manifest }

// Open proves the structure of an archive and its manifest, and reads nothing else. The target is what
// errors call the file. They are ArchiveForeign for a file that is no archive of ours, ArchiveNewer for
// one of a later version, ArchiveDamaged for one that is ours and not whole, and FileNotReadable where from fails.
func Open(from io.ReaderAt, size int64, target string) (*Archive, error) {
	o := opening{from: from, size: size, target: target}
	a, err := o.open()
	if err != nil {
		if o.failed != nil {
			return nil, unreadable(target, o.failed)
		}
		return nil, err
	}
	return a, nil
}

// opening reads the structure; what it reads is bounded by what an archive can have.
type opening struct {
	from   io.ReaderAt
	size   int64
	target string
	failed error // of from
}

const (
	// longestDirectory is more than the most members need with the longest names.
	longestDirectory = maxMembers * (centralSize + longestName + 28)
	longestName      = 150
)

// read gives a part of the file; nil where that is not inside.
func (o *opening) read(offset, size int64) []byte {
	if o.failed != nil || offset < 0 || size < 0 || offset > o.size || size > o.size-offset {
		return nil
	}
	b := make([]byte, size)
	if n, err := o.from.ReadAt(b, offset); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		o.failed = err
		return nil
	}
	return b
}

// place is where the directory stands.
type place struct{ offset, size, members int64 }

func (o *opening) open() (*Archive, error) {
	if o.size == 0 {
		return nil, foreign(o.target, "it is empty", nil)
	}
	at, ok := o.directory()
	if !ok {
		return nil, o.notWhole("it has no complete directory at its end")
	}
	central := o.read(at.offset, at.size)
	manifest, crc, ok := o.findManifest(at, central)
	if !ok {
		return nil, o.notWhole("it does not end with a manifest")
	}
	if crc32.ChecksumIEEE(manifest) != crc {
		return nil, o.notWhole("its manifest is not the one that was written")
	}
	m, err := parseManifest(o.target, manifest)
	if err != nil {
		return nil, err
	}
	if err := checkMembers(&m); err != nil {
		return nil, damaged(o.target, "its manifest contradicts itself", err)
	}
	return o.prove(m, manifest, at, central)
}

// notWhole is the error for a file without the structure of an archive: damaged where it begins as ours do.
func (o *opening) notWhole(what string) error {
	head := o.read(0, min(o.size, localSize+longestName))
	if len(head) > localSize && binary.LittleEndian.Uint32(head) == localSignature {
		name := string(head[localSize:])
		for _, start := range []string{"messages/000001.txt", "tables/tbl", "files/", "references/", manifestName} {
			if strings.HasPrefix(name, start) && (start != manifestName || bytes.Contains(head, []byte("{\n"))) {
				return damaged(o.target, what, nil)
			}
		}
	}
	if len(head) > 2 && string(head[:2]) == "PK" {
		return foreign(o.target, "it is a ZIP file of another program, or cut off", nil)
	}
	return foreign(o.target, "it is no ZIP file", nil)
}

// directory finds the directory by the record at the end of the file, which has no comment behind it.
func (o *opening) directory() (place, bool) {
	end := o.read(o.size-endSize, endSize)
	if end == nil || binary.LittleEndian.Uint32(end) != endSignature {
		return place{}, false
	}
	at := place{
		members: int64(binary.LittleEndian.Uint16(end[10:])),
		size:    int64(binary.LittleEndian.Uint32(end[12:])),
		offset:  int64(binary.LittleEndian.Uint32(end[16:])),
	}
	behind := o.size - endSize
	if b := o.read(behind-end64Size-locator64Size, end64Size); b != nil && binary.LittleEndian.Uint32(b) == end64Signature {
		behind -= end64Size + locator64Size
		at = place{
			members: int64(binary.LittleEndian.Uint64(b[32:])),
			size:    int64(binary.LittleEndian.Uint64(b[40:])),
			offset:  int64(binary.LittleEndian.Uint64(b[48:])),
		}
	}
	ok := at.members > 0 && at.members <= maxMembers+1 && at.size >= 0 && at.size <= longestDirectory &&
		at.offset >= 0 && at.size <= behind && at.offset == behind-at.size
	return at, ok
}

// findManifest reads the manifest, which stands right before the directory, as the last entry says.
func (o *opening) findManifest(at place, central []byte) (manifest []byte, crc uint32, ok bool) {
	const size = centralSize + len(manifestName)
	if len(central) < size {
		return nil, 0, false
	}
	last := central[len(central)-size:]
	extra := 0
	if !isManifestEntry(last) { // perhaps with a Zip64 offset
		const extra64Size = 12
		if len(central) < size+extra64Size {
			return nil, 0, false
		}
		last, extra = central[len(central)-size-extra64Size:], extra64Size
		if !isManifestEntry(last) {
			return nil, 0, false
		}
	}
	length := int64(binary.LittleEndian.Uint32(last[24:]))
	if int(binary.LittleEndian.Uint16(last[30:])) != extra || length > maxManifest {
		return nil, 0, false
	}
	manifest = o.read(at.offset-length, length)
	return manifest, binary.LittleEndian.Uint32(last[16:]), manifest != nil
}

func isManifestEntry(b []byte) bool {
	return binary.LittleEndian.Uint32(b) == centralSignature && int(binary.LittleEndian.Uint16(b[28:])) == len(manifestName) &&
		string(b[centralSize:centralSize+len(manifestName)]) == manifestName
}

// prove builds the structure anew from the manifest and compares it with the file, byte by byte. Only the
// sums of the members are taken from the directory; they are proven when the members are read.
func (o *opening) prove(m Manifest, manifest []byte, at place, central []byte) (*Archive, error) {
	if at.members != int64(len(m.Members)+1) {
		return nil, damaged(o.target, "it has other members than its manifest says", nil)
	}
	a := &Archive{from: o.from, target: o.target, manifest: m}
	offset, rest := uint64(0), central
	for _, member := range m.Members {
		e := entry{name: member.Name, offset: offset, packed: uint64(member.PackedSize), size: uint64(member.Size)}
		if len(rest) < centralSize {
			return nil, damaged(o.target, "its directory is too short", nil)
		}
		e.crc = binary.LittleEndian.Uint32(rest[16:])
		if e.end() > uint64(at.offset) {
			return nil, damaged(o.target, "its members do not fit into it", nil)
		}
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, e.central()); !ok {
			return nil, damaged(o.target, fmt.Sprintf("the directory says something else of %s than the manifest", e.name), nil)
		}
		a.entries = append(a.entries, e)
		offset = e.end()
	}
	e := entry{name: manifestName, stored: true, crc: crc32.ChecksumIEEE(manifest), packed: uint64(len(manifest)), size: uint64(len(manifest)), offset: offset}
	if !bytes.Equal(rest, e.central()) || e.end() != uint64(at.offset) {
		return nil, damaged(o.target, "its members are not one after the other", nil)
	}
	behind := at.offset + at.size
	if tail := directoryEnd(len(a.entries)+1, uint64(at.offset), uint64(at.size)); !bytes.Equal(o.read(behind, o.size-behind), tail) {
		return nil, damaged(o.target, "its end is not the one that was written", nil)
	}
	for _, e := range append(a.entries, e) {
		local, descriptor := e.local(), e.descriptor()
		if !bytes.Equal(o.read(int64(e.offset), int64(len(local))), local) ||
			!bytes.Equal(o.read(int64(e.end())-int64(len(descriptor)), int64(len(descriptor))), descriptor) {
			return nil, damaged(o.target, fmt.Sprintf("what stands before or behind %s is not what was written", e.name), nil)
		}
	}
	return a, nil
}

// checkMembers proves what a manifest says against itself: names, their order, sums, sizes, counts.
func checkMembers(m *Manifest) error {
	if m.Schema != schema.Chat && m.Schema != schema.Compliance {
		return fmt.Errorf("there is no schema %.50q", m.Schema)
	}
	if len(m.Members) > maxMembers {
		return fmt.Errorf("it has more than %d members", maxMembers)
	}
	names := memberNames{tables: schema.Tables(m.Schema)}
	rows := int64(0)
	for _, member := range m.Members {
		if err := names.next(member); err != nil {
			return err
		}
		if err := checkSizes(member); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		if rows += member.Rows; rows < 0 {
			return errors.New("it counts more rows than there can be")
		}
	}
	if err := names.end(); err != nil {
		return err
	}
	if rows != m.Rows {
		return fmt.Errorf("it counts %d rows, and its members have %d", m.Rows, rows)
	}
	return nil
}

func checkSizes(m Member) error {
	const most = 1 << 50 // keeps all sums of sizes within 64 bits
	switch {
	case m.Size < 0 || m.Size > most || m.PackedSize < 2 || m.PackedSize > most:
		return errors.New("its size is impossible")
	case m.Size > 128*m.PackedSize+64<<10:
		return errors.New("it would grow more than any member that is written")
	case (m.Rows < 1) != m.isTexts() || m.Rows < 0 || (m.File == nil && m.Rows > m.Size):
		return errors.New("its number of rows is impossible")
	case !isSum(m.SHA256) || !isSum(m.PackedSHA256):
		return errors.New("its SHA-256 is none")
	}
	return nil
}

func isSum(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == 32 && hex.EncodeToString(b) == text
}

// memberNames holds that members have the names and the order that Writer gives them.
type memberNames struct {
	stage    stage
	messages int
	texts    bool // the member before has texts, and needs its facts
	lastRoom int64
	tables   []schema.Table
	files    int
	room     string
	file     string
}

func (n *memberNames) next(m Member) error {
	wrong := fmt.Errorf("there is no place for a member %.200q", m.Name)
	was := n.stage
	kind, rest, _ := strings.Cut(m.Name, "/")
	switch kind {
	case "messages":
		n.stage = inMessages
		if !n.nextMessages(m) {
			return wrong
		}
	case "tables":
		n.stage = inTables
		if !n.table(strings.TrimSuffix(rest, ".jsonl"), rest) {
			return wrong
		}
	case "files":
		n.stage, n.files = inFiles, n.files+1
		if m.File == nil || m.Rows != 1 || !n.nextFile(m) {
			return wrong
		}
	case "references":
		n.stage = inPrincipals
		if m.Name == nodesMember {
			n.stage = inNodes
		} else if m.Name != principalsMember {
			return wrong
		}
	default:
		return wrong
	}
	if n.texts != m.isTexts() || n.stage < was || (n.stage == was && n.stage >= inNodes) || (kind != "files" && m.File != nil) ||
		(!m.isFacts() && (m.FirstRoom != 0 || m.LastRoom != 0)) {
		return wrong
	}
	return nil
}

func (n *memberNames) nextMessages(m Member) bool {
	if n.texts = m.isTexts(); n.texts {
		n.messages++
		return m.Name == textsMember(n.messages)
	}
	ok := m.Name == factsMember(n.messages) && m.LastRoom >= m.FirstRoom && (n.messages == 1 || m.FirstRoom >= n.lastRoom)
	n.lastRoom = m.LastRoom
	return ok
}

// end tells whether the list may end here.
func (n *memberNames) end() error {
	if n.texts {
		return errors.New("the last texts have no messages")
	}
	return nil
}

func (n *memberNames) table(name, file string) bool {
	for i, t := range n.tables {
		if t.Name == name && name+".jsonl" == file && name != messagesTable {
			n.tables = n.tables[i+1:]
			return true
		}
	}
	return false
}

func (n *memberNames) nextFile(m Member) bool {
	room, _, _ := strings.Cut(strings.TrimPrefix(m.Name, filesFolder), "/")
	name := string(m.File.Name)
	if checkFile(room, name) != nil || m.Name != fileMember(room, n.files, name) || room < n.room || (room == n.room && name <= n.file) {
		return false
	}
	n.room, n.file = room, name
	_, err := parseFileTime(m.File.ModTime)
	return err == nil
}
