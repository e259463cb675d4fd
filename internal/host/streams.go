package host

import (
	"bufio"
	"encoding/base64"
	"io"
	"sync"

	"csbackup/internal/report"
)

// writer lets events and bytes be written from several goroutines, a line at a time.
type writer struct {
	mutex sync.Mutex
	to    io.Writer
}

// Write writes one whole line.
func (w *writer) Write(line []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.to.Write(line)
}

// bytesWriter turns what a command writes to standard output into events.
type bytesWriter struct{ to *writer }

type bytesEvent struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
	Base64 string `json:"base64"`
}

// chunk is the most bytes that one event carries.
const chunk = 48 << 10

// Write writes content as one or more events.
func (b *bytesWriter) Write(content []byte) (int, error) {
	written := 0
	for len(content) > 0 {
		piece := content[:min(len(content), chunk)]
		line, err := report.Line(bytesEvent{report.Schema, "bytes", base64.StdEncoding.EncodeToString(piece)})
		if err == nil {
			_, err = b.to.Write(line)
		}
		if err != nil {
			return written, err
		}
		written += len(piece)
		content = content[len(piece):]
	}
	return written, nil
}

// watch reads on behind the request: it cancels when standard input ends, and hands the one line of
// base64 that may follow to the command as bytes. The goroutine lives until standard input ends.
func watch(from *bufio.Reader, cancel func()) io.Reader {
	reader, pipe := io.Pipe()
	go func() {
		defer cancel()
		line := &oneLine{from: from}
		// When the command does not want the bytes, the pipe is never read; then only the end of the
		// process ends this copy, and the end of input is noticed once the line is through.
		_, err := io.Copy(pipe, base64.NewDecoder(base64.StdEncoding, line))
		pipe.CloseWithError(err)
		_, _ = io.Copy(io.Discard, from)
	}()
	return reader
}

// oneLine reads up to a line feed and then reports the end.
type oneLine struct {
	from  *bufio.Reader
	ended bool
}

// Read gives the line's bytes without its end.
func (l *oneLine) Read(to []byte) (int, error) {
	if l.ended {
		return 0, io.EOF
	}
	for n := range to {
		b, err := l.from.ReadByte()
		if err == nil && b == '\n' {
			err = io.EOF
		}
		if err != nil {
			l.ended = true
			return n, err
		}
		to[n] = b
		if l.from.Buffered() == 0 {
			return n + 1, nil
		}
	}
	return len(to), nil
}
