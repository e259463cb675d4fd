package replica

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"csbackup/internal/index"
)

const (
	// recently is how long deletions count when the brake weighs what is gone, in seconds: a folder
	// that is emptied slowly is emptied all the same.
	recently = 3600
	// deathsPer is how finely that is counted.
	deathsPer = 300
)

// settle turns losses that the brake let pass, and that have been gone for the settling time while
// nothing else went, into tombstones: from then on they are deletions that travel.
func (r *Replica) settle() error {
	wait := int64(r.Settle().Seconds())
	oldest, newest, some, err := r.Index.MissingSince()
	if err != nil || !some {
		return err
	}
	// Where much goes and goes on going, it may be a loss under way: that is waited for.
	patience := 5 * wait
	if counts := r.Index.Counts(); counts.MissingFiles*20 > counts.Files {
		patience = max(patience, recently)
	}
	if r.Clock()-newest < wait && r.Clock()-oldest < patience {
		return nil
	}
	// Between the look and now the store may have gone away as a whole.
	if reason, err := r.marker(); err != nil || reason != "" {
		return err
	}
	files, err := r.buryMissing()
	for root, count := range files {
		if err == nil {
			err = r.countDeaths(root, count)
		}
	}
	return err
}

// buryMissing writes tombstones for all that is missing and still gone, what is in a folder before the folder, a page
// at a time, and counts the files among them by their root.
func (r *Replica) buryMissing() (files map[string]int64, err error) {
	files = map[string]int64{}
	for before := ""; ; {
		page, err := r.Index.MissingBefore(before, observationsAtOnce)
		if err != nil || len(page) == 0 {
			return files, err
		}
		paths := make([]string, len(page))
		for i, it := range page {
			paths[i] = it.Path
		}
		if before = paths[len(paths)-1]; before == "" {
			return files, nil
		}
		if err := r.buryThese(paths, files, nil); err != nil {
			return files, err
		}
	}
}

// bury writes tombstones, what is deepest first, for paths that are still gone, and counts the files
// among them by their root.
func (r *Replica) bury(paths []string, moved *renames) (files map[string]int64, err error) {
	files = map[string]int64{}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(b, a) })
	for chunk := range slices.Chunk(paths, observationsAtOnce) {
		if err := r.buryThese(chunk, files, moved); err != nil {
			return files, err
		}
	}
	return files, nil
}

func (r *Replica) buryThese(paths []string, files map[string]int64, moved *renames) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	// What nobody knows to be gone stays missing until the next look.
	spelled := r.newSpelling()
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		absent, err := spelled.absent(p)
		return err != nil || !absent
	})
	return r.Index.Update(func(tx *index.Tx) error {
		for _, p := range paths {
			now, ok, err := tx.Get(p)
			if err != nil {
				return err
			}
			if !ok || now.State != index.Missing {
				continue
			}
			if now.Kind == index.File {
				root, _, _ := strings.Cut(p, "/")
				files[root]++
			}
			if err := moved.keep(tx, now); err != nil {
				return err
			}
			if _, err := tx.Put(index.Item{Path: p, Kind: index.Tombstone, Hash: now.Hash, Since: r.Clock(), Vector: now.Vector.Bump(r.Index.Replica())}); err != nil {
				return err
			}
		}
		return nil
	})
}

// deaths counts files that were taken for deleted, by the service clock, deathsPer seconds together.
type deaths []struct{ Clock, Files int64 }

func (d deaths) since(clock int64) (files int64) {
	for _, one := range d {
		if one.Clock >= clock {
			files += one.Files
		}
	}
	return files
}

func (r *Replica) deaths(root string) (d deaths, err error) {
	raw, err := r.Index.Meta("deaths-" + root)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("read the deletions of %s from the index: %w", root, err)
	}
	return d, nil
}

func (r *Replica) countDeaths(root string, files int64) error {
	known, err := r.deaths(root)
	if err != nil {
		return err
	}
	clock := r.Clock() / deathsPer * deathsPer
	var kept deaths
	for _, one := range known {
		if one.Clock == clock {
			files += one.Files
		} else if one.Clock >= clock-recently {
			kept = append(kept, one)
		}
	}
	kept = append(kept, struct{ Clock, Files int64 }{clock, files})
	raw, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return r.setMeta("deaths-"+root, string(raw))
}
