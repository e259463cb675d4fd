package replica

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Exporter is the side of a replica that offers: it is an exchange.Source. One is made per session.
type Exporter struct {
	*Replica
	most   int // items of a window
	full   bool
	order  Order    // of a full comparison
	kept   bool     // it is kept in the index
	answer answered // of the partner in this session
	known  uint64   // how far the partner has acknowledged, whatever is compared
}

// Exporter prepares one session towards the partner. With full set everything is compared, as the order that is
// kept says.
func (r *Replica) Exporter(full bool) *Exporter {
	return &Exporter{Replica: r, full: full, most: cmp.Or(r.WindowItems, itemsAtOnce)}
}

// Smaller halves so many times how many items a window has: after sessions that broke, less is at stake.
func (e *Exporter) Smaller(times int) *Exporter {
	e.most = max(cmp.Or(e.WindowItems, itemsAtOnce)>>min(times, 32), min(leastAtOnce, cmp.Or(e.WindowItems, leastAtOnce)))
	return e
}

// Hello says who this side is. It refuses while the loss brake holds.
func (e *Exporter) Hello(context.Context) (exchange.Hello, error) {
	if reason := e.Held(); reason != "" {
		return exchange.Hello{}, e.heldError(reason)
	}
	if e.full {
		if err := e.begin(); err != nil {
			return exchange.Hello{}, err
		}
	}
	return exchange.Hello{
		Protocol: exchange.Protocol, Version: e.Version, FromPool: e.Pool, ToPool: e.Partner, Module: e.Module,
		Replica: e.Index.Replica(), Head: e.Index.Head(), Full: e.full, Order: e.order.ID, OrderStore: e.order.Partner, OrderAge: e.age(e.order), Settings: e.Settings(),
	}, nil
}

func (r *Replica) heldError(reason string) error {
	return failure.New(failure.StoreHeld, r.Pool,
		fmt.Sprintf("The loss brake holds %s of %s: %s", r.Module, r.Pool, reason),
		HeldAdvice(r.Pool, r.Partner, r.Module))
}

// HeldAdvice says what to do where the loss brake holds a module of a pool.
func HeldAdvice(pool, partner, module string) string {
	return fmt.Sprintf("If the content was lost, run: csbackup sync --pool-fqdn %s --backup-module %s. If it was deleted on purpose, run: csbackup loss show --pool-fqdn %s.", partner, module, pool)
}

// Welcomed hears from where on the partner wants to know. A partner that knows more of this index than
// was ever offered has it from a later life of it: the index and its store were set back together, to a copy
// of the whole machine, say, and give their numbers a second time. Under a new name all is offered anew.
func (e *Exporter) Welcomed(_ context.Context, w exchange.Welcome) (uint64, error) {
	e.Offered(w.Settings)
	if e.full {
		if err := e.welcomed(w); err != nil {
			return 0, err
		}
	}
	offered, err := e.offered()
	if err != nil {
		return 0, err
	}
	if w.Acknowledged > offered {
		if err := e.Index.Renew(); err != nil {
			return 0, err
		}
		return 0, failure.New(failure.StateUnusable, e.Pool, fmt.Sprintf("The state of %s is older than what %s has acknowledged of it: it was set back to an earlier copy", e.Pool, e.Partner),
			"Nothing has to be done: from the next cycle on everything is compared anew.")
	}
	if err := e.reconsider(w); err != nil {
		return 0, err
	}
	if e.known, err = e.settled(w); err != nil {
		return 0, err
	}
	after := e.known
	if e.full { // all of it is still to do
		after = 0
	}
	e.answer = answered{Partner: uint64(w.Replica), Through: after}
	return after, e.Index.Update(func(tx *index.Tx) error { return tx.Agree(after) })
}

// offered tells up to which sequence number anything may have been offered to a partner.
func (e *Exporter) offered() (uint64, error) {
	raw, err := e.Index.Meta("offered")
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	through, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read from the index what was offered: %w", err)
	}
	return through, nil
}

// willOffer keeps, before anything is offered, how far it goes: rather all there is at once than each window
// by itself.
func (e *Exporter) willOffer(through uint64) error {
	offered, err := e.offered()
	if err != nil || through <= offered {
		return err
	}
	return e.setMeta("offered", strconv.FormatUint(e.Index.Head(), 10))
}

