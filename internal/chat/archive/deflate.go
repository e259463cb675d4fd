package archive

import (
	"bytes"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/klauspost/compress/flate"
)

const (
	piece      = 1 << 20  // content that is compressed on its own
	dictionary = 32 << 10 // content before a piece that it may refer to
	// strength is the level of the package. Level 7 needs twice the time for 3 % less.
	strength = 6
	// mostShrunk is the ratio beyond which a piece is compressed less, so that readers can tell a bomb.
	mostShrunk = 100
)

// compressor compresses one member on all cores, and sums its content up. The result depends on nothing but the
// content.
type compressor struct {
	to      io.Writer
	sum     hash.Hash
	crc     uint32
	filling []byte
	before  []byte        // dictionary of the piece that is filling
	queue   []chan packed // pieces under way, in order
}

type packed struct {
	bytes []byte
	err   error
}

// Write takes content.
func (c *compressor) Write(content []byte) (int, error) {
	size := len(content)
	for len(content) > 0 {
		if len(c.filling) == piece {
			if err := c.start(false); err != nil {
				return 0, err
			}
		}
		n := min(len(content), piece-len(c.filling))
		c.filling = append(c.filling, content[:n]...)
		content = content[n:]
	}
	return size, nil
}

// start hands the piece that is full to a goroutine of its own. It first waits for the oldest piece where
// as many are under way as there are cores.
func (c *compressor) start(last bool) error {
	if len(c.queue) > runtime.GOMAXPROCS(0) {
		if err := c.finishOldest(); err != nil {
			return err
		}
	}
	done := make(chan packed, 1)
	content, before := c.filling, c.before
	c.sum.Write(content)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, content)
	c.before = content[max(0, len(content)-dictionary):]
	c.filling = make([]byte, 0, piece)
	c.queue = append(c.queue, done)
	go func() {
		bytes, err := deflatePiece(content, before, last)
		done <- packed{bytes, err}
	}()
	return nil
}

func (c *compressor) finishOldest() error {
	oldest := <-c.queue[0]
	c.queue = c.queue[1:]
	if oldest.err != nil {
		return oldest.err
	}
	_, err := c.to.Write(oldest.bytes)
	return err
}

// Close compresses the rest and waits until everything is written.
func (c *compressor) Close() error {
	if err := c.start(true); err != nil {
		return err
	}
	for len(c.queue) > 0 {
		if err := c.finishOldest(); err != nil {
			return err
		}
	}
	return nil
}

func deflatePiece(content, before []byte, last bool) ([]byte, error) {
	packed, err := deflateAt(strength, content, before, last)
	if err == nil && len(content)/mostShrunk > len(packed) {
		return deflateAt(flate.HuffmanOnly, content, nil, last)
	}
	return packed, err
}

func deflateAt(level int, content, before []byte, last bool) ([]byte, error) {
	var packed bytes.Buffer
	packed.Grow(len(content)/3 + 64)
	w, err := flate.NewWriterDict(&packed, level, before)
	if err != nil {
		return nil, fmt.Errorf("start to compress: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if last {
		err = w.Close()
	} else {
		err = w.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("end a compressed piece: %w", err)
	}
	return packed.Bytes(), nil
}
