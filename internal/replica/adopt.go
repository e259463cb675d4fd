package replica

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
)

// Adoption is what taking a store over from a pool of another name would mean.
type Adoption struct {
	Plan   string // names this very store, its former pool and its generation
	Former string // FQDN of the pool that the store's marker names
	Files  int64  // of this module that the index knows, and their bytes; 0 for an index that is new
	Bytes  int64
}

// Adoption tells what Adopt would do; ok is false when the store has no marker or is this pool's already.
func (r *Replica) Adoption() (a Adoption, ok bool, err error) {
	id, err := r.foreign()
	if err != nil || id.Pool == "" {
		return Adoption{}, false, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%d", r.Module, strings.ToLower(r.Pool), strings.ToLower(id.Pool), id.Store, id.Generation))
	counts := r.Index.Counts()
	return Adoption{hex.EncodeToString(sum[:8]), id.Pool, counts.Files, counts.Bytes}, true, nil
}

// foreign reads the store's marker where it names another pool; the zero identity where none does.
func (r *Replica) foreign() (id identity, err error) {
	raw, err := read(r.Store, r.Base+markerName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return identity{}, nil
	case err != nil:
		return identity{}, fmt.Errorf("read the store's marker: %w", err)
	case json.Unmarshal(raw, &id) != nil || strings.EqualFold(id.Pool, r.Pool):
		return identity{}, nil
	}
	return id, nil
}

// Adopt gives the store that the plan names to this pool: for a pool that has a new name. What the index knows
// stays, so that nothing counts as new and nothing as deleted. A store that the index does not know is adopted
// only by an index that knows none: another one would take what that store lacks for a loss.
func (r *Replica) Adopt(plan string) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	r.writing.Lock()
	defer r.writing.Unlock()
	now, ok, err := r.Adoption()
	if err != nil {
		return err
	}
	if !ok || now.Plan != plan {
		return failure.New(failure.StorePlanStale, plan, fmt.Sprintf("The plan %q is no longer true: the marker of the file store has changed since it was shown", plan),
			"Look again: csbackup store adopt --pool-fqdn "+r.Pool+".")
	}
	id, err := r.foreign()
	if err != nil {
		return err
	}
	mine, err := known(r.Index)
	if err != nil {
		return err
	}
	if mine.Store != "" && (mine.Store != id.Store || mine.Generation != id.Generation) {
		return failure.New(failure.StoreHeld, r.Where, fmt.Sprintf("The state of %s belongs to another store than the one at %s, or to an older copy of it", r.Pool, r.Where),
			"Stop the service, start it with an empty --state-dir, and adopt the store then: everything is compared, and nothing is deleted for it.")
	}
	raw, err := json.Marshal(id)
	if err != nil {
		return err
	}
	if err := errors.Join(r.admit(filestore.Info{}), r.setMeta(storeMeta, string(raw))); err != nil {
		return err
	}
	if err := r.mark(); err != nil {
		return fmt.Errorf("adopt the store: %w", err)
	}
	return r.distrust("")
}
