package simulation

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// errCut: the line between the pools broke.
var errCut = errors.New("the line was cut")

// line is a connection between the two ends of a session. What is written is on its way until the other end reads it.
type line struct {
	*turns
	name    string
	lock    sync.Mutex
	ends    [2]*end
	cut     bool // both ends notice
	stalled bool // nothing arrives
	passage func(from int) error
	left    int // bytes until the line is cut; negative for never
}

// end is one end of a line.
type end struct {
	*line
	me     int
	closed bool
	gone   bool // it is closed, and the other end was not told
	inbox  []byte
}

// newLine makes a line that is cut after so many bytes, or never when it is negative. passage is asked before an end
// reads; its error cuts the line.
func newLine(t *turns, name string, cutAfter int, passage func(from int) error) *line {
	l := &line{turns: t, name: name, passage: passage, left: cutAfter}
	for i := range l.ends {
		l.ends[i] = &end{line: l, me: i}
	}
	return l
}

func (e *end) other() *end { return e.ends[1-e.me] }

// Write never waits: what is sent lies in the other end's inbox.
func (e *end) Write(p []byte) (int, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	to := e.other()
	switch {
	case e.closed, to.closed && !to.gone:
		return 0, io.ErrClosedPipe
	case e.cut:
		return 0, errCut
	}
	n := len(p)
	if e.left >= 0 && n > e.left {
		n = e.left
	}
	to.inbox = append(to.inbox, p[:n]...)
	if e.left >= 0 {
		e.left -= n
	}
	if n < len(p) {
		e.cut = true
		return n, errCut
	}
	return n, nil
}

// Read waits until something has come, and takes a part of it.
func (e *end) Read(p []byte) (int, error) {
	most := 0
	err := e.take(fmt.Sprintf("%s %d reads", e.name, e.me), e.ready, func() error {
		most = len(p)
		if e.random.IntN(3) == 0 {
			most = 1 + e.random.IntN(64)
		}
		err := e.passage(e.me)
		if err != nil && e.random.IntN(2) == 0 {
			e.vanish() // a machine that loses power says nothing
		}
		return err
	})
	e.lock.Lock()
	defer e.lock.Unlock()
	switch {
	case e.closed:
		return 0, io.ErrClosedPipe
	case err != nil:
		return 0, err
	case len(e.inbox) > 0:
		n := copy(p[:min(len(p), most)], e.inbox)
		e.inbox = e.inbox[n:]
		return n, nil
	case e.cut:
		return 0, errCut
	}
	return 0, io.EOF
}

func (e *end) ready() bool {
	e.lock.Lock()
	defer e.lock.Unlock()
	return e.closed || !e.stalled && (len(e.inbox) > 0 || e.cut || e.other().closed && !e.other().gone)
}

// Close ends this end; the other reads what was sent, then the end.
func (e *end) Close() error {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.closed = true
	return nil
}

// vanish ends this end without the other being told: its machine is gone, or the network between.
func (e *end) vanish() {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.closed, e.gone = true, true
}

// stall holds what is on its way, or lets it arrive.
func (l *line) stall(on bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.stalled = on
}
