package replica

import (
	"context"
	"encoding/binary"
	"fmt"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Exporter is the side of a replica that offers: it is an exchange.Source. One is made per session.
type Exporter struct {
	*Replica
	full    bool
	partner index.Replica
}

// Exporter prepares one session towards the partner. With full set everything is compared.
func (r *Replica) Exporter(full bool) *Exporter { return &Exporter{Replica: r, full: full} }

// Hello says who this side is. It refuses while the loss brake holds.
func (e *Exporter) Hello(context.Context) (exchange.Hello, error) {
	if reason := e.Held(); reason != "" {
		return exchange.Hello{}, e.heldError(reason)
	}
	return exchange.Hello{
		Protocol: exchange.Protocol, Version: e.Version, FromPool: e.Pool, ToPool: e.Partner, Module: e.Module,
		Replica: e.Index.Replica(), Head: e.Index.Head(), Full: e.full, Settings: e.Settings(),
	}, nil
}

func (r *Replica) heldError(reason string) error {
	return failure.New(failure.StoreHeld, r.Pool,
		fmt.Sprintf("The loss brake holds %s of %s: %s", r.Module, r.Pool, reason),
		fmt.Sprintf("If the content was lost, run: csbackup sync --pool-fqdn %s --backup-module %s. If it was deleted on purpose, run: csbackup loss show --pool-fqdn %s.", r.Partner, r.Module, r.Pool))
}

// Welcomed hears from where on the partner wants to know.
func (e *Exporter) Welcomed(_ context.Context, w exchange.Welcome) (uint64, error) {
	e.partner = w.Replica
	e.Offered(w.Settings)
	if e.full {
		return 0, nil
	}
	return w.Acknowledged, nil
}

const itemsAtOnce = 1024

// Window lists what comes next, without what is missing or suspect on this side.
func (e *Exporter) Window(_ context.Context, after uint64, budget int64) ([]index.Item, uint64, error) {
	items, err := e.Index.Since(after, itemsAtOnce)
	if err != nil || len(items) == 0 {
		return nil, after, err
	}
	var window []index.Item
	var bytes int64
	through := after
	for _, it := range items {
		if bytes > 0 && bytes+it.Size > budget {
			break
		}
		through = it.Sequence
		if it.State == index.Present || it.Kind == index.Tombstone {
			window = append(window, it)
			bytes += it.Size
		}
	}
	return window, through, nil
}

// Paths lists what this side has now under the given paths.
func (e *Exporter) Paths(_ context.Context, paths []string) ([]index.Item, error) {
	var items []index.Item
	for _, p := range paths {
		it, ok, err := e.Index.Get(p)
		if err != nil {
			return nil, err
		}
		if ok && it.State == index.Present {
			items = append(items, it)
		}
	}
	return items, nil
}

// Open opens an item's file if it still is what the item says.
func (e *Exporter) Open(_ context.Context, item index.Item) (exchange.Content, error) {
	place, err := e.place(item.Path)
	if err != nil {
		return nil, err
	}
	f, err := e.Store.Open(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", exchange.ErrWithdrawn, err)
	}
	c := &content{f, item}
	if err := c.Unchanged(); err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

type content struct {
	filestore.Reader
	item index.Item
}

// Unchanged compares the open file with what was offered.
func (c *content) Unchanged() error {
	info, err := c.Info()
	if err != nil || info.Size != c.item.Size || info.ModTime != c.item.ModTime ||
		info.ChangeTime != c.item.ChangeTime && c.item.ChangeTime != 0 {
		return exchange.ErrWithdrawn
	}
	return nil
}

// Acknowledged remembers how far the partner is.
func (e *Exporter) Acknowledged(_ context.Context, _ exchange.Batch, ack exchange.Ack) error {
	return e.Index.Update(func(tx *index.Tx) error {
		return tx.SetMeta("acknowledged", binary.BigEndian.AppendUint64(nil, ack.Acknowledged))
	})
}

// Left counts the files and bytes that the partner has not acknowledged, up to a bound: it reads at
// most limit items.
func (r *Replica) Left(limit int) (files, bytes int64, err error) {
	raw, err := r.Index.Meta("acknowledged")
	if err != nil {
		return 0, 0, err
	}
	var after uint64
	if len(raw) == 8 {
		after = binary.BigEndian.Uint64(raw)
	}
	for limit > 0 {
		items, err := r.Index.Since(after, min(limit, itemsAtOnce))
		if err != nil || len(items) == 0 {
			return files, bytes, err
		}
		for _, it := range items {
			files++
			bytes += it.Size
			after = it.Sequence
		}
		limit -= len(items)
	}
	return files, bytes, nil
}
