package liar

import (
	"context"
	"errors"
	"io"
	"strings"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/index"
)

// Target is the liar as an importer. turn is called before each step, with what it is.
func (l *Liar) Target(turn func(step string)) exchange.Target {
	return &target{Liar: l, turn: turn, acks: map[uint64]exchange.Batch{}}
}

type target struct {
	*Liar
	turn func(step string)
	acks map[uint64]exchange.Batch
}

func (t *target) Opened(context.CancelCauseFunc) {}
func (t *target) Closed()                        {}

// refuses is an error that ends the session, with an identity of the liar's choice; nil for most.
func (t *target) refuses(percent int) error {
	if !t.maybe(percent, "answer: a refusal") {
		return nil
	}
	ids := []failure.ID{failure.StoreHeld, failure.StateUnusable, failure.DiskFull, failure.PeerNotTrusted, failure.ProtocolMismatch, "NoSuchIdentity", ""}
	return failure.New(ids[t.random.IntN(len(ids))], strings.Repeat("t", t.random.IntN(9000)), "a lie\x1b[2J\n", "believe it")
}

// Welcome implements exchange.Target.
func (t *target) Welcome(_ context.Context, h exchange.Hello) (exchange.Welcome, error) {
	t.turn("welcomes")
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refuses(5); err != nil {
		return exchange.Welcome{}, err
	}
	w := exchange.Welcome{Protocol: exchange.Protocol, Replica: t.Knowledge.Hello.Replica, Store: "a store", Acknowledged: h.Head}
	if t.maybe(40, "answer: how much he has") {
		w.Acknowledged = t.number()
	}
	if t.maybe(30, "answer: where the batches stand") {
		w.Position.Number, w.Position.Hash[0] = t.number(), 1
	}
	if t.maybe(30, "answer: how much waits") {
		w.Pending = t.number()
	}
	if t.maybe(5, "answer: his replica") {
		w.Replica = []index.Replica{t.Victim, 0, index.Replica(t.random.Uint64())}[t.random.IntN(3)]
	}
	if t.maybe(2, "answer: another version of the wire") {
		w.Protocol++
	}
	return w, nil
}

// retriesAtMost is after how many paths the liar is tired of asking.
const retriesAtMost = 200

// Retries implements exchange.Target.
func (t *target) Retries(_ context.Context, after string, limit int) ([]string, error) {
	t.turn("asks again")
	t.mu.Lock()
	defer t.mu.Unlock()
	var paths []string
	if t.told["answer: paths that he asks for again"] < retriesAtMost {
		for range min(t.random.IntN(20), limit) {
			it := t.item() // its path alone counts
			t.tells("answer: paths that he asks for again")
			paths = append(paths, it.Path)
		}
	}
	return paths, t.refuses(2)
}

// Plan implements exchange.Target.
func (t *target) Plan(_ context.Context, batch exchange.Batch, items []index.Item) ([]exchange.Want, error) {
	t.turn("plans")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acks[batch.Number] = batch
	var wants []exchange.Want
	for i, it := range items {
		if t.chance(50) {
			continue
		}
		want := exchange.Want{Item: i}
		if t.maybe(20, "answer: a part that is none") {
			want.Offset = int64(t.number() &^ (1 << 63))
		}
		if t.maybe(5, "answer: a want of nothing") {
			want.Item = int(t.number() &^ (1 << 63))
		}
		wants = append(wants, want)
		if it.Kind == index.File && t.maybe(5, "answer: a want twice") {
			wants = append(wants, want)
		}
	}
	return wants, t.refuses(3)
}

// Receive implements exchange.Target.
func (t *target) Receive(_ context.Context, batch exchange.Batch, part exchange.Part, content io.Reader) error {
	t.turn("receives " + part.Item.Path)
	_, err := io.Copy(io.Discard, content)
	if errors.Is(err, exchange.ErrWithdrawn) {
		err = nil
	}
	return err
}

// Commit implements exchange.Target.
func (t *target) Commit(_ context.Context, batch exchange.Batch) (exchange.Ack, error) {
	t.turn("commits")
	t.mu.Lock()
	defer t.mu.Unlock()
	ack := exchange.Ack{Number: batch.Number, Hash: batch.Hash, Acknowledged: batch.Through}
	if t.maybe(30, "answer: how much he took") {
		ack.Acknowledged = t.number()
	}
	if t.maybe(20, "answer: how much waits") {
		ack.Pending, ack.Conflicts, ack.Applied = t.number(), t.number(), t.number()
	}
	if t.maybe(3, "answer: for another batch") {
		ack.Number++
	}
	return ack, t.refuses(3)
}

// Discard implements exchange.Target.
func (t *target) Discard(exchange.Batch) {}
