package liar

import (
	"context"
	"errors"
	"io"
	"strings"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// Source is the liar as an exporter.
func (l *Liar) Source() exchange.Source { return &source{Liar: l, windows: 1 + l.random.IntN(4)} }

type source struct {
	*Liar
	windows int // that are still to come
}

// Hello implements exchange.Source.
func (s *source) Hello(context.Context) (exchange.Hello, error) {
	h := s.Knowledge.Hello
	switch {
	case s.maybe(3, "hello: a replica that nobody knows"):
		h.Replica = index.Replica(s.random.Uint64())
	case s.maybe(1, "hello: the victim's replica"):
		h.Replica = s.Victim
	case s.maybe(1, "hello: another pool"):
		h.FromPool = "pool9.example"
	case s.maybe(1, "hello: another module"):
		h.Module = "ConfServices.Other"
	case s.maybe(1, "hello: another version of the wire"):
		h.Protocol = uint32(s.random.IntN(5))
	}
	if s.maybe(20, "hello: how much he has") {
		h.Head = s.number()
	}
	if s.maybe(5, "hello: settings that are none") {
		h.Settings = []byte(strings.Repeat("{", s.random.IntN(60<<10)))
	}
	if s.Orders && s.maybe(15, "hello: an order") {
		s.ordered, h.Full = true, true
		h.Order, h.OrderAge = s.number(), s.number()
		h.OrderStore = []string{"", s.Store, "another store", strings.Repeat("x", 4000)}[s.random.IntN(4)]
	}
	return h, nil
}

// Welcomed implements exchange.Source.
func (s *source) Welcomed(_ context.Context, w exchange.Welcome) (uint64, error) {
	if s.maybe(20, "batch: where it begins") {
		return s.number(), nil
	}
	return w.Acknowledged, nil
}

// Window implements exchange.Source.
func (s *source) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	if s.windows--; s.windows < 0 {
		return nil, after, nil
	}
	items := s.batch(after)
	through := after + uint64(len(items))
	switch {
	case s.maybe(25, "batch: how far it goes"):
		through = s.number()
	case s.maybe(5, "batch: it goes as far as the true one"):
		through = s.Offered
	}
	if through == after { // that would be the end
		through++
	}
	return items, through, nil
}

// batch makes the items of a batch.
func (s *source) batch(after uint64) []index.Item {
	var items []index.Item
	if len(s.Items) > 0 && s.chance(20) {
		items = s.displacing()
	} else {
		for range s.random.IntN(12) {
			items = append(items, s.item())
		}
	}
	for i := range items {
		items[i].Sequence = after + uint64(i) + 1
		if s.maybe(3, "item: its sequence number") {
			items[i].Sequence = s.number()
		}
	}
	if len(items) > 0 && s.rough && s.maybe(20, "batch: a path twice") {
		twice := items[s.random.IntN(len(items))]
		twice.Hash[0]++
		items = append(items, twice)
	}
	if len(items) > 1 && s.maybe(10, "batch: out of order") {
		s.random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	return items
}

// Paths implements exchange.Source.
func (s *source) Paths(_ context.Context, paths []string) ([]index.Item, error) {
	var items []index.Item
	for _, p := range paths {
		if s.maybe(30, "retry: a path that he does not answer") {
			continue
		}
		it := s.item()
		if !s.maybe(20, "retry: a path that nobody asked for") {
			it.Path = p
		}
		s.claim(it, s.bodies[it.Path])
		items = append(items, it)
	}
	return items, nil
}

var errLiarsFile = errors.New("the liar's file cannot be read")

// Open implements exchange.Source.
func (s *source) Open(_ context.Context, it index.Item) (exchange.Content, error) {
	content := s.bodies[it.Path]
	switch {
	case s.maybe(5, "content: withdrawn"):
		return nil, exchange.ErrWithdrawn
	case s.maybe(2, "content: the session ends in its place"):
		return nil, errLiarsFile
	case s.maybe(5, "content: withdrawn at its end"):
		return &body{Reader: strings.NewReader(content), end: exchange.ErrWithdrawn}, nil
	case s.maybe(8, "content: another one"):
		content = strings.Repeat("?", int(min(it.Size, 1000)))
	case s.maybe(4, "content: a shorter one"):
		content = content[:len(content)/2]
	}
	return &body{Reader: strings.NewReader(content)}, nil
}

// Sending implements exchange.Source.
func (s *source) Sending(exchange.Batch) {}

// Acknowledged implements exchange.Source.
func (s *source) Acknowledged(context.Context, exchange.Batch, exchange.Ack) error { return nil }

type body struct {
	*strings.Reader
	end error
}

func (b *body) SkipTo(offset int64) error { _, err := b.Seek(offset, io.SeekStart); return err }
func (b *body) Unchanged() error          { return b.end }
func (b *body) Close() error              { return nil }
