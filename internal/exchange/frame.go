package exchange

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"csbackup/internal/index"
)

// The limits that a peer's frames are held to before memory is spent on them.
const (
	maxFrame    = 1 << 20
	maxGreeting = 128 << 10 // before a session is established
	maxPath     = 4 << 10
	maxItems    = 8192
	maxSettings = 64 << 10
	maxText     = 4 << 10
	dataChunk   = 256 << 10
)

// MaxVector is how many entries the version vector of an offered item has at most.
const MaxVector = 64

// ErrFrame: the peer sent what no peer may send.
var ErrFrame = errors.New("the other side sent a frame that is not valid")

// ErrBroken: the connection ended.
var ErrBroken = errors.New("the connection ended")

type kind byte

const (
	frameHello kind = iota + 1
	frameWelcome
	frameRefuse // either: why the session ends
	frameWorking
	frameRetry   // importer: paths that it asks for again
	frameOffer   // exporter: a batch's header
	frameItems   // exporter: some of its items
	frameWants   // importer
	frameBegin   // exporter: a part begins
	frameData    // exporter: some of its content
	frameEnd     // exporter: the part is complete or withdrawn
	frameBatch   // exporter: the batch is complete
	frameAck     // importer
	frameGoodbye // exporter: the session is complete
)

// wire frames messages over a connection: a length, a kind, a body.
type wire struct {
	conn    *paced
	longest uint32 // frame that is taken
	in      *bufio.Reader
	sending sync.Mutex
	out     *bufio.Writer
}

func newWire(conn io.ReadWriteCloser, idle time.Duration) *wire {
	p := newPaced(conn, idle)
	return &wire{conn: p, longest: maxGreeting, in: bufio.NewReaderSize(p, greetingBuffer), out: bufio.NewWriterSize(p, greetingBuffer)}
}

// greetingBuffer is how much is buffered of a connection that is no session yet: many may be open.
const greetingBuffer = 4 << 10

// established makes room for contents.
func (w *wire) established() {
	w.sending.Lock()
	defer w.sending.Unlock()
	w.longest = maxFrame
	// What was read ahead stays with the reader of before; a greeting is flushed, and leaves nothing to be written.
	w.in, w.out = bufio.NewReaderSize(w.in, dataChunk), bufio.NewWriterSize(w.conn, dataChunk)
}

func (w *wire) close() { w.conn.Close() }

func (w *wire) send(k kind, body []byte, flush bool) error {
	w.sending.Lock()
	defer w.sending.Unlock()
	if len(body) > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too long: %w", len(body), ErrFrame)
	}
	var head [5]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(body)))
	head[4] = byte(k)
	if _, err := w.out.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.out.Write(body); err != nil {
		return err
	}
	if flush {
		return w.out.Flush()
	}
	return nil
}

// receive reads the next frame; the body is valid until the next call. Frames that only say that the
// peer is at work are passed over; the reason for which it ends the session is the error.
func (w *wire) receive(buffer *[]byte) (kind, []byte, error) {
	began := time.Now()
	for {
		var head [5]byte
		if _, err := io.ReadFull(w.in, head[:]); err != nil {
			return 0, nil, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		n := binary.BigEndian.Uint32(head[:])
		if n > w.longest {
			return 0, nil, fmt.Errorf("a frame of %d bytes: %w", n, ErrFrame)
		}
		body, err := w.body(buffer, int(n))
		if err != nil {
			return 0, nil, fmt.Errorf("%w within a frame: %w", ErrBroken, err)
		}
		k := kind(head[4])
		w.conn.came(k)
		switch k {
		case frameWorking:
		case frameRefuse:
			return 0, nil, decodeRefusal(body)
		default:
			return k, body, nil
		}
		if time.Since(began) > longestWork {
			return 0, nil, fmt.Errorf("the other side was at work for more than %s: %w", longestWork, ErrFrame)
		}
	}
}

// body reads a frame's body. The buffer grows as the bytes come: a length alone costs nothing.
func (w *wire) body(buffer *[]byte, n int) ([]byte, error) {
	const step = 32 << 10
	for have := 0; have < n; {
		next := min(n, max(cap(*buffer), 2*have, step))
		if cap(*buffer) < next {
			*buffer = append(make([]byte, 0, next), (*buffer)[:have]...)
		}
		*buffer = (*buffer)[:next]
		read, err := io.ReadFull(w.in, (*buffer)[have:next])
		if err != nil {
			return nil, err
		}
		have += read
	}
	return (*buffer)[:n], nil
}

// working tells the peer, until stopped, that this side is busy and not gone.
func (w *wire) working() (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(w.conn.idle / workingIn)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if w.send(frameWorking, nil, true) != nil {
					return
				}
				w.conn.busy()
			}
		}
	})
	return func() { close(done); ended.Wait() }
}

