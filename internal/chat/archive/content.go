package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// content reads what a member holds, and proves its sizes and sums: it ends with io.EOF only when all of
// it was as the manifest says.
type content struct {
	ctx      context.Context
	member   Member
	crc      uint32
	wantCRC  uint32
	size     int64
	plain    hash.Hash
	packed   *source
	buffered *bufio.Reader
	inflater io.ReadCloser
	read     func(n int) // told of progress; may be nil
	failed   error
}

// source gives the compressed bytes and hashes them.
type source struct {
	from   *io.SectionReader
	hash   hash.Hash
	failed error // of the file itself
}

// Read gives the next bytes.
func (s *source) Read(b []byte) (int, error) {
	n, err := s.from.Read(b)
	s.hash.Write(b[:n])
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// content opens the n-th member.
func (a *Archive) content(ctx context.Context, n int) *content {
	e := a.entries[n]
	c := &content{ctx: ctx, member: a.manifest.Members[n], wantCRC: e.crc, plain: sha256.New()}
	c.packed = &source{from: io.NewSectionReader(a.from, int64(e.content()), int64(e.packed)), hash: sha256.New()}
	c.buffered = bufio.NewReaderSize(c.packed, 64<<10)
	c.inflater = flate.NewReader(c.buffered)
	return c
}

// Read gives content.
func (c *content) Read(b []byte) (int, error) {
	n, err := c.next(b)
	if err != nil && err != io.EOF {
		c.failed = err
	}
	return n, err
}

func (c *content) next(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.inflater.Read(b)
	c.size += int64(n)
	c.plain.Write(b[:n])
	c.crc = crc32.Update(c.crc, crc32.IEEETable, b[:n])
	if c.read != nil && n > 0 {
		c.read(n)
	}
	switch {
	case c.packed.failed != nil:
		return n, c.packed.failed
	case c.size > c.member.Size:
		return 0, errors.New("its content is longer than the manifest says")
	case err == io.EOF:
		if err := c.prove(); err != nil {
			return n, err
		}
	case err != nil:
		return n, fmt.Errorf("its content cannot be unpacked: %w", err)
	}
	return n, err
}

func (c *content) prove() error {
	if _, err := c.buffered.ReadByte(); err != io.EOF {
		return errors.New("more stands in it than its content")
	}
	switch {
	case c.size != c.member.Size:
		return errors.New("its content is shorter than the manifest says")
	case hex.EncodeToString(c.plain.Sum(nil)) != c.member.SHA256, hex.EncodeToString(c.packed.hash.Sum(nil)) != c.member.PackedSHA256, c.crc != c.wantCRC:
		return errors.New("its sum is not the one that was written")
	}
	return nil
}

// lines cuts the content into lines.
type lines struct {
	from       io.Reader
	buffer     []byte
	start, end int
	ended      error
	number     int64
}

const firstBuffer = 256 << 10

// next gives the next line without its line feed, until the call after; io.EOF behind the last one.
func (l *lines) next() ([]byte, error) {
	searched := 0
	for {
		if at := bytes.IndexByte(l.buffer[l.start+searched:l.end], '\n'); at >= 0 {
			text := l.buffer[l.start : l.start+searched+at]
			l.start += len(text) + 1
			l.number++
			return text, nil
		}
		searched = l.end - l.start
		if l.ended != nil {
			if l.ended == io.EOF && searched > 0 {
				return nil, errors.New("its last line has no end")
			}
			return nil, l.ended
		}
		if searched > maxLine {
			return nil, errors.New("a line is longer than any that is written")
		}
		l.fill()
	}
}

func (l *lines) fill() {
	if l.start > 0 {
		copy(l.buffer, l.buffer[l.start:l.end])
		l.start, l.end = 0, l.end-l.start
	}
	if l.end == len(l.buffer) {
		grown := make([]byte, max(firstBuffer, 2*len(l.buffer)))
		copy(grown, l.buffer[:l.end])
		l.buffer = grown
	}
	for range 100 {
		n, err := l.from.Read(l.buffer[l.end:])
		l.end += n
		l.ended = err
		if n > 0 || err != nil {
			return
		}
	}
	l.ended = io.ErrNoProgress
}
