package replica

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"csbackup/internal/brake"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Look is what a full look found.
type Look struct {
	Files, Changed, Missing, Deferred, Skipped int64
	Incomplete                                 error // a folder could not be listed: nothing in it counts as gone
}

// look carries one full look through the tree.
type look struct {
	*Replica
	ctx       context.Context
	found     Look
	evidence  brake.Evidence
	batch     []observation
	regressed []observation
	gone      []index.Item
	restoring bool
}

// observation is one difference between disk and index, still to be confirmed under the lock.
type observation struct {
	path   string
	before index.Item // zero when the path was unknown
	after  index.Item
}

const observationsAtOnce = 512

// Look compares the whole store with the index, brings the index up to date, and lets the loss brake
// judge what is gone. The reason why the brake holds is told by Held.
func (r *Replica) Look(ctx context.Context) (Look, error) { return r.look(ctx, false) }

// look with restoring set is the look before a full comparison ordered by an administrator: a store
// that is not the known one is taken over, so that what it lacks can be put back.
func (r *Replica) look(ctx context.Context, restoring bool) (Look, error) {
	r.looking.Lock()
	defer r.looking.Unlock()
	if _, err := r.Store.Lstat("."); err != nil {
		return Look{}, failure.Wrap(failure.StoreUnavailable, r.Pool, "The file store of "+r.Pool+" cannot be used",
			"Mount it, or put a folder there; the service goes on by itself.", err)
	}
	reason, err := r.marker()
	if err != nil {
		return Look{}, fmt.Errorf("read the store's marker: %w", err)
	}
	if reason != "" {
		r.hold(reason)
		if !restoring {
			return Look{}, nil
		}
	}
	held := ""
	var total Look
	for _, root := range r.Roots {
		l := &look{Replica: r, ctx: ctx, restoring: restoring, evidence: brake.Evidence{Root: root.Name}}
		if err := l.root(root); err != nil {
			return l.found, err
		}
		total.Files += l.found.Files
		total.Changed += l.found.Changed
		total.Missing += l.found.Missing
		total.Deferred += l.found.Deferred
		total.Skipped += l.found.Skipped
		total.Incomplete = errors.Join(total.Incomplete, l.found.Incomplete)
		if held == "" {
			held = brake.Held(l.evidence)
		}
		if err := l.finish(reason != "" || brake.Held(l.evidence) != ""); err != nil {
			return total, err
		}
	}
	if reason == "" {
		r.hold(held)
	} else if err := r.mark(); err != nil {
		return total, fmt.Errorf("take the store over: %w", err)
	}
	if r.Held() == "" && total.Incomplete == nil {
		if err := r.settle(); err != nil {
			return total, err
		}
	}
	return total, r.SaveClock()
}

func (l *look) root(root Root) error {
	info, err := l.Store.Lstat(root.Folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		known, err := l.Index.Children(root.Name)
		if err != nil {
			return err
		}
		l.evidence.Absent = slices.ContainsFunc(known, func(it index.Item) bool { return it.Kind != index.Tombstone })
		return l.vanished(root.Name, known)
	case err != nil:
		l.found.Incomplete = errors.Join(l.found.Incomplete, fmt.Errorf("look at %s: %w", root.Folder, err))
		return nil
	case info.Kind != filestore.Folder:
		l.found.Incomplete = errors.Join(l.found.Incomplete, fmt.Errorf("%s is not a folder: %w", root.Folder, filestore.ErrNotRegular))
		return nil
	}
	return l.folder(root.Name, root.Folder)
}

