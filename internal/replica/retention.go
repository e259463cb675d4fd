package replica

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Retention says how long kept versions stay.
type Retention struct {
	For   time.Duration // of the service's running time; 0 stands for DefaultRetention
	Bytes int64         // the oldest go while all of them hold more; 0 for no limit
}

// DefaultRetention is how long kept versions stay where nothing else is said.
const DefaultRetention = 30 * 24 * time.Hour

// versions is what a replica knows of its kept versions. How much they hold stands in the index.
type versions struct {
	sync.Mutex
	inUse    map[string]int // batches that retention leaves alone
	compared bool           // the index was compared with what is there
	removing lock           // lets one at a time compare or remove
}

// batchesAtOnce is how many batches of kept versions are listed, or forgotten, at a time.
const batchesAtOnce = 64

// Prune removes kept versions that are older than retention says, and the oldest ones while all hold more than
// it says. Age is counted in running seconds of the service, so that a wrong clock can never empty the folder.
// A batch that cannot be removed stops no other.
func (r *Replica) Prune() error {
	if r.isAnother() {
		return nil
	}
	r.versions.removing.Lock()
	defer r.versions.removing.Unlock()
	if err := r.compareKept(); err != nil {
		return err
	}
	stay := r.Retention.For
	if stay == 0 {
		stay = DefaultRetention
	}
	held := r.Index.Counts().KeptBytes
	return r.removeOldest(func(b index.KeptBatch) bool {
		clock, _, _ := batchClock(b.Batch)
		goes := r.Clock()-clock > int64(stay/time.Second) || r.Retention.Bytes > 0 && held > r.Retention.Bytes
		held -= b.Bytes
		return goes
	})
}

// freeRoom removes the oldest kept versions until so many bytes are free on the volume. Where all of them would
// not do, it removes none.
func (r *Replica) freeRoom(needed uint64) (free uint64, err error) {
	r.versions.removing.Lock()
	defer r.versions.removing.Unlock()
	if err := r.compareKept(); err != nil {
		return 0, err
	}
	usage, err := r.Store.Usage()
	if err != nil || usage.Free >= needed || usage.Free+uint64(r.Index.Counts().KeptBytes) < needed {
		return usage.Free, err
	}
	var usageErr error
	err = r.removeOldest(func(index.KeptBatch) bool {
		usage, usageErr = r.Store.Usage()
		return usageErr == nil && usage.Free < needed
	})
	if usage, usageErr = r.Store.Usage(); usageErr == nil && usage.Free >= needed {
		err = nil // what could not be removed did not matter
	}
	return usage.Free, errors.Join(err, usageErr)
}

// removeOldest removes batches of kept versions, oldest first, while goes says so. Those in use stay. The caller
// holds removing.
func (r *Replica) removeOldest(goes func(index.KeptBatch) bool) (problem error) {
	for after := ""; ; {
		batches, err := r.Index.KeptAfter(after, batchesAtOnce)
		if err != nil {
			return errors.Join(problem, err)
		}
		last := len(batches) < batchesAtOnce
		var removed []index.KeptBatch
		for _, b := range batches {
			after = b.Batch
			if r.isInUse(b.Batch) {
				continue
			}
			if !goes(b) {
				last = true
				break
			}
			if err := r.removeBatch(b.Batch); err != nil {
				problem = fmt.Errorf("remove kept versions: %w", err)
				continue
			}
			removed = append(removed, index.KeptBatch{Batch: b.Batch})
		}
		if err := r.putKept(removed); err != nil || last {
			return errors.Join(problem, err)
		}
	}
}

// isAnother tells whether the last look found another store than the known one.
func (r *Replica) isAnother() bool {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.store != ""
}

func (r *Replica) isInUse(batch string) bool {
	r.versions.Lock()
	defer r.versions.Unlock()
	return r.versions.inUse[batch] > 0
}

// removeBatch removes a batch with all that is in it.
func (r *Replica) removeBatch(batch string) error {
	folder := r.Base + "/Versions/" + batch
	err := r.walk(folder, func(name string, _ filestore.Info) error { return r.Store.Remove(name) })
	if err == nil {
		err = r.Store.Remove(folder)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (r *Replica) putKept(batches []index.KeptBatch) error {
	if len(batches) == 0 {
		return nil
	}
	return r.Index.Update(func(tx *index.Tx) error {
		for _, b := range batches {
			if err := tx.PutKept(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// compareKept compares what the index has of kept versions with what is there, once after each start and when the
// store was another one: a batch may have come to no end, and the index may be a new one. Only what the index lacks
// is walked. In a store that is not the known one nothing is compared. The caller holds removing.
func (r *Replica) compareKept() error {
	r.versions.Lock()
	compared := r.versions.compared
	r.versions.compared = true
	r.versions.Unlock()
	if compared {
		return nil
	}
	_, known, err := Recognizes(r.Index, r.Store, r.Base)
	if err == nil && known {
		err = r.compareBatches()
	}
	if err != nil || !known {
		r.forgetKept()
	}
	if err != nil {
		return fmt.Errorf("compare kept versions: %w", err)
	}
	return nil
}

// forgetKept has the index compared again.
func (r *Replica) forgetKept() {
	r.versions.Lock()
	defer r.versions.Unlock()
	r.versions.compared = false
}

func (r *Replica) compareBatches() error {
	infos, err := r.Store.ReadDir(r.Base + "/Versions")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var known, differ []index.KeptBatch
	more := true
	after := ""
	next := func() (b index.KeptBatch, ok bool, err error) {
		if len(known) == 0 && more {
			if known, err = r.Index.KeptAfter(after, childrenAtOnce); err != nil {
				return b, false, err
			}
			more = len(known) == childrenAtOnce
		}
		if len(known) == 0 {
			return b, false, nil
		}
		return known[0], true, nil
	}
	pass := func() { after, known = known[0].Batch, known[1:] }
	for _, info := range infos {
		if _, _, ok := batchClock(info.Name); !ok || info.Kind != filestore.Folder {
			continue
		}
		b, some, err := next()
		for ; some && b.Batch < info.Name; b, some, err = next() {
			differ = append(differ, index.KeptBatch{Batch: b.Batch}) // it is gone
			pass()
		}
		if err != nil {
			return err
		}
		if some && b.Batch == info.Name {
			pass()
			continue
		}
		if r.isInUse(info.Name) {
			continue
		}
		counted, err := r.countBatch(info.Name)
		if err != nil {
			return err
		}
		differ = append(differ, counted)
	}
	for b, some, err := next(); some || err != nil; b, some, err = next() {
		if err != nil {
			return err
		}
		differ = append(differ, index.KeptBatch{Batch: b.Batch})
		pass()
	}
	return r.putKept(differ)
}

// countBatch counts what a batch holds; of an empty one the folders are removed.
func (r *Replica) countBatch(batch string) (index.KeptBatch, error) {
	counted := index.KeptBatch{Batch: batch}
	err := r.walk(r.Base+"/Versions/"+batch, func(name string, info filestore.Info) error {
		if info.Kind == filestore.File && !strings.HasSuffix(info.Name, nameSuffix) {
			counted.Files++
			counted.Bytes += info.Size
		}
		return nil
	})
	if err == nil && counted.Files == 0 {
		err = r.removeBatch(batch)
	}
	return counted, err
}
