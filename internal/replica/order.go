package replica

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Order is a sync that was accepted and is not done yet. It is for the stores that stood on both sides then:
// one that is mounted, emptied or put there later is no part of what an administrator decided.
type Order struct {
	ID      uint64 // tells one order from another, never 0
	Store   string // names this side's store, "" while none was known
	Partner string // names the partner's store, "" until the partner welcomed the order

	Life     string        // of the replica that accepted it, "" for none
	Accepted time.Duration // by the clock of that replica
}

const (
	orderMeta   = "order"            // of this side
	welcomeMeta = "order-of-partner" // the last one that this side welcomed
)

// AcceptOrder keeps a new order in the index, in the place of an earlier one, until it is done. Where no replica
// works yet, how old it is will be unknown.
func AcceptOrder(x *index.Index) error {
	mine, err := known(x)
	if err != nil {
		return err
	}
	return keepOrder(x, newOrder(mine.Store))
}

// AcceptOrder keeps a new order in the place of an earlier one, until it is done.
func (r *Replica) AcceptOrder() error {
	mine, err := known(r.Index)
	if err != nil {
		return err
	}
	o := newOrder(mine.Store)
	o.Life, o.Accepted = r.life, r.Elapsed()
	return keepOrder(r.Index, o)
}

func newOrder(store string) Order {
	var raw [8]byte
	for binary.BigEndian.Uint64(raw[:]) == 0 {
		rand.Read(raw[:]) // it never fails
	}
	return Order{ID: binary.BigEndian.Uint64(raw[:]), Store: store}
}

// age tells how long ago an order was accepted, in milliseconds. Of one that an earlier process accepted, nobody
// knows.
func (r *Replica) age(o Order) uint64 {
	since := r.Elapsed() - o.Accepted
	if o.Life != r.life || since < 0 {
		return exchange.AgeUnknown
	}
	return uint64(since.Milliseconds())
}

func keepOrder(x *index.Index, o Order) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return setMeta(x, orderMeta, string(raw))
}

// Order gives the order that is not done yet; ok is false when there is none.
func (r *Replica) Order() (o Order, ok bool, err error) { return orderAt(r.Index, orderMeta) }

func orderAt(x *index.Index, key string) (o Order, ok bool, err error) {
	raw, err := x.Meta(key)
	if err != nil || len(raw) == 0 {
		return Order{}, false, err
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return Order{}, false, fmt.Errorf("read the order from the index: %w", err)
	}
	return o, true, nil
}

// FinishOrder forgets an order that is done. One that took its place meanwhile stays.
func (r *Replica) FinishOrder(id uint64) error {
	return r.Index.Update(func(tx *index.Tx) error {
		raw, err := tx.Meta(orderMeta)
		if err != nil {
			return err
		}
		var now Order
		if len(raw) == 0 || json.Unmarshal(raw, &now) == nil && now.ID != id {
			return nil
		}
		return tx.SetMeta(orderMeta, nil)
	})
}

// begin gives the order that a full comparison carries out: the one that is kept, or a new one for a comparison
// that nobody remembers. It refuses an order for another store than the one of this side.
func (e *Exporter) begin() error {
	mine, err := known(e.Index)
	if err != nil {
		return err
	}
	o, kept, err := e.Order()
	if err != nil {
		return err
	}
	switch {
	case !kept:
		o = newOrder(mine.Store)
		o.Life, o.Accepted = e.life, e.Elapsed()
	case o.Store == "":
		o.Store = mine.Store
		err = keepOrder(e.Index, o)
	case o.Store != mine.Store:
		err = failure.New(failure.StoreHeld, e.Where,
			fmt.Sprintf("The sync of %s was accepted for another file store than the one that stands at %s now", e.Pool, e.Where), orderAgain(e.Pool, e.Module))
	}
	e.order, e.kept = o, kept
	return err
}

func orderAgain(pool, module string) string {
	return fmt.Sprintf("If that store comes back, the sync goes on by itself. If this one is to be used, order it again: csbackup sync --pool-fqdn %s --backup-module %s.", pool, module)
}

// welcomed binds the order to the partner's store.
func (e *Exporter) welcomed(w exchange.Welcome) error {
	switch {
	case e.order.Partner == "":
		if e.order.Partner = w.Store; e.kept {
			return keepOrder(e.Index, e.order)
		}
	case e.order.Partner != w.Store:
		return failure.New(failure.StoreHeld, e.Partner,
			fmt.Sprintf("The sync of %s was accepted for another file store of %s than the one that stands there now", e.Pool, e.Partner), orderAgain(e.Pool, e.Module))
	}
	return nil
}

// mayTakeOver gives the root of another store that the partner's order lets this side take for its own, the zero one
// for none. An order does that was accepted when that very store was known to stand here. One that was welcomed before,
// or accepted earlier, is for the store of then: where another one stands, or none, it is refused, and nothing is written.
func (im *Importer) mayTakeOver(h exchange.Hello) (root filestore.Info, err error) {
	var none filestore.Info
	now := im.Elapsed()
	before, ok, err := orderAt(im.Index, welcomeMeta)
	if err != nil {
		return none, err
	}
	store := h.OrderStore
	if ok && before.ID == h.Order {
		store = cmp.Or(store, before.Store)
	}
	if store != "" {
		raw, err := read(im.Store, im.Base+markerName)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return none, fmt.Errorf("read the store's marker: %w", err)
		}
		var there identity
		if err != nil || json.Unmarshal(raw, &there) != nil || there.Store != store {
			return none, im.orderRefused()
		}
		return none, nil
	}
	reason, err := im.marker()
	if err != nil {
		return none, fmt.Errorf("read the store's marker: %w", err)
	}
	if reason == "" {
		return none, nil
	}
	root, since := im.foreignRoot()
	if h.OrderAge > uint64(now.Milliseconds()) || since > now-time.Duration(h.OrderAge)*time.Millisecond {
		// It stays for that store, whatever the two clocks say next time: that of a machine that was paused stands still.
		if _, err := im.welcomes(h); err != nil {
			return none, err
		}
		return none, im.orderRefused()
	}
	return root, nil
}

func (im *Importer) orderRefused() error {
	return failure.New(failure.StoreHeld, im.Where,
		fmt.Sprintf("The sync of %s was accepted for another file store of %s than what stands at %s now: that is not mounted, was emptied, or was replaced",
			im.Partner, im.Pool, im.Where),
		fmt.Sprintf("Mount it, and the sync goes on by itself. If the content is to be restored onto what stands there now, order that: csbackup sync --pool-fqdn %s --backup-module %s.",
			im.Partner, im.Module))
}

// welcomes remembers for which store an order of the partner is, and names it.
func (im *Importer) welcomes(h exchange.Hello) (store string, err error) {
	mine, err := known(im.Index)
	if err != nil || !h.Full {
		return mine.Store, err
	}
	raw, err := json.Marshal(Order{ID: h.Order, Store: mine.Store})
	if err != nil {
		return "", err
	}
	return mine.Store, im.setMeta(welcomeMeta, string(raw))
}
