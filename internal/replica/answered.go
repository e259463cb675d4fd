package replica

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// answered is the last batch that this side sent and that the partner acknowledged. What the partner says of how far
// it is holds where its last batch is this one: another one came from somebody who spoke in this side's name, or its
// answer did not arrive.
type answered struct {
	Partner uint64 // replica
	Number  uint64
	Hash    []byte
	Through uint64 // sequence number up to which the partner had then acknowledged what this side itself had offered
}

const answeredMeta = "answered"

func (e *Exporter) answered() (a answered, err error) {
	raw, err := e.Index.Meta(answeredMeta)
	if err != nil || len(raw) == 0 {
		return a, err
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("read from the index what the partner acknowledged: %w", err)
	}
	return a, nil
}

// unanswered are batches that this process sent and of which it does not know whether the partner has them: their
// sessions broke before the answers came.
type unanswered struct {
	mu   sync.Mutex
	sent []exchange.Position
}

// unansweredAtMost is how many are remembered. A session has no more than two, and a partner takes one session at a time.
const unansweredAtMost = 16

func (u *unanswered) add(p exchange.Position) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent = append(u.sent, p)
	u.sent = u.sent[max(0, len(u.sent)-unansweredAtMost):]
}

func (u *unanswered) has(p exchange.Position) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Contains(u.sent, p)
}

// Sending implements exchange.Source.
func (e *Exporter) Sending(batch exchange.Batch) {
	e.unanswered.add(exchange.Position{Number: batch.Number, Hash: batch.Hash})
}

// settled tells up to which sequence number a partner has what this side has. It offers again what is in doubt, which
// costs no contents: rather all than that a change is passed over for ever. In doubt is what a batch may have hidden
// that this side did not send, or that an earlier process sent without hearing the answer.
func (e *Exporter) settled(w exchange.Welcome) (uint64, error) {
	a, err := e.answered()
	if err != nil || a.Partner != uint64(w.Replica) {
		return 0, err
	}
	same := w.Position.Number == a.Number && bytes.Equal(w.Position.Hash[:], a.Hash)
	if same || e.unanswered.has(w.Position) {
		return min(w.Acknowledged, a.Through), nil
	}
	return 0, nil
}

// Acknowledged remembers how far the partner is, as far as it is with what this side offered in this session.
func (e *Exporter) Acknowledged(_ context.Context, batch exchange.Batch, ack exchange.Ack) error {
	e.answer.Number, e.answer.Hash = batch.Number, batch.Hash[:]
	if batch.Through > 0 { // paths that were asked for again are no part of the order
		e.answer.Through = max(e.answer.Through, min(ack.Acknowledged, batch.Through))
	}
	raw, err := json.Marshal(e.answer)
	if err != nil {
		return err
	}
	return e.Index.Update(func(tx *index.Tx) error {
		if ack.Pending == 0 { // else some may be asked for again
			if err := tx.DropOrigins(e.answer.Through); err != nil {
				return err
			}
		}
		return errors.Join(tx.SetMeta(answeredMeta, raw), tx.Agree(e.answer.Through))
	})
}
