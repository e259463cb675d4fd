package simulation

import (
	"errors"
	"io"
	"sync"
)

// errCut: the line between the pools broke.
var errCut = errors.New("the line was cut")

// line is a connection between the two ends of a session. Only one end runs at a time: an end hands
// over when it wants to read what has not come yet. So a session takes the same course on every run.
type line struct {
	mu      sync.Mutex
	moved   *sync.Cond
	turn    int
	ends    [2]*end
	cut     bool
	passage func(from int) error // asked before each write and read of an end; its error cuts the line
	left    int                  // bytes until the line is cut; negative for never
}

// end is one end of a line.
type end struct {
	*line
	me      int
	waiting bool
	closed  bool
	inbox   []byte
}

// newLine makes a line that is cut after so many bytes, or never when it is negative.
func newLine(cutAfter int, passage func(from int) error) (a, b *end) {
	l := &line{passage: passage, left: cutAfter}
	l.moved = sync.NewCond(&l.mu)
	for i := range l.ends {
		l.ends[i] = &end{line: l, me: i}
	}
	return l.ends[0], l.ends[1]
}

func (e *end) other() *end { return e.ends[1-e.me] }

// begin waits for the end's first turn.
func (e *end) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.turn != e.me {
		e.moved.Wait()
	}
}

// over lets the other end run. The caller holds the lock.
func (e *end) over() {
	e.turn = 1 - e.me
	e.moved.Broadcast()
}

func (e *end) pass() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return io.ErrClosedPipe
	}
	if e.cut {
		return errCut
	}
	if err := e.passage(e.me); err != nil {
		e.cut = true
		e.moved.Broadcast()
		return err
	}
	return nil
}

// Write never waits: what is sent lies in the other end's inbox.
func (e *end) Write(p []byte) (int, error) {
	if err := e.pass(); err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	to := e.other()
	if to.closed {
		return 0, io.ErrClosedPipe
	}
	n := len(p)
	if e.left >= 0 && n > e.left {
		n = e.left
	}
	to.inbox = append(to.inbox, p[:n]...)
	if e.left >= 0 {
		e.left -= n
	}
	e.moved.Broadcast()
	if n < len(p) {
		e.cut = true
		return n, errCut
	}
	return n, nil
}

// Read hands over until something has come.
func (e *end) Read(p []byte) (int, error) {
	if err := e.pass(); err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = true
	defer func() { e.waiting = false }()
	for {
		if e.turn == e.me || e.other().closed {
			switch {
			case e.closed:
				return 0, io.ErrClosedPipe
			case len(e.inbox) > 0:
				n := copy(p, e.inbox)
				e.inbox = e.inbox[n:]
				return n, nil
			case e.cut:
				return 0, errCut
			case e.other().closed:
				return 0, io.EOF
			}
		}
		// Both wait with nothing on the way only while an end works beside its reading.
		if e.turn == e.me && (!e.other().waiting || len(e.other().inbox) > 0) {
			e.over()
		}
		e.moved.Wait()
	}
}

// Close ends this end; the other reads what was sent, then the end.
func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.over()
	}
	return nil
}
