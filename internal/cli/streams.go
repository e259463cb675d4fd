package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// interruptibleReader reads until the context ends, also from somebody who sends nothing.
type interruptibleReader struct {
	ctx     context.Context
	from    io.Reader
	reading chan struct{} // closed when the read that was begun has ended; nil without one
	buffer  []byte
	rest    []byte // what was read and not given yet
	err     error
}

// piece is how much is read at a time.
const piece = 64 << 10

// Read gives what comes next, or the context's error. A read that is left then goes on by itself, and what it brings is
// lost with the process.
func (r *interruptibleReader) Read(to []byte) (int, error) {
	if len(r.rest) > 0 || len(to) == 0 {
		return r.give(to), nil
	}
	if r.reading == nil {
		done := make(chan struct{})
		r.reading, r.buffer = done, make([]byte, piece)
		go func() {
			defer close(done)
			var n int
			n, r.err = r.from.Read(r.buffer)
			r.rest = r.buffer[:n]
		}()
	}
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case <-r.reading:
		r.reading = nil
		if len(r.rest) > 0 {
			return r.give(to), nil
		}
		return 0, r.err
	}
}

func (r *interruptibleReader) give(to []byte) int {
	n := copy(to, r.rest)
	r.rest = r.rest[n:]
	return n
}

// Fd tells what is read from, for those who ask whether it is a terminal.
func (r *interruptibleReader) Fd() uintptr { return descriptor(r.from) }

// interruptibleWriter writes until some time after the context's end, also to somebody who takes nothing.
type interruptibleWriter struct {
	ctx    context.Context
	to     io.Writer
	broken func() // called when nobody is left to read
	mutex  sync.Mutex
	stuck  bool
}

// lastWords is how long a write may take when the context has ended.
const lastWords = time.Second

// Write writes all of it, or gives the context's error where nobody takes it.
func (w *interruptibleWriter) Write(content []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.stuck {
		return 0, w.ctx.Err()
	}
	own := bytes.Clone(content) // the write may be left behind, and the caller uses its memory again
	var written int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		written, err = w.to.Write(own)
	}()
	select {
	case <-done:
	case <-w.ctx.Done():
		select {
		case <-done:
		case <-time.After(lastWords):
			w.stuck = true
			return 0, w.ctx.Err()
		}
	}
	if errors.Is(err, syscall.EPIPE) {
		w.broken()
	}
	return written, err
}

// Fd tells what is written to, for those who ask whether it is a terminal.
func (w *interruptibleWriter) Fd() uintptr { return descriptor(w.to) }

// descriptor gives the number of a file, and one that is none for anything else.
func descriptor(stream any) uintptr {
	if file, ok := stream.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// interruptible makes a stream end with the context. What shows progress bars asks for a terminal itself, which
// stays as it is.
func interruptible(ctx context.Context, to io.Writer, broken func()) io.Writer {
	if isTerminal(to) {
		return to
	}
	return &interruptibleWriter{ctx: ctx, to: to, broken: broken}
}

func isTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && file.Fd() != ^uintptr(0) && term.IsTerminal(int(file.Fd()))
}
