package host

import (
	"bufio"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"time"

	"csbackup/internal/report"
)

// writer lets events and bytes be written from several goroutines, a line at a time. When nobody
// reads any more it says so once, by calling broken.
type writer struct {
	mutex  sync.Mutex
	to     io.Writer
	broken func()
}

// Write writes one whole line.
func (w *writer) Write(line []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	n, err := w.to.Write(line)
	if err != nil {
		w.broken()
	}
	return n, err
}

type aliveEvent struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
}

// sayAlive tells the caller at intervals that the program is at work, until the function that it
// returns is called; after that nothing more is written.
func sayAlive(output *writer, interval time.Duration) (stop func()) {
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				line, err := report.Line(aliveEvent{report.Schema, "alive"})
				if err == nil {
					_, err = output.Write(line)
				}
				if err != nil {
					return
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
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

// watch reads on behind the request and cancels when standard input ends. For a command that takes
// bytes it hands on the one line of base64 that follows; what else comes is ignored. The goroutine
// lives until standard input ends.
func watch(from *bufio.Reader, takesBytes bool, cancel func()) io.Reader {
	if !takesBytes {
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, from)
		}()
		return strings.NewReader("")
	}
	reader, pipe := io.Pipe()
	go func() {
		defer cancel()
		_, err := io.Copy(pipe, base64.NewDecoder(base64.StdEncoding, &oneLine{from: from}))
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
