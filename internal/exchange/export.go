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
	Budget      int64         // content bytes that the session may send; 0 for no bound
	WindowBytes int64         // content bytes of one batch; 0 takes 16 MiB
	IdleTimeout time.Duration // how long a silent peer is waited for; 0 takes 60 seconds
	Progress    func(Result)  // hears how far the session is, after each batch; may be nil
}

func (o Options) withDefaults() Options {
	if o.WindowBytes == 0 {
		o.WindowBytes = 16 << 20
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	return o
}

// Result is what a session came to.
type Result struct {
	Files, Bytes uint64 // contents that were sent whole, and all content bytes
	Applied      uint64 // items that changed something at the partner
	Conflicts    uint64
	Pending      uint64 // paths that the partner could not apply yet
	Acknowledged uint64
	Drained      bool // nothing was left to offer
}

type export struct {
	*wire
	Options
	source   Source
	result   Result
	position Position
	buffer   []byte
}

// Export runs a session from the offering side until nothing is left or the budget is used up. What
// was acknowledged until then is told in the result even with an error.
func Export(ctx context.Context, conn io.ReadWriteCloser, source Source, o Options) (Result, error) {
	o = o.withDefaults()
	x := &export{wire: newWire(conn, o.IdleTimeout), Options: o, source: source}
	defer x.close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err := x.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("the session was stopped: %w", ctx.Err())
	}
	return x.result, err
}

func (x *export) run(ctx context.Context) error {
	hello, err := x.source.Hello(ctx)
	if err != nil {
		return err
	}
	if err := x.send(frameHello, encodeHello(hello), true); err != nil {
		return unreachable(err)
	}
	body, err := x.expect(frameWelcome)
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
	x.result.Acknowledged, x.result.Pending = welcome.Acknowledged, welcome.Pending
	if welcome.Pending > 0 {
		if err := x.retries(ctx); err != nil {
			return err
		}
	}
	for x.left() > 0 {
		items, through, err := x.source.Window(ctx, after, min(x.WindowBytes, x.left()))
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
	}
	return x.send(frameGoodbye, nil, true)
}

func (x *export) left() int64 {
	if x.Budget == 0 {
		return 1 << 62
	}
	return x.Budget - int64(x.result.Bytes)
}

// retries offers again what the importer could not apply before.
func (x *export) retries(ctx context.Context) error {
	for after := ""; ; {
		if err := x.send(frameRetry, putBytes(nil, []byte(after)), true); err != nil {
			return unreachable(err)
		}
		body, err := x.expect(frameRetry)
		if err != nil {
			return err
		}
		paths, err := decodePaths(body)
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
	answer, err := x.expect(frameWants)
	if err != nil {
		return err
	}
	wants, err := decodeWants(answer, items)
	if err != nil {
		return err
	}
	for _, want := range wants {
		if x.left() <= 0 {
			break
		}
		if err := x.part(ctx, want, items[want.Item]); err != nil {
			return err
		}
	}
	if err := x.send(frameBatch, nil, true); err != nil {
		return unreachable(err)
	}
	if answer, err = x.expect(frameAck); err != nil {
		return err
	}
	ack, err := decodeAck(answer)
	if err != nil {
		return err
	}
	if ack.Number != batch.Number || ack.Hash != batch.Hash {
		return fmt.Errorf("batch %d was answered with %d: %w", batch.Number, ack.Number, ErrGap)
	}
	x.position = Position{batch.Number, batch.Hash}
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

// part sends one content, or as much of it as the budget allows.
func (x *export) part(ctx context.Context, want Want, item index.Item) error {
	length := min(item.Size-want.Offset, x.left())
	head := binary.AppendUvarint(nil, uint64(want.Item))
	head = binary.AppendUvarint(head, uint64(want.Offset))
	head = binary.AppendUvarint(head, uint64(length))
	if err := x.send(frameBegin, head, false); err != nil {
		return unreachable(err)
	}
	err := x.content(ctx, want, item, length)
	switch {
	case errors.Is(err, ErrWithdrawn):
		return x.send(frameEnd, []byte{partWithdrawn}, false)
	case err != nil:
		return err
	}
	if want.Offset+length == item.Size {
		x.result.Files++
	}
	return x.send(frameEnd, []byte{partComplete}, false)
}

func (x *export) content(ctx context.Context, want Want, item index.Item, length int64) error {
	c, err := x.source.Open(ctx, item)
	if err != nil {
		return err
	}
	defer c.Close()
	if want.Offset > 0 {
		if err := c.SkipTo(want.Offset); err != nil {
			return fmt.Errorf("%w: %w", ErrWithdrawn, err)
		}
	}
	if x.buffer == nil {
		x.buffer = make([]byte, dataChunk)
	}
	for length > 0 {
		n, err := io.ReadFull(c, x.buffer[:min(length, dataChunk)])
		if err != nil {
			return fmt.Errorf("%w: %w", ErrWithdrawn, err)
		}
		if err := x.send(frameData, x.buffer[:n], false); err != nil {
			return unreachable(err)
		}
		length -= int64(n)
		x.result.Bytes += uint64(n)
		x.watch.Reset(x.idle)
	}
	return c.Unchanged()
}

// expect reads the next frame, which must be of one kind, or a refusal.
func (w *wire) expect(want kind) ([]byte, error) {
	var buffer []byte
	k, body, err := w.receive(&buffer)
	switch {
	case err != nil:
		return nil, unreachable(err)
	case k == frameRefuse:
		return nil, decodeRefusal(body)
	case k != want:
		return nil, fmt.Errorf("frame %d came in the place of frame %d: %w", k, want, ErrFrame)
	}
	return body, nil
}

func unreachable(err error) error {
	if errors.Is(err, ErrFrame) {
		return err
	}
	return failure.Wrap(failure.ServiceUnreachable, "", "The connection to the partner broke", "Nothing is lost: the next cycle goes on from what was acknowledged.", err)
}
