package exchange

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"csbackup/internal/index"
)

// writersAtOnce is how many small contents are handed to the target at a time.
const writersAtOnce = 4

// parts asks for the wanted contents and hands them to the target until the batch is complete. Small
// contents are taken off the wire whole and handed on beside each other; a large one streams through.
func (m *importing) parts(ctx context.Context, batch Batch, items []index.Item, wants []Want) error {
	if err := m.send(frameWants, encodeWants(wants), true); err != nil {
		return err
	}
	wanted := make(map[int]int64, len(wants))
	for _, w := range wants {
		wanted[w.Item] = w.Offset
	}
	w := newWriters()
	defer w.wait()
	for {
		k, body, err := m.receive(&m.buffer)
		if err != nil {
			return err
		}
		if k == frameBatch {
			break
		}
		if k != frameBegin {
			return fmt.Errorf("frame %d came within a batch: %w", k, ErrFrame)
		}
		part, err := partOf(body, items, wanted)
		if err != nil {
			return err
		}
		if err := m.part(ctx, batch, part, w); err != nil {
			return err
		}
	}
	if err := w.wait(); err != nil {
		return m.refuse(err)
	}
	return nil
}

// partOf reads the head of a part, which must be one that is still wanted.
func partOf(body []byte, items []index.Item, wanted map[int]int64) (Part, error) {
	f := &fields{rest: body}
	item, offset, length := f.number(), f.number(), f.number()
	if err := f.end(); err != nil {
		return Part{}, err
	}
	if item >= uint64(len(items)) {
		return Part{}, fmt.Errorf("a content came that was not asked for: %w", ErrFrame)
	}
	from, ok := wanted[int(item)]
	if !ok || uint64(from) != offset || length > uint64(items[item].Size)-offset {
		return Part{}, fmt.Errorf("a content came that was not asked for: %w", ErrFrame)
	}
	delete(wanted, int(item))
	return Part{Item: items[item], Offset: from, Length: int64(length)}, nil
}

func (m *importing) part(ctx context.Context, batch Batch, part Part, w *writers) error {
	content := &incomingContent{wire: m.wire, buffer: &m.buffer, left: part.Length}
	if part.Length > int64(m.Chunk) {
		err := m.target.Receive(ctx, batch, part, content)
		if _, drainErr := io.Copy(io.Discard, content); drainErr != nil && !errors.Is(drainErr, ErrWithdrawn) {
			return drainErr
		}
		if err != nil && !errors.Is(err, ErrWithdrawn) {
			return m.refuse(err)
		}
		return nil
	}
	whole := w.content(int(part.Length))
	_, err := whole.data.ReadFrom(content)
	whole.ended = err
	if err != nil && !errors.Is(err, ErrWithdrawn) {
		return err
	}
	w.run(whole, func() error {
		err := m.target.Receive(ctx, batch, part, whole)
		if errors.Is(err, ErrWithdrawn) {
			return nil
		}
		return err
	})
	return nil
}

// writers hands contents to the target from several goroutines.
type writers struct {
	free    chan *wholeContent
	running sync.WaitGroup
	mu      sync.Mutex
	failed  error
}

func newWriters() *writers {
	w := &writers{free: make(chan *wholeContent, writersAtOnce)}
	for range writersAtOnce {
		w.free <- &wholeContent{}
	}
	return w
}

// content gives an empty content with room for so many bytes, as soon as one is free.
func (w *writers) content(size int) *wholeContent {
	c := <-w.free
	c.data.Reset()
	c.data.Grow(size + bytes.MinRead)
	c.at, c.ended = 0, nil
	return c
}

func (w *writers) run(c *wholeContent, hand func() error) {
	w.running.Go(func() {
		err := hand()
		w.free <- c
		w.mu.Lock()
		w.failed = errors.Join(w.failed, err)
		w.mu.Unlock()
	})
}

// wait waits for all contents to be taken, and tells what went wrong.
func (w *writers) wait() error {
	w.running.Wait()
	return w.failed
}

// wholeContent is one small content, read to its end and to be read again.
type wholeContent struct {
	data  bytes.Buffer
	at    int
	ended error // how it ended on the wire; nil for well
}

func (c *wholeContent) Read(p []byte) (int, error) {
	n := copy(p, c.data.Bytes()[c.at:])
	c.at += n
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, cmp.Or(c.ended, io.EOF)
}

// Rewind lets it be read from the beginning again.
func (c *wholeContent) Rewind() { c.at = 0 }

// incomingContent reads the data frames of one part.
type incomingContent struct {
	*wire
	buffer *[]byte
	left   int64
	rest   []byte
	ended  error
}

func (c *incomingContent) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.ended != nil {
			return 0, c.ended
		}
		k, body, err := c.receive(c.buffer)
		switch {
		case err != nil:
			c.ended = err
		case k == frameData && len(body) > 0 && int64(len(body)) <= c.left:
			c.left -= int64(len(body))
			c.rest = body
		case k == frameEnd && len(body) == 1 && body[0] == partComplete && c.left == 0:
			c.ended = io.EOF
		case k == frameEnd && len(body) == 1 && body[0] == partWithdrawn:
			c.ended = ErrWithdrawn
		default:
			c.ended = fmt.Errorf("frame %d came within a content: %w", k, ErrFrame)
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
