package replica

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// identity is what the marker of a store says, and what an index knows of its store.
type identity struct {
	Pool       string
	Store      string // names the store; another one that takes its place gets another name
	Generation uint64 // grows, so that an older copy of the store is noticed
}

const (
	markerName = "/store.json"
	storeMeta  = "store"      // the marker of the known store
	nextMeta   = "store-next" // the marker that is being written
)

// known reads which store an index belongs to; the zero identity where it knows none yet.
func known(x *index.Index) (id identity, err error) {
	raw, err := x.Meta(storeMeta)
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &id)
	}
	if err != nil {
		return id, fmt.Errorf("read the store's identity from the index: %w", err)
	}
	return id, nil
}

// Recognizes tells whether an index knows a store at all, and whether the one given, in which the replica has
// the folder base, is the one that it knows. It changes nothing.
func Recognizes(x *index.Index, store filestore.Store, base string) (knows, recognized bool, err error) {
	mine, err := known(x)
	if err != nil || mine.Store == "" {
		return false, false, err
	}
	raw, err := read(store, base+markerName)
	if errors.Is(err, fs.ErrNotExist) {
		return true, false, nil
	}
	if err != nil {
		return true, false, fmt.Errorf("read the store's marker: %w", err)
	}
	next, err := x.Meta(nextMeta)
	if err != nil {
		return true, false, err
	}
	var there identity
	same := json.Unmarshal(raw, &there) == nil && there.Store == mine.Store && there.Generation >= mine.Generation
	return true, same || bytes.Equal(raw, next), nil
}

// marker checks that the store is the one that the index belongs to. It returns "" when it is, or
// the reason why it is not.
func (r *Replica) marker() (string, error) {
	reason, err := r.compareMarker()
	if err == nil {
		r.noteStore(reason != "")
	}
	return reason, err
}

// noteStore keeps which store stands here that is not the known one, and since when that is known.
func (r *Replica) noteStore(foreign bool) {
	var root filestore.Info
	if foreign {
		var err error
		if root, err = r.Store.Lstat("."); err != nil {
			return // the next look at it tells
		}
	}
	r.state.Lock()
	defer r.state.Unlock()
	if foreign && (!r.state.foreign || !sameRoot(root, r.state.root)) {
		r.state.since, r.state.root = r.Elapsed(), root
	}
	r.state.foreign = foreign
}

// foreignRoot tells which store stands here that is not the known one, by its root, and since when that is known.
func (r *Replica) foreignRoot() (root filestore.Info, since time.Duration) {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.root, r.state.since
}

// sameRoot tells whether two roots are of one store, as far as the file system says.
func sameRoot(a, b filestore.Info) bool { return a.Identity == b.Identity && a.Volume == b.Volume }

// CheckStore notes when the store is not the known one any more, or is it again: what is ordered from then on is for the
// one that stands there. It waits for nothing but the store, and tells whether the store came or went since the last look.
func (r *Replica) CheckStore() (changed bool) {
	knows, recognized, err := Recognizes(r.Index, r.Store, r.Base)
	if err != nil || !knows {
		return false
	}
	r.state.Lock()
	changed = (r.state.store == "") != recognized
	r.state.Unlock()
	r.noteStore(!recognized)
	return changed
}

func (r *Replica) compareMarker() (string, error) {
	mine, err := known(r.Index)
	if err != nil {
		return "", err
	}
	raw, err := read(r.Store, r.Base+markerName)
	if errors.Is(err, fs.ErrNotExist) {
		if mine.Store == "" {
			return "", r.mark()
		}
		return "the store's marker is gone: the file store is not mounted, was emptied, or was replaced", nil
	}
	if err != nil {
		return "", err
	}
	var there identity
	if json.Unmarshal(raw, &there) != nil || !strings.EqualFold(there.Pool, r.Pool) {
		return fmt.Sprintf("the file store belongs to another pool (%q), not to %s; if %[2]s was called so before, run: csbackup store adopt --pool-fqdn %[2]s", there.Pool, r.Pool), nil
	}
	if there == mine {
		return "", nil
	}
	if mine.Store == "" {
		return "", r.setMeta(storeMeta, string(raw))
	}
	next, err := r.Index.Meta(nextMeta)
	if err != nil {
		return "", err
	}
	switch {
	case bytes.Equal(raw, next): // a new marker was written, and the index did not come to know of it
		return "", r.setMeta(storeMeta, string(raw))
	case there.Store != mine.Store:
		return "the file store was replaced by another one of this pool", nil
	case there.Generation < mine.Generation:
		return "the file store was replaced by an older copy of itself", nil
	}
	// The index is an older copy of itself, which would give numbers anew that the partner has taken already.
	if err := r.Index.Renew(); err != nil {
		return "", err
	}
	return "", r.setMeta(storeMeta, string(raw))
}

// mark gives the store a new marker, of the next generation.
func (r *Replica) mark() error {
	id, err := known(r.Index)
	if err != nil {
		return err
	}
	return r.markAs(id.Store)
}

// markAs gives the store a marker with a name; "" for a new one.
func (r *Replica) markAs(store string) error {
	id, err := known(r.Index)
	if err != nil {
		return err
	}
	if store == "" {
		store = strconv.FormatUint(uint64(r.Index.Replica()), 16)
	}
	raw, err := json.Marshal(identity{r.Pool, store, id.Generation + 1})
	if err != nil {
		return err
	}
	if err := r.makeOwn("Temp"); err != nil {
		return err
	}
	// The store first: an index that is one generation behind its store, and meant to, is no reason to stop.
	if err := r.setMeta(nextMeta, string(raw)); err != nil {
		return err
	}
	if err := r.overwrite(r.Base+markerName, raw); err != nil {
		return err
	}
	return r.setMeta(storeMeta, string(raw))
}

// Renew raises the store's generation, so that an older copy put in its place is noticed. It does
// nothing while the store is not the one that is known.
func (r *Replica) Renew() error {
	reason, err := r.marker()
	if err != nil || reason != "" {
		return err
	}
	return r.mark()
}

// admit announces that the store that stands here is about to be taken for the known one. It is
// filestore.ErrAnotherStore when that is another one than is to be taken over, the zero root being any.
func (r *Replica) admit(takeOver filestore.Info) error {
	root, err := r.Store.Lstat(".")
	if err != nil {
		return err
	}
	if takeOver.Kind != 0 && !sameRoot(root, takeOver) {
		return fmt.Errorf("take the store over: %w", filestore.ErrAnotherStore)
	}
	if r.Admit != nil {
		r.Admit(root)
	}
	return nil
}
