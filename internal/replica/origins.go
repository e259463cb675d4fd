package replica

import (
	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// A file that was renamed is a new path and a tombstone, or another file, under the old one, and these may be
// thousands of changes apart. They are offered in one window all the same, so that the partner can move the file: its
// content is not sent.

// window is what is offered at once.
type window struct {
	index *index.Index
	items []index.Item
	bytes int64
	names int             // bytes, as exchange.OfferCost counts them
	at    map[string]bool // paths in it; kept only where something was renamed
}

func (r *Replica) newWindow() *window {
	w := &window{index: r.Index}
	if r.Index.Origins() {
		w.at = map[string]bool{}
	}
	return w
}

// isOffered tells whether an item is one that is offered: what is missing or suspect on this side is not.
func isOffered(it index.Item) bool {
	return (it.State == index.Present || it.Kind == index.Tombstone) && beyond(it.Path) == ""
}

// add takes an item into the window, once.
func (w *window) add(items ...index.Item) {
	for _, it := range items {
		if w.at[it.Path] || !isOffered(it) {
			continue
		}
		if w.at != nil {
			w.at[it.Path] = true
		}
		it.Vector = it.Vector.Pruned(exchange.MaxVector, w.index.Replica())
		w.items = append(w.items, it)
		w.bytes += it.Size
		w.names += exchange.OfferCost(it)
	}
}

func offerCost(items ...index.Item) (bytes int) {
	for _, it := range items {
		bytes += exchange.OfferCost(it)
	}
	return bytes
}

// companions lists what is offered together with an item: what stands under the names that the file had before, the
// item to which the content went that stood under its own name, and what belongs to those in turn; at most so many, whose names have at most so many bytes.
func (w *window) companions(it index.Item, most, names int) (with []index.Item, err error) {
	if w.at == nil {
		return nil, nil
	}
	seen := map[string]bool{it.Path: true}
	names -= offerCost(it)
	for next := []index.Item{it}; len(next) > 0 && len(with) < most; next = next[1:] {
		related, err := w.related(next[0])
		if err != nil {
			return nil, err
		}
		for _, one := range related {
			cost := offerCost(one)
			if !seen[one.Path] && !w.at[one.Path] && len(with) < most && cost <= names {
				seen[one.Path] = true
				names -= cost
				with, next = append(with, one), append(next, one)
			}
		}
	}
	return with, nil
}

func (w *window) related(it index.Item) (items []index.Item, err error) {
	to, ok, err := w.index.MovedTo(it.Path)
	if err != nil {
		return nil, err
	}
	if ok {
		items = append(items, to)
	}
	sources, err := w.index.OriginsOf(it.Sequence)
	if err != nil {
		return nil, err
	}
	for _, p := range sources {
		from, ok, err := w.index.Get(p)
		if err != nil {
			return nil, err
		}
		if ok {
			items = append(items, from)
		}
	}
	return items, nil
}
