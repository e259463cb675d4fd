package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"

	"csbackup/internal/failure"
	"csbackup/internal/index"
)

const retriesAtOnce = 1024

// RetriedBytes bounds the paths that are asked for again at once, so that they fit one frame.
const RetriedBytes = 256 << 10

// OfferedBytes bounds the names and version vectors of one batch, as OfferCost counts them: an importer holds all of a
// batch in memory.
const OfferedBytes = 8 << 20

// OfferCost is what an item's name and version vector take of OfferedBytes.
func OfferCost(it index.Item) int { return len(it.Path) + 16*len(it.Vector) }

type importing struct {
	*wire
	Options
	target   Target
	position Position // of the last batch that was planned
	buffer   []byte
	commits  commits
}

// Import runs a session from the taking side until the exporter says goodbye.
func Import(ctx context.Context, conn io.ReadWriteCloser, target Target, o Options) error {
	o = o.withDefaults()
	m := &importing{wire: newWire(conn, o.IdleTimeout), Options: o, target: target}
	defer m.close()
	session, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(session, func() { conn.Close() })()
	target.Opened(stop)
	defer target.Closed()
	m.commits.begin(ctx, m)
	err := m.run(session)
	// What came whole is made durable even when the connection broke before the answer.
	if commitErr := m.commits.end(); commitErr != nil {
		err = commitErr
	}
	if err != nil && session.Err() != nil {
		return fmt.Errorf("the session was stopped: %w", context.Cause(session))
	}
	return err
}

// refuse tells the exporter why this side will not go on.
func (m *importing) refuse(err error) error {
	err = m.Explain(err)
	if sendErr := m.send(frameRefuse, encodeRefusal(err), true); sendErr != nil {
		return errors.Join(err, sendErr)
	}
	return err
}

func (m *importing) run(ctx context.Context) error {
	k, body, err := m.receive(&m.buffer)
	if err != nil {
		return err
	}
	if k != frameHello {
		return fmt.Errorf("frame %d came in the place of a hello: %w", k, ErrFrame)
	}
	hello, err := decodeHello(body)
	if err != nil {
		return err
	}
	if hello.Protocol != Protocol {
		return m.refuse(failure.New(failure.ProtocolMismatch, hello.FromPool, fmt.Sprintf("%s speaks version %d of the protocol, this side version %d", hello.FromPool, hello.Protocol, Protocol),
			"Install the same version of csbackup on both sides."))
	}
	stop := m.working()
	welcome, err := m.target.Welcome(ctx, hello)
	stop()
	if err != nil {
		return m.refuse(err)
	}
	m.position = welcome.Position
	m.established()
	if err := m.send(frameWelcome, encodeWelcome(welcome), true); err != nil {
		return err
	}
	for {
		k, body, err := m.receive(&m.buffer)
		if err != nil {
			return err
		}
		switch k {
		case frameGoodbye:
			return nil
		case frameRetry:
			err = m.retry(ctx, body)
		case frameOffer:
			err = m.batch(ctx, body)
		default:
			err = fmt.Errorf("frame %d came between batches: %w", k, ErrFrame)
		}
		if err != nil {
			return err
		}
	}
}

func (m *importing) retry(ctx context.Context, body []byte) error {
	f := &fields{rest: body}
	after := f.text(maxPath)
	if err := f.end(); err != nil {
		return err
	}
	paths, err := m.target.Retries(ctx, after, retriesAtOnce)
	if err != nil {
		return m.refuse(err)
	}
	return m.send(frameRetry, encodePaths(paths), true)
}

// items reads the items of an offer.
func (m *importing) items(count int) ([]index.Item, error) {
	var items []index.Item
	cost := 0
	for {
		k, body, err := m.receive(&m.buffer)
		if err != nil {
			return nil, err
		}
		if k != frameItems {
			return nil, fmt.Errorf("frame %d came in the place of items: %w", k, ErrFrame)
		}
		f := &fields{rest: body}
		for len(f.rest) > 0 {
			it := f.item()
			items, cost = append(items, it), cost+OfferCost(it)
		}
		switch {
		case f.bad != nil:
			return nil, f.bad
		case cost > OfferedBytes:
			return nil, fmt.Errorf("the names of a batch take more than %d bytes: %w", OfferedBytes, ErrFrame)
		case len(items) > count || len(body) == 0 && len(items) < count:
			return nil, fmt.Errorf("%d items came where %d were announced: %w", len(items), count, ErrFrame)
		case len(items) == count:
			return items, nil
		}
	}
}

func (m *importing) batch(ctx context.Context, body []byte) error {
	batch, count, err := decodeBatch(body)
	if err != nil {
		return err
	}
	items, err := m.items(count)
	if err != nil {
		return err
	}
	sealed := batch
	seal(&sealed, items)
	if sealed.Hash != batch.Hash || batch.Number != m.position.Number+1 || batch.Previous != m.position.Hash {
		return m.refuse(failure.Wrap(failure.ProtocolMismatch, "", fmt.Sprintf("Batch %d does not follow batch %d", batch.Number, m.position.Number),
			"Run csbackup sync on both pools: everything is compared anew.", ErrGap))
	}
	stop := m.working()
	wants, err := m.target.Plan(ctx, batch, items)
	stop()
	if err != nil {
		return m.refuse(err)
	}
	if err := m.parts(ctx, batch, items, wants); err != nil {
		m.target.Discard(batch)
		return err
	}
	m.position = Position{batch.Number, batch.Hash}
	return m.commits.add(batch)
}