// fields reads a frame's body; the first mistake sticks.
type fields struct {
	rest []byte
	bad  error
}

func (f *fields) number() uint64 {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.fail("a number")
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) fail(what string) {
	if f.bad == nil {
		f.bad = fmt.Errorf("%s cannot be read: %w", what, ErrFrame)
	}
	f.rest = nil
}

func (f *fields) bytes(limit int) []byte {
	n := f.number()
	if n > uint64(limit) || n > uint64(len(f.rest)) {
		f.fail("a length")
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) text(limit int) string { return string(f.bytes(limit)) }

func (f *fields) hash() (h [32]byte) {
	if len(f.rest) < len(h) {
		f.fail("a hash")
		return h
	}
	copy(h[:], f.rest)
	f.rest = f.rest[len(h):]
	return h
}

func (f *fields) end() error {
	if f.bad == nil && len(f.rest) > 0 {
		f.fail("the end of a frame")
	}
	return f.bad
}

func putBytes(to []byte, b []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(b))), b...)
}

func putItem(to []byte, it index.Item) []byte {
	to = putBytes(to, []byte(it.Path))
	to = append(to, byte(it.Kind))
	to = binary.AppendUvarint(to, it.Sequence)
	to = binary.AppendUvarint(to, uint64(it.Size))
	to = binary.AppendVarint(to, it.ModTime)
	to = binary.AppendUvarint(to, uint64(it.Withheld))
	if it.Kind == index.File {
		to = append(to, it.Hash[:]...)
	}
	to = binary.AppendUvarint(to, uint64(len(it.Vector)))
	for _, e := range it.Vector {
		to = binary.BigEndian.AppendUint64(to, uint64(e.Replica))
		to = binary.AppendUvarint(to, e.Counter)
	}
	return to
}

func (f *fields) item() index.Item {
	it := index.Item{Path: f.text(maxPath)}
	if f.bad == nil && !validPath(it.Path) {
		f.fail("a path")
	}
	if len(f.rest) == 0 {
		f.fail("an item")
		return it
	}
	it.Kind = index.Kind(f.rest[0])
	f.rest = f.rest[1:]
	it.Sequence = f.number()
	size := f.number()
	it.Size = int64(size)
	modTime, n := binary.Varint(f.rest)
	if n <= 0 {
		f.fail("a time")
		return it
	}
	it.ModTime = modTime
	f.rest = f.rest[n:]
	withheld := f.number()
	it.Withheld = uint32(withheld)
	if withheld > 0o777 || it.Kind < index.File || it.Kind > index.Tombstone || it.Size < 0 || it.Kind != index.File && it.Size != 0 {
		f.fail("an item")
		return it
	}
	if it.Kind == index.File {
		it.Hash = f.hash()
	}
	entries := f.number()
	if entries > MaxVector {
		f.fail("a version vector")
	}
	for range entries {
		if len(f.rest) < 8 {
			f.fail("a version vector")
			break
		}
		e := index.Entry{Replica: index.Replica(binary.BigEndian.Uint64(f.rest))}
		f.rest = f.rest[8:]
		e.Counter = f.number()
		if len(it.Vector) > 0 && it.Vector[len(it.Vector)-1].Replica >= e.Replica {
			f.fail("a version vector")
			break
		}
		it.Vector = append(it.Vector, e)
	}
	return it
}

// validPath refuses whatever could lead out of a module's folders.
func validPath(path string) bool {
	start := 0
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] == 0 {
			return false
		}
		if i < len(path) && path[i] != '/' {
			continue
		}
		switch path[start:i] {
		case "", ".", "..":
			return false
		}
		start = i + 1
	}
	return true
}
