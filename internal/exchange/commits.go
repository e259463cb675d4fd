package exchange

import (
	"context"
	"sync"
)

// commits makes complete batches durable, in their order, while the next one is received.
type commits struct {
	commit  func(Batch) error
	discard func(Batch)
	queue   chan Batch
	stopped chan struct{}
	ended   sync.WaitGroup
	failed  error // valid once stopped is closed
}

func (c *commits) begin(ctx context.Context, m *importing) {
	c.commit = func(b Batch) error { return m.commit(ctx, b) }
	c.discard = m.target.Discard
	c.queue, c.stopped = make(chan Batch), make(chan struct{})
	c.ended.Go(func() {
		defer close(c.stopped)
		for b := range c.queue {
			if c.failed = c.commit(b); c.failed != nil {
				return // no batch may follow one that is missing
			}
		}
	})
}

// add hands on a complete batch once the one before it is durable.
func (c *commits) add(b Batch) error {
	select {
	case c.queue <- b:
		return nil
	case <-c.stopped:
		c.discard(b)
		return c.failed
	}
}

// end waits for what was handed on, and tells what went wrong with it.
func (c *commits) end() error {
	close(c.queue)
	c.ended.Wait()
	return c.failed
}

// commit makes one batch durable and answers for it.
func (m *importing) commit(ctx context.Context, b Batch) error {
	stop := m.working()
	ack, err := m.target.Commit(ctx, b)
	stop()
	if err != nil {
		return m.refuse(err)
	}
	return m.send(frameAck, encodeAck(ack), true)
}
