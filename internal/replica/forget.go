package replica

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

const (
	// DefaultGrace is how long a tombstone stays at least, in running time of the service: 15 months.
	DefaultGrace = 456 * 24 * time.Hour
	// forgetEvery is how often tombstones are looked for that may go, in seconds of the service clock.
	forgetEvery = 3600
	// forgottenAtOnce is how many go in one change of the index.
	forgottenAtOnce = 1000
)

// Keys of the index's metadata.
const (
	forgottenMeta = "forgotten"
	takenAllMeta  = "taken-all" // the service clock when this side last had all that the partner knew
)

// forgotten tells which tombstones are gone: no other one has a higher sequence number in this life of the index.
type forgotten struct {
	Replica uint64
	Through uint64
}

func (r *Replica) forgotten() (f forgotten, err error) {
	raw, err := r.Index.Meta(forgottenMeta)
	if err != nil || len(raw) == 0 {
		return f, err
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("read from the index what was forgotten: %w", err)
	}
	return f, nil
}

// expired is the service clock until which tombstones were made that may go.
func (r *Replica) expired() int64 {
	grace := r.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	return r.Clock() - int64(grace/time.Second)
}

// forgetTombstones forgets tombstones that are older than the grace, where both sides agree: the partner has
// acknowledged them, and this side has taken all that the partner knew since. The caller holds looking.
func (r *Replica) forgetTombstones() error {
	if r.Clock()-r.forgotAt < forgetEvery {
		return nil
	}
	r.forgotAt = r.Clock()
	raw, err := r.Index.Meta(takenAllMeta)
	if err != nil {
		return err
	}
	taken, _ := strconv.ParseInt(string(raw), 10, 64)
	until := min(r.expired(), taken)
	for after := (index.Item{}); ; {
		old, err := r.Index.Tombstones(after, until, r.Index.Agreed(), forgottenAtOnce)
		if err != nil || len(old) == 0 {
			return err
		}
		after = old[len(old)-1]
		if err := r.forgetThese(old); err != nil {
			return fmt.Errorf("forget old tombstones: %w", err)
		}
	}
}

func (r *Replica) forgetThese(old []index.Item) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	f, err := r.forgotten()
	if err != nil {
		return err
	}
	if f.Replica != uint64(r.Index.Replica()) {
		f = forgotten{Replica: uint64(r.Index.Replica())}
	}
	old = slices.DeleteFunc(old, func(it index.Item) bool {
		_, waits, pendingErr := r.Index.PendingAt(it.Path)
		if pendingErr != nil {
			err = pendingErr
		}
		return waits
	})
	if err != nil {
		return err
	}
	return r.Index.Update(func(tx *index.Tx) error {
		for _, it := range old {
			now, ok, err := tx.Get(it.Path)
			if err != nil {
				return err
			}
			if !ok || now.Kind != index.Tombstone || now.Sequence != it.Sequence {
				continue
			}
			if err := tx.Forget(it.Path); err != nil {
				return err
			}
			f.Through = max(f.Through, it.Sequence)
		}
		raw, err := json.Marshal(f)
		if err != nil {
			return err
		}
		return tx.SetMeta(forgottenMeta, raw)
	})
}

// tookAll remembers that this side has all that the partner knew when the session began.
func (im *Importer) tookAll() error {
	p, err := im.position()
	if err != nil || p.Acknowledged < im.head {
		return err
	}
	raw, err := im.Index.Meta(takenAllMeta)
	if err != nil {
		return err
	}
	if before, _ := strconv.ParseInt(string(raw), 10, 64); im.Clock()-before < forgetEvery {
		return nil
	}
	return im.setMeta(takenAllMeta, strconv.FormatInt(im.Clock(), 10))
}

// reasonForgotten stands with a path that this side took once, and of which it forgot that it was deleted.
const reasonForgotten = "this side had it once and it was deleted so long ago that this is forgotten; " +
	"the partner was set back to a copy from before. If it is wanted, change it there, or send all that the partner has: csbackup sync --pool-fqdn "