// folder compares one folder's listing with what the index has in it.
func (l *look) folder(logical, place string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	listed, err := l.Store.ReadDir(place)
	if err != nil {
		l.found.Incomplete = errors.Join(l.found.Incomplete, fmt.Errorf("list %s: %w", place, err))
		return nil
	}
	known, err := l.Index.Children(logical)
	if err != nil {
		return err
	}
	byName := make(map[string]index.Item, len(known))
	for _, it := range known {
		byName[it.Path] = it
	}
	for _, info := range listed {
		if skipped(info.Name) || info.Kind == filestore.Other {
			l.found.Skipped++
			continue
		}
		p := logical + "/" + info.Name
		it, ok := byName[p]
		delete(byName, p)
		if info.Kind == filestore.Folder {
			if !ok || it.Kind != index.Folder || it.State != index.Present {
				if err := l.differs(p, it, index.Item{Path: p, Kind: index.Folder}); err != nil {
					return err
				}
			}
			if err := l.folder(p, place+"/"+info.Name); err != nil {
				return err
			}
			continue
		}
		if err := l.file(p, place+"/"+info.Name, info, it); err != nil {
			return err
		}
	}
	var gone []index.Item
	for _, it := range known {
		if _, left := byName[it.Path]; left {
			gone = append(gone, it)
		}
	}
	return l.vanished(logical, gone)
}

func (l *look) file(p, place string, info filestore.Info, it index.Item) error {
	l.found.Files++
	if it.Kind == index.File {
		l.evidence.Known++
		if it.State == index.Present && it.Size == info.Size && it.ModTime == info.ModTime &&
			it.ChangeTime == info.ChangeTime && it.Identity == info.Identity {
			return nil
		}
	}
	hash, after, err := l.hash(place)
	if err != nil || after.Size != info.Size || after.ModTime != info.ModTime {
		// Held, vanished or still being written: it waits for a later look and delays only itself.
		l.found.Deferred++
		return nil
	}
	next := index.Item{Path: p, Kind: index.File, Size: after.Size, ModTime: after.ModTime, Hash: hash,
		ChangeTime: after.ChangeTime, Identity: after.Identity}
	if it.Kind == index.File && it.Hash != hash && after.ModTime < it.ModTime {
		l.evidence.Regressed++
		l.regressed = append(l.regressed, observation{p, it, next})
		return nil
	}
	return l.differs(p, it, next)
}

// hash reads a file once and tells what it was when the reading ended.
func (r *Replica) hash(place string) (index.Hash, filestore.Info, error) {
	f, err := r.Store.Open(place)
	if err != nil {
		return index.Hash{}, filestore.Info{}, err
	}
	defer f.Close()
	before, err := f.Info()
	if err != nil {
		return index.Hash{}, before, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return index.Hash{}, before, err
	}
	after, err := f.Info()
	if err == nil && (n != after.Size || before != after) {
		err = fmt.Errorf("%s changed while it was read", place)
	}
	return index.Hash(sum.Sum(nil)), after, err
}

func (l *look) differs(p string, before, after index.Item) error {
	l.batch = append(l.batch, observation{p, before, after})
	if len(l.batch) < observationsAtOnce {
		return nil
	}
	return l.commit()
}

// vanished notes items that the listing lacks, and everything below folders among them.
func (l *look) vanished(_ string, items []index.Item) error {
	for _, it := range items {
		switch it.Kind {
		case index.Tombstone:
			continue
		case index.File:
			l.evidence.Known++
			l.evidence.Missing++
		case index.Folder:
			below, err := l.Index.Children(it.Path)
			if err != nil {
				return err
			}
			if err := l.vanished(it.Path, below); err != nil {
				return err
			}
		}
		l.found.Missing++
		if it.State != index.Missing {
			l.gone = append(l.gone, it)
		}
	}
	return nil
}