// itemsAtOnce and namesAtOnce bound a window's items and the bytes of their names. After sessions that broke it has
// fewer items, not less than leastAtOnce.
const (
	itemsAtOnce = 4096
	leastAtOnce = 128
	namesAtOnce = exchange.OfferedBytes / 2
)

// Window lists what comes next, without what is missing or suspect on this side. With what was renamed comes what
// belongs to it, which may lie beyond the window.
func (e *Exporter) Window(_ context.Context, after uint64, budget int64) ([]index.Item, uint64, error) {
	items, err := e.Index.Since(after, e.most)
	if err != nil || len(items) == 0 {
		return nil, after, err
	}
	w, through, expired := e.newWindow(), after, e.expired()
	for _, it := range items {
		if w.bytes > 0 && w.bytes+it.Size > budget {
			break
		}
		with, err := w.companions(it, itemsAtOnce-1, namesAtOnce)
		if err != nil {
			return nil, after, err
		}
		if len(w.items) > 0 && (len(w.items)+1+len(with) > e.most || w.names+offerCost(it)+offerCost(with...) > namesAtOnce) {
			break
		}
		through = it.Sequence
		if it.Kind == index.Tombstone && it.Sequence <= e.known && it.Since <= expired {
			continue // both sides are about to forget it
		}
		w.add(it)
		w.add(with...)
	}
	return w.items, through, e.willOffer(through)
}

// Paths lists what this side has now under the given paths, with what belongs to those that were renamed.
func (e *Exporter) Paths(_ context.Context, paths []string) ([]index.Item, error) {
	w := e.newWindow()
	var all []index.Item
	for _, p := range paths {
		it, ok, err := e.Index.Get(p)
		if err != nil {
			return nil, err
		}
		if ok && it.State == index.Present {
			w.add(it)
			all = append(all, it)
		}
	}
	for _, it := range all {
		with, err := w.companions(it, itemsAtOnce-len(w.items), exchange.OfferedBytes-w.names)
		if err != nil {
			return nil, err
		}
		w.add(with...)
	}
	return w.items, nil
}

// Open opens an item's file if it still is what the item says.
func (e *Exporter) Open(_ context.Context, item index.Item) (exchange.Content, error) {
	place, err := e.place(item.Path)
	if err != nil {
		return nil, err
	}
	f, err := e.Store.Open(place)
	if err != nil {
		return nil, e.unreadable(err)
	}
	c := &content{f, e.Replica, item}
	if err := c.Unchanged(); err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

// unreadable tells what it means that a file could not be read: that it changed or cannot be read itself, as long as the
// store is the known one and can be read; else that it is the store that failed.
func (r *Replica) unreadable(cause error) error {
	knows, recognized, err := Recognizes(r.Index, r.Store, r.Base)
	if err == nil && (recognized || !knows) {
		return fmt.Errorf("%w: %w", exchange.ErrWithdrawn, cause)
	}
	if err == nil {
		err = errors.New("it is not mounted, was emptied, or was replaced")
	}
	return failure.Wrap(failure.StoreUnavailable, r.Where, fmt.Sprintf("The file store %s of %s could not be read", r.Where, r.Pool),
		"See whether it is mounted and sound; the next cycle tries again by itself.", errors.Join(err, cause))
}

type content struct {
	filestore.Reader
	replica *Replica
	item    index.Item
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = c.replica.unreadable(err)
	}
	return n, err
}

func (c *content) SkipTo(offset int64) error {
	if err := c.Reader.SkipTo(offset); err != nil {
		return c.replica.unreadable(err)
	}
	return nil
}

// Unchanged compares the open file with what was offered.
func (c *content) Unchanged() error {
	info, err := c.Info()
	if err != nil {
		return c.replica.unreadable(err)
	}
	if info.Size != c.item.Size || !c.replica.hasTime(info, c.item.ModTime) ||
		info.ChangeTime != c.item.ChangeTime && c.item.ChangeTime != 0 {
		return exchange.ErrWithdrawn
	}
	return nil
}

// Left counts the changes that the partner has not acknowledged, and their bytes; it costs nothing.
func (r *Replica) Left() (items, bytes int64) { return r.Index.Ahead() }
