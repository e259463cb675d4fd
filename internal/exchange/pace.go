package exchange

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// The pace that a peer has to keep. Only the time counts in which this side waits for it.
const (
	// DefaultIdle is how long a peer may be silent, unless Options say otherwise.
	DefaultIdle = time.Minute
	// slowest is how many bytes a second a peer has to send, and to take, on average.
	slowest = 1 << 10
	// piece is how much is written at a time: what one record of TLS holds.
	piece = 16 << 10
	// longestWork is how long a peer may do nothing but say that it is at work: comparing a whole store
	// may take hours.
	longestWork = 24 * time.Hour
	// longEnough is when an exporter ends a session in order, to go on in another one, and longest when a
	// session is given up: whatever the steps are that a peer draws it out with, it ends.
	longEnough = 24 * time.Hour
	longest    = 3 * longEnough
)

// paced is a connection that is closed under a peer that falls behind. A peer has as much time as it may
// be silent; waiting for it uses that up, and what it sends earns it back, by what it is worth.
type paced struct {
	io.ReadWriteCloser
	idle                    time.Duration
	began                   time.Time
	reading, writing, whole *time.Timer
	late, endless           atomic.Bool

	mu      sync.Mutex
	left    time.Duration // that the peer has for what it sends
	room    time.Duration // that it has for what it takes
	waiting bool          // a read is under way ...
	since   time.Time     // ... since then
}

func newPaced(conn io.ReadWriteCloser, idle time.Duration) *paced {
	p := &paced{ReadWriteCloser: conn, idle: idle, began: time.Now(), left: idle, room: idle}
	giveUp := func() {
		p.late.Store(true)
		conn.Close()
	}
	p.reading, p.writing = time.AfterFunc(idle, giveUp), time.AfterFunc(idle, giveUp)
	p.reading.Stop()
	p.writing.Stop()
	p.whole = time.AfterFunc(longest, func() {
		p.endless.Store(true)
		conn.Close()
	})
	return p
}

// Close ends the session.
func (p *paced) Close() error {
	p.whole.Stop()
	return p.ReadWriteCloser.Close()
}

// long tells whether the session has lasted so long that it is better ended in order.
func (p *paced) long() bool { return time.Since(p.began) > longEnough }

// Read reads what comes while the peer has time left.
func (p *paced) Read(b []byte) (int, error) {
	p.mu.Lock()
	p.waiting, p.since = true, time.Now()
	p.reading.Reset(p.left)
	p.mu.Unlock()
	n, err := p.ReadWriteCloser.Read(b)
	p.mu.Lock()
	p.reading.Stop()
	p.waiting = false
	p.left = min(p.idle, p.left-time.Since(p.since)+worth(n))
	p.mu.Unlock()
	return n, p.told(err)
}

// worth is how long the slowest peer takes for so many bytes.
func worth(bytes int) time.Duration { return time.Duration(bytes) * (time.Second / slowest) }

// Write writes while the peer takes it and has time left.
func (p *paced) Write(b []byte) (written int, err error) {
	for err == nil && written < len(b) {
		p.mu.Lock()
		p.writing.Reset(p.room)
		p.mu.Unlock()
		began := time.Now()
		var n int
		n, err = p.ReadWriteCloser.Write(b[written:min(len(b), written+piece)])
		p.mu.Lock()
		p.writing.Stop()
		p.room = min(p.idle, p.room-time.Since(began)+worth(n))
		p.mu.Unlock()
		written += n
	}
	return written, p.told(err)
}

func (p *paced) told(err error) error {
	if err != nil && p.endless.Load() {
		return fmt.Errorf("the session did not come to its end in %s: %w", longest, err)
	}
	if err != nil && p.late.Load() {
		return fmt.Errorf("the other side was silent for %s, or slower than %d bytes a second: %w", p.idle, slowest, err)
	}
	return err
}

// came notes a whole frame: a step that may have taken the peer some work gives it as long as it may work
// without saying so.
func (p *paced) came(k kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.room = p.idle
	switch k {
	case frameWorking:
		p.left = p.idle
	case frameData, frameItems:
	default:
		p.left = min(p.idle, p.left+p.idle/workingIn)
	}
}

// busy notes that it is the peer that waits for this side.
func (p *paced) busy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = p.idle
	if p.waiting {
		p.since = time.Now()
		p.reading.Reset(p.idle)
	}
}

// workingIn is how often a side at work says so within the time that it may be silent.
const workingIn = 4
