package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/index"
)

// Options bound a session.
type Options struct {
	Budget      int64             // content bytes that the session may send; 0 for no bound
	WindowBytes int64             // content bytes of one batch; 0 takes what goes through in a few seconds
	Halved      int               // how often the first window is halved: after sessions that broke, less is at stake
	IdleTimeout time.Duration     // how long a silent peer is waited for; 0 takes DefaultIdle
	Explain     func(error) error // says of what this side's store or state failed, for the partner, too; may be nil
	Progress    func(Result)      // hears how far the session is, after each batch; may be nil
	// Chunk is how many bytes of a content travel in one frame, 256 KiB at most, which 0 stands for. A content that is
	// not larger is taken off the wire whole.
	Chunk int
	// Resumable is the size from which a content may come in several sessions; 0 takes the constant of this name.
	Resumable int64
}

// The sizes between which a window moves, in content bytes.
const (
	leastWindow    = 1 << 20 // after sessions that broke
	smallestWindow = 4 << 20
	firstWindow    = 16 << 20
	largestWindow  = 64 << 20
)

func (o Options) withDefaults() Options {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = DefaultIdle
	}
	if o.Explain == nil {
		o.Explain = func(err error) error { return err }
	}
	if o.Chunk <= 0 || o.Chunk > dataChunk {
		o.Chunk = dataChunk
	}
	if o.Resumable == 0 {
		o.Resumable = Resumable
	}
	return o
}

// Result is what a session came to.
type Result struct {
	Files, Bytes uint64 // contents that were sent whole, and all content bytes
	Applied      uint64 // items that changed something at the partner
	Conflicts    uint64
	Pending      uint64   // paths that the partner could not apply yet
	Waiting      []string // the first of them
	Acknowledged uint64
	Drained      bool // nothing was left to offer
}

type export struct {
	*wire
	Options
	source   Source
	result   Result
	position Position // of the last batch that was sent
	unheard  []Batch  // sent, and not acknowledged yet
	buffer   []byte   // for contents
	answer   []byte
	refused  bool // the partner ended the session
}

// Export runs a session from the offering side until nothing is left or the budget is used up. What
// was acknowledged until then is told in the result even with an error.
func Export(ctx context.Context, conn io.ReadWriteCloser, source Source, o Options) (Result, error) {
	o = o.withDefaults()
	x := &export{wire: newWire(conn, o.IdleTimeout), Options: o, source: source}
	defer x.close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err := x.run(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("the session was stopped: %w", ctx.Err())
	case errors.Is(err, errUnsent):
		err = x.refusal(err)
	case err != nil && !errors.Is(err, ErrBroken) && !errors.Is(err, ErrFrame) && !x.refused:
		err = x.Explain(err)
		// The partner is to know why. What keeps it from that changes nothing here.
		_ = x.send(frameRefuse, encodeRefusal(err), true)
	}
	return x.result, err
}

// refusal looks, after something could not be sent, whether the partner said before why it ended the session.
func (x *export) refusal(unsent error) error {
	for {
		_, _, err := x.receive(&x.answer)
		switch {
		case errors.Is(err, ErrBroken) || errors.Is(err, ErrFrame):
			return unsent
		case err != nil:
			return err
		}
	}
}

func (x *export) run(ctx context.Context) error {
	hello, err := x.source.Hello(ctx)
	if err != nil {
		return err
	}
	if err := x.send(frameHello, encodeHello(hello), true); err != nil {
		return unreachable(err)
	}
	body, err := x.expect(ctx, frameWelcome)
	if err != nil {
		return err
	}
	welcome, err := decodeWelcome(body)
	if err != nil {
		return err
	}
	if welcome.Protocol != Protocol {
		return failure.New(failure.ProtocolMismatch, hello.ToPool, fmt.Sprintf("%s speaks version %d of the protocol, this side version %d", hello.ToPool, welcome.Protocol, Protocol),
			"Install the same version of csbackup on both sides.")
	}
	after, err := x.source.Welcomed(ctx, welcome)
	if err != nil {
		return err
	}
	x.position = welcome.Position
	x.established()
	x.result.Acknowledged, x.result.Pending = welcome.Acknowledged, welcome.Pending
	if welcome.Pending > 0 {
		if err := x.retries(ctx); err != nil {
			return err
		}
	}
	size := x.WindowBytes
	if size == 0 {
		size = max(int64(firstWindow)>>min(x.Halved, 32), leastWindow)
	}
	for x.left() > 0 && !x.conn.long() {
		began := time.Now()
		items, through, err := x.source.Window(ctx, after, min(size, x.left()))
		if err != nil {
			return err
		}
		if through == after {
			x.result.Drained = true
			break
		}
		if err := x.window(ctx, Batch{After: after, Through: through}, items); err != nil {
			return err
		}
		after = through
		if x.WindowBytes == 0 {
			size = nextWindow(size, time.Since(began))
		}
	}
	if err := x.hear(ctx, 0); err != nil {
		return err
	}
	if x.result.Pending > 0 {
		if err := x.waiting(ctx); err != nil {
			return err
		}
	}
	return sent(x.send(frameGoodbye, nil, true))
}