// commit confirms a batch of differences under the lock and writes them to the index.
func (l *look) commit() error {
	batch := l.batch
	l.batch = nil
	if len(batch) == 0 {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.Index.Update(func(tx *index.Tx) error {
		for _, o := range batch {
			now, _, err := tx.Get(o.path)
			if err != nil {
				return err
			}
			if now.Sequence != o.before.Sequence || now.State != o.before.State {
				continue // an import came between; the next look sees what it left
			}
			if err := l.record(tx, now, o.after); err != nil {
				return err
			}
		}
		return nil
	})
}

// record writes what the disk holds: a change of this side's own, unless the content is what the
// index or an interrupted import says already.
func (l *look) record(tx *index.Tx, now, next index.Item) error {
	same := now.Kind == next.Kind && now.Size == next.Size && now.ModTime == next.ModTime && now.Hash == next.Hash
	if same {
		next.Vector = now.Vector
		next.Sequence = now.Sequence
		if now.State == index.Present {
			return tx.Refresh(next)
		}
		_, err := tx.Put(next)
		return err
	}
	intent, ok, err := tx.Intent(next.Path)
	if err != nil {
		return err
	}
	l.found.Changed++
	if ok && intent.Kind == next.Kind && intent.Hash == next.Hash && intent.ModTime == next.ModTime {
		next.Vector = intent.Vector
		if err := tx.DropIntent(next.Path); err != nil {
			return err
		}
	} else {
		next.Vector = now.Vector.Bump(l.Index.Replica())
	}
	_, err = tx.Put(next)
	return err
}

// finish writes what is left. While the brake holds, files older than known are marked as missing
// versions, so that the partner's copy is wanted again; otherwise they are changes like any other.
func (l *look) finish(held bool) error {
	if !held {
		l.batch = append(l.batch, l.regressed...)
	}
	if err := l.commit(); err != nil {
		return err
	}
	gone := l.gone
	if held {
		for _, o := range l.regressed {
			gone = append(gone, o.before)
		}
	}
	for chunk := range slices.Chunk(gone, observationsAtOnce) {
		if err := l.missing(chunk, held); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) missing(items []index.Item, held bool) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.Index.Update(func(tx *index.Tx) error {
		for _, it := range items {
			now, ok, err := tx.Get(it.Path)
			if err != nil {
				return err
			}
			if !ok || now.Sequence != it.Sequence {
				continue
			}
			if !held && !l.absent(it.Path) {
				continue
			}
			now.State, now.Since = index.Missing, l.Clock()
			if err := tx.Refresh(now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Replica) absent(logical string) bool {
	place, err := r.place(logical)
	if err != nil {
		return false
	}
	_, err = r.Store.Lstat(place)
	return errors.Is(err, fs.ErrNotExist)
}

// settle turns losses that the brake let pass, and that have been gone for the settling time while
// nothing else went, into tombstones: from then on they are deletions that travel.
func (r *Replica) settle() error {
	lost, err := r.lost()
	if err != nil {
		return err
	}
	wait := int64(r.Settle().Seconds())
	newest, oldest := int64(0), r.Clock()
	for _, it := range lost {
		newest, oldest = max(newest, it.Since), min(oldest, it.Since)
	}
	if len(lost) == 0 || r.Clock()-newest < wait && r.Clock()-oldest < 5*wait {
		return nil
	}
	return r.bury(lost)
}

// lost lists every item that is missing, in the order of paths.
func (r *Replica) lost() ([]index.Item, error) {
	var all []index.Item
	after := ""
	for {
		items, err := r.Index.InState(index.Missing, after, 4096)
		if err != nil || len(items) == 0 {
			return all, err
		}
		all = append(all, items...)
		after = items[len(items)-1].Path
	}
}

// bury writes tombstones, what is deepest first, for items that are still gone.
func (r *Replica) bury(items []index.Item) error {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b index.Item) int {
		if a.Path > b.Path {
			return -1
		}
		return 1
	})
	for chunk := range slices.Chunk(items, observationsAtOnce) {
		err := func() error {
			r.writing.Lock()
			defer r.writing.Unlock()
			return r.Index.Update(func(tx *index.Tx) error {
				for _, it := range chunk {
					now, ok, err := tx.Get(it.Path)
					if err != nil {
						return err
					}
					if !ok || now.State != index.Missing || !r.absent(it.Path) {
						continue
					}
					if _, err := tx.Put(index.Item{Path: it.Path, Kind: index.Tombstone, Since: r.Clock(),
						Vector: now.Vector.Bump(r.Index.Replica())}); err != nil {
						return err
					}
				}
				return nil
			})
		}()
		if err != nil {
			return err
		}
	}
	return nil
}
