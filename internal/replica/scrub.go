package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

const (
	// scrubEvery is how long a pass over all content takes, and how far apart two passes begin.
	scrubEvery = 7 * 24 * time.Hour
	// scrubLeast is the pace of a small store, in bytes a second.
	scrubLeast = 256 << 10
	// scrubPerFile is what opening a file counts for, in bytes.
	scrubPerFile = 64 << 10
	scrubAtOnce  = 256
)

// scrubbing is how far a pass has come; it is kept in the index.
type scrubbing struct {
	After []byte // the path that was read last; empty at the beginning
	Began int64  // service clock
	Done  bool
}

// Scrubbed is what a stretch of a scrub found.
type Scrubbed struct {
	Files, Bytes int64 // that were read
	Suspects     int64 // files whose content changed although nothing else did
	Healed       int64 // suspect files that are right again
	Unread       int64 // files that could not be read
	Problem      error // of the last of these
}

// ScrubPace is how many bytes a second a scrub reads, so that a pass takes about a week.
func (r *Replica) ScrubPace() int64 {
	counts := r.Index.Counts()
	return max(scrubLeast, (counts.Bytes+counts.Files*scrubPerFile)/int64(scrubEvery/time.Second))
}

// Scrub reads on where the last one ended until about budget bytes are read, and compares content
// with what the index says. A file that differs although its size and times do not is suspect: it is
// never sent, and the partner's copy is asked for. Nothing is read when a pass ended less than a week
// after it began; with anew set a pass begins now.
func (r *Replica) Scrub(ctx context.Context, budget int64, anew bool) (found Scrubbed, err error) {
	s, err := r.scrubbing()
	if err != nil {
		return found, err
	}
	if anew || s.Done && r.Clock()-s.Began >= int64(scrubEvery/time.Second) {
		s = scrubbing{Began: r.Clock()}
	}
	if s.Done || r.Held() != "" {
		return found, nil
	}
	for spent := int64(0); spent < budget && !s.Done; {
		items, err := r.Index.All(string(s.After), scrubAtOnce)
		if err != nil {
			return found, err
		}
		s.Done = len(items) < scrubAtOnce
		for i, it := range items {
			if spent >= budget {
				s.Done = false
				break
			}
			if err := r.scrub(ctx, it, &found); err != nil {
				return found, err
			}
			s.After = []byte(items[i].Path)
			if it.Kind == index.File {
				spent += it.Size + scrubPerFile
			}
		}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return found, err
	}
	return found, r.setMeta("scrub", string(raw))
}

func (r *Replica) scrubbing() (s scrubbing, err error) {
	raw, err := r.Index.Meta("scrub")
	if err != nil || len(raw) == 0 {
		return scrubbing{Began: r.Clock()}, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read the scrub's position from the index: %w", err)
	}
	return s, nil
}

// scrub reads one file. What changed as files change is left to the looks.
func (r *Replica) scrub(ctx context.Context, it index.Item, found *Scrubbed) error {
	if it.Kind != index.File || it.State == index.Missing {
		return nil
	}
	place, err := r.place(it.Path)
	if err != nil {
		return err
	}
	untouched := func(info filestore.Info) bool {
		return info.Kind == filestore.File && info.Size == it.Size && info.ModTime == it.ModTime && info.ChangeTime == it.ChangeTime && info.Identity == it.Identity
	}
	info, err := r.Store.Lstat(place)
	if err != nil || !untouched(info) {
		return ctx.Err()
	}
	hash, info, err := r.hash(ctx, place)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if !errors.Is(err, filestore.ErrLocked) {
			found.Unread++
			found.Problem = fmt.Errorf("read %s: %w", place, err)
		}
		return nil
	}
	found.Files++
	found.Bytes += info.Size
	if !untouched(info) || (hash == it.Hash) == (it.State == index.Present) {
		return nil
	}
	return r.suspect(it, hash == it.Hash, found)
}

// suspect marks a file whose content is not what it was, or takes the mark away from one that is
// right again.
func (r *Replica) suspect(it index.Item, right bool, found *Scrubbed) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	return r.Index.Update(func(tx *index.Tx) error {
		now, ok, err := tx.Get(it.Path)
		if err != nil || !ok || now.Sequence != it.Sequence || now.State != it.State {
			return err
		}
		if right {
			found.Healed++
			now.State, now.Since = index.Present, 0
			if err := tx.DropPending(it.Path); err != nil {
				return err
			}
			_, err = tx.Put(now)
			return err
		}
		found.Suspects++
		now.State, now.Since = index.Suspect, r.Clock()
		if err := tx.PutPending(index.Pending{Path: it.Path, Reason: "its content changed without a new size or time; the partner's copy is asked for", Code: index.Rotten, Since: r.Clock()}); err != nil {
			return err
		}
		return tx.Refresh(now)
	})
}