// waitingAtMost bounds the paths that a result names.
const waitingAtMost = 20

// waiting asks for the names of what the partner could not apply.
func (x *export) waiting(ctx context.Context) error {
	paths, err := x.retried(ctx, "")
	x.result.Waiting = paths[:min(len(paths), waitingAtMost)]
	return err
}

// retried asks for the paths after a given one that the partner could not apply.
func (x *export) retried(ctx context.Context, after string) ([]string, error) {
	if err := x.send(frameRetry, putBytes(nil, []byte(after)), true); err != nil {
		return nil, unreachable(err)
	}
	body, err := x.expect(ctx, frameRetry)
	if err != nil {
		return nil, err
	}
	return decodePaths(body)
}

// nextWindow sizes a window by how long the last one took: large ones go faster, and what a broken line
// costs should stay within seconds.
func nextWindow(size int64, took time.Duration) int64 {
	switch {
	case took < time.Second:
		return min(2*size, largestWindow)
	case took > 4*time.Second:
		return max(size/2, smallestWindow)
	}
	return size
}

func (x *export) left() int64 {
	if x.Budget == 0 {
		return 1 << 62
	}
	return x.Budget - int64(x.result.Bytes)
}

// retries offers again what the importer could not apply before.
func (x *export) retries(ctx context.Context) error {
	for after := ""; !x.conn.long(); {
		paths, err := x.retried(ctx, after)
		if err != nil || len(paths) == 0 {
			return err
		}
		after = paths[len(paths)-1]
		items, err := x.source.Paths(ctx, paths)
		if err != nil {
			return err
		}
		if err := x.window(ctx, Batch{}, items); err != nil {
			return err
		}
	}
	return nil
}

func (x *export) window(ctx context.Context, batch Batch, items []index.Item) error {
	batch.Number, batch.Previous = x.position.Number+1, x.position.Hash
	seal(&batch, items)
	if err := x.send(frameOffer, encodeBatch(batch, len(items)), false); err != nil {
		return unreachable(err)
	}
	var body []byte
	for _, it := range items {
		body = putItem(body, it)
		if len(body) > maxFrame-2*maxPath-4096 {
			if err := x.send(frameItems, body, false); err != nil {
				return unreachable(err)
			}
			body = body[:0]
		}
	}
	if err := x.send(frameItems, body, true); err != nil {
		return unreachable(err)
	}
	answer, err := x.expect(ctx, frameWants)
	if err != nil {
		return err
	}
	wants, err := decodeWants(answer, items)
	if err != nil {
		return err
	}
	for _, want := range wants {
		if x.left() <= 0 || x.conn.long() {
			break
		}
		if err := x.part(ctx, want, items[want.Item]); err != nil {
			return err
		}
	}
	x.source.Sending(batch)
	if err := x.send(frameBatch, nil, true); err != nil {
		return unreachable(err)
	}
	x.position = Position{batch.Number, batch.Hash}
	x.unheard = append(x.unheard, batch)
	return x.hear(ctx, 1)
}

// hear waits until at most so many batches are without an answer.
func (x *export) hear(ctx context.Context, most int) error {
	for len(x.unheard) > most {
		body, err := x.expect(ctx, frameAck)
		if err != nil {
			return err
		}
		if err := x.acknowledged(ctx, body); err != nil {
			return err
		}
	}
	return nil
}

