package convert

import (
	"bufio"
	"errors"
	"io"
)

// Output is a Target that knows which rooms are complete in it.
type Output interface {
	Target
	// Done tells that a room is complete since an earlier run.
	Done(room int64) bool
	// Begin and Complete enclose what is written of a room.
	Begin(room int64) error
	Complete(room int64, notes []Note) error
	// Finish ends a complete output, and Abandon one that is not.
	Finish() error
	Abandon() error
}

// Nowhere is an output for a dry run: what is written is counted only.
type Nowhere struct{ Counter }

// Counter counts what is written.
type Counter struct{ Files, Bytes int64 }

// Create makes a file that is nowhere.
func (n *Nowhere) Create(string) (io.WriteCloser, error) {
	n.Files++
	return &counted{to: io.Discard, counter: &n.Counter}, nil
}

// Done is false.
func (*Nowhere) Done(int64) bool { return false }

// Begin does nothing.
func (*Nowhere) Begin(int64) error { return nil }

// Complete does nothing.
func (*Nowhere) Complete(int64, []Note) error { return nil }

// Finish does nothing.
func (*Nowhere) Finish() error { return nil }

// Abandon does nothing.
func (*Nowhere) Abandon() error { return nil }

// counted is a file whose bytes are counted. It holds what was written until it is closed or a block is full.
type counted struct {
	to      io.Writer
	buffer  *bufio.Writer
	counter *Counter
	size    int64
	close   func(size int64) error
}

// Write takes bytes.
func (c *counted) Write(b []byte) (int, error) {
	c.counter.Bytes += int64(len(b))
	c.size += int64(len(b))
	if c.buffer != nil {
		return c.buffer.Write(b)
	}
	return c.to.Write(b)
}

// Close completes the file.
func (c *counted) Close() (err error) {
	if c.buffer != nil {
		err = c.buffer.Flush()
	}
	if c.close != nil {
		err = errors.Join(err, c.close(c.size))
	}
	return err
}
