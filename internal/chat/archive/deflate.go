package archive

import (
	"bytes"
	"fmt"
	"io"
	"runtime"

	"github.com/klauspost/compress/flate"
)

const (
	piece      = 1 << 20  // content that is compressed on its own
	dictionary = 32 << 10 // content before a piece that it may refer to
	strength   = 9
	// mostShrunk is the ratio beyond which a piece is compressed less, so that readers can tell a bomb.
	mostShrunk = 100
)

// compressor compresses one member on all cores. The result depends on nothing but the content.
type compressor struct {
	to      io.Writer
	filling []byte
	before  []byte           // dictionary of the piece that is filling
	queue   chan chan result // pieces under way, in order
	done    chan error
}

type result struct {
	bytes []byte
	err   error
}

func newCompressor(to io.Writer) *compressor {
	c := &compressor{to: to, queue: make(chan chan result, runtime.GOMAXPROCS(0)), done: make(chan error, 1)}
	go c.write()
	return c
}

// write puts the finished pieces out in their order; after an error it only drains.
func (c *compressor) write() {
	var failed error
	for pending := range c.queue {
		r := <-pending
		if failed == nil {
			failed = r.err
		}
		if failed == nil {
			_, failed = c.to.Write(r.bytes)
		}
	}
	c.done <- failed
}

// Write takes content.
func (c *compressor) Write(content []byte) (int, error) {
	size := len(content)
	for len(content) > 0 {
		if len(c.filling) == piece {
			c.start(false)
		}
		n := min(len(content), piece-len(c.filling))
		c.filling = append(c.filling, content[:n]...)
		content = content[n:]
	}
	return size, nil
}

// start hands the piece that is full to a goroutine of its own; the queue bounds how many there are.
func (c *compressor) start(last bool) {
	pending := make(chan result, 1)
	content, before := c.filling, c.before
	c.before = content[max(0, len(content)-dictionary):]
	if !last {
		c.filling = make([]byte, 0, piece)
	}
	c.queue <- pending
	go func() {
		packed, err := deflatePiece(content, before, last)
		pending <- result{packed, err}
	}()
}

// Close compresses the rest and waits until everything is written.
func (c *compressor) Close() error {
	c.start(true)
	close(c.queue)
	return <-c.done
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