// acknowledged takes the answer for the oldest batch that has none.
func (x *export) acknowledged(ctx context.Context, body []byte) error {
	ack, err := decodeAck(body)
	if err != nil {
		return err
	}
	batch := x.unheard[0]
	x.unheard = x.unheard[1:]
	if ack.Number != batch.Number || ack.Hash != batch.Hash {
		return fmt.Errorf("batch %d was answered with %d: %w", batch.Number, ack.Number, ErrGap)
	}
	x.result.Acknowledged, x.result.Pending = ack.Acknowledged, ack.Pending
	x.result.Applied += ack.Applied
	x.result.Conflicts += ack.Conflicts
	if x.Progress != nil {
		x.Progress(x.result)
	}
	return x.source.Acknowledged(ctx, batch, ack)
}

const (
	partComplete  = 0
	partWithdrawn = 1
)

// Resumable is the size from which a content may come in several sessions. A smaller one is sent whole,
// also where it passes the budget: it would begin anew each time.
const Resumable = 4 << 20

// part sends one content, or as much of it as the budget allows.
func (x *export) part(ctx context.Context, want Want, item index.Item) error {
	length := item.Size - want.Offset
	if item.Size >= x.Resumable {
		length = min(length, x.left())
	}
	head := binary.AppendUvarint(nil, uint64(want.Item))
	head = binary.AppendUvarint(head, uint64(want.Offset))
	head = binary.AppendUvarint(head, uint64(length))
	if err := x.send(frameBegin, head, false); err != nil {
		return unreachable(err)
	}
	err := x.content(ctx, want, item, length)
	switch {
	case errors.Is(err, ErrWithdrawn):
		return sent(x.send(frameEnd, []byte{partWithdrawn}, false))
	case err != nil:
		return err
	}
	if want.Offset+length == item.Size {
		x.result.Files++
	}
	return sent(x.send(frameEnd, []byte{partComplete}, false))
}

func (x *export) content(ctx context.Context, want Want, item index.Item, length int64) error {
	c, err := x.source.Open(ctx, item)
	if err != nil {
		return err
	}
	defer c.Close()
	if want.Offset > 0 {
		if err := c.SkipTo(want.Offset); err != nil {
			return err
		}
	}
	if x.buffer == nil {
		x.buffer = make([]byte, x.Chunk)
	}
	for length > 0 {
		if item.Size >= x.Resumable && x.conn.long() {
			return ErrWithdrawn // the next session goes on where this one stops
		}
		n, err := io.ReadFull(c, x.buffer[:min(length, int64(x.Chunk))])
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return ErrWithdrawn // it is shorter now
		}
		if err != nil {
			return err
		}
		if err := x.send(frameData, x.buffer[:n], false); err != nil {
			return unreachable(err)
		}
		length -= int64(n)
		x.result.Bytes += uint64(n)
	}
	return c.Unchanged()
}

// expect reads the next frame, which must be of one kind, or a refusal. Answers for earlier batches may
// come before it. What it returns is valid until the next call.
func (x *export) expect(ctx context.Context, want kind) ([]byte, error) {
	for {
		k, body, err := x.receive(&x.answer)
		switch {
		case errors.Is(err, ErrBroken):
			return nil, broken(err)
		case err != nil:
			x.refused = true
			return nil, err
		case k == want:
			return body, nil
		case k != frameAck || len(x.unheard) == 0:
			return nil, fmt.Errorf("frame %d came in the place of frame %d: %w", k, want, ErrFrame)
		}
		if err := x.acknowledged(ctx, body); err != nil {
			return nil, err
		}
	}
}

// errUnsent: a frame could not be sent.
var errUnsent = errors.New("the connection takes nothing")

func unreachable(err error) error {
	if errors.Is(err, ErrFrame) {
		return err
	}
	return broken(fmt.Errorf("%w: %w", errUnsent, err))
}

func sent(err error) error {
	if err != nil {
		return unreachable(err)
	}
	return nil
}

func broken(err error) error {
	return failure.Wrap(failure.ServiceUnreachable, "", "The connection to the partner broke", "Nothing is lost: the next cycle goes on from what was acknowledged.", err)
}