// bringsBack tells whether an offer of an unknown path is of a version that this side took before: then it was
// deleted, and the tombstone was forgotten. A full comparison is an order to bring all of it.
func (im *Importer) bringsBack(p position, theirs index.Item) bool {
	return !im.full && theirs.Kind != index.Tombstone && p.Before > 0 && theirs.Sequence <= p.Before &&
		(p.SetBack || theirs.Vector.Counter(im.from) == 0)
}

// takenBefore is up to which sequence number any earlier life of the partner was taken; 0 while this side has
// forgotten nothing. A partner that was set back goes on under a new name and keeps the numbers of its copy.
func (im *Importer) takenBefore() (uint64, error) {
	f, err := im.forgotten()
	if err != nil || f.Through == 0 {
		return 0, err
	}
	positions, err := im.Index.Metas(positionPrefix)
	if err != nil {
		return 0, err
	}
	before := uint64(0)
	for _, raw := range positions {
		var p position
		if err := json.Unmarshal(raw, &p); err != nil {
			return 0, fmt.Errorf("read from the index how far the partner was taken: %w", err)
		}
		before = max(before, p.Acknowledged, p.Before)
	}
	return before, nil
}

// reconsider has all compared that the partner knows when it has not acknowledged what this side has forgotten:
// it acknowledged that once, so it was set back to an earlier copy, and may have files of which this side has
// forgotten that they were deleted.
func (e *Exporter) reconsider(w exchange.Welcome) error {
	f, err := e.forgotten()
	if err != nil || f.Through == 0 || f.Replica != uint64(e.Index.Replica()) {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	key := positionKey(w.Replica)
	raw, err := e.Index.Meta(key)
	if err != nil || raw == nil {
		return err
	}
	var p position
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("read from the index how far the partner was taken: %w", err)
	}
	switch older := w.Acknowledged < f.Through; {
	case older && p.Anew == asKnown:
		p.Anew = anewWanted
	case !older && p.Anew == anewBegun:
		p.Anew = asKnown
	default:
		return nil
	}
	if raw, err = json.Marshal(p); err != nil {
		return err
	}
	return e.Index.Update(func(tx *index.Tx) error { return tx.SetMeta(key, raw) })
}

// How far it is with comparing anew what a partner has that was set back.
const (
	asKnown = iota
	anewWanted
	anewBegun
)

// beginAnew has the partner offer all that it has in the next session, once that is wanted. It is called when a
// session came to its end: a partner that gives its numbers a second time finds that out by what this side
// acknowledged, and takes a new name. One that went on under its name does not.
func (im *Importer) beginAnew() error {
	im.writing.Lock()
	defer im.writing.Unlock()
	p, err := im.position()
	if err != nil || p.Anew != anewWanted {
		return err
	}
	p.Before, p.SetBack, p.Acknowledged, p.Anew = max(p.Before, p.Acknowledged), true, 0, anewBegun
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return im.Index.Update(func(tx *index.Tx) error { return tx.SetMeta(im.key(), raw) })
}

// positionsAtMost bounds the lives of the partner of which it is known how far they were taken.
const positionsAtMost = 64

// dropPositions forgets the lives of the partner that were heard of longest ago, so that there is room for one more.
func (im *Importer) dropPositions(tx *index.Tx) error {
	positions, err := tx.Metas(positionPrefix)
	if err != nil || len(positions) < positionsAtMost {
		return err
	}
	heard := map[string]int64{}
	var keys []string
	for key, raw := range positions {
		var p position
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("read from the index how far the partner was taken: %w", err)
		}
		heard[key] = p.Heard
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return int(heard[a] - heard[b]) })
	for _, key := range keys[:len(keys)-positionsAtMost+1] {
		if err := tx.DropMeta(key); err != nil {
			return err
		}
	}
	return nil
}
