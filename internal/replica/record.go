package replica

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// hash reads a file once and tells what it was when the reading ended.
func (r *Replica) hash(ctx context.Context, place string) (index.Hash, filestore.Info, error) {
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
	n, err := transfer(sum, &stoppable{f, ctx})
	if err != nil {
		return index.Hash{}, before, err
	}
	after, err := f.Info()
	if err == nil && (n != after.Size || before != after) {
		err = errors.New("it changed while it was read")
	}
	return index.Hash(sum.Sum(nil)), after, err
}

// stoppable ends reading soon after its context does, however large the file is.
type stoppable struct {
	io.Reader
	ctx context.Context
}

func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// children goes through what the index has in a folder, in the order of names, a page at a time.
type children struct {
	index  *index.Index
	folder string
	page   []index.Item
	after  string
	ended  bool
}

func (r *Replica) children(folder string) *children { return &children{index: r.Index, folder: folder} }

func (c *children) next() (index.Item, bool, error) {
	if len(c.page) == 0 && !c.ended {
		var err error
		if c.page, err = c.index.ChildrenAfter(c.folder, c.after, childrenAtOnce); err != nil {
			return index.Item{}, false, err
		}
		if c.ended = len(c.page) < childrenAtOnce; len(c.page) > 0 {
			c.after = strings.TrimPrefix(c.page[len(c.page)-1].Path, c.folder+"/")
		}
	}
	if len(c.page) == 0 {
		return index.Item{}, false, nil
	}
	return c.page[0], true, nil
}

// at goes on to a path, "" for the end, and hands every item before it to absent.
func (c *children) at(path string, absent func(index.Item) error) (index.Item, bool, error) {
	for {
		it, ok, err := c.next()
		if err != nil || !ok || path != "" && it.Path > path {
			return index.Item{}, false, err
		}
		c.page = c.page[1:]
		if it.Path == path {
			return it, true, nil
		}
		if err := absent(it); err != nil {
			return index.Item{}, false, err
		}
	}
}

// vanished notes an item that the listing lacks, and everything below it.
func (l *look) vanished(it index.Item) error {
	if it.Kind == index.Tombstone {
		return nil
	}
	if it.Kind == index.Folder {
		if l.isVolume(it.Path) {
			l.replaced = append(l.replaced, observation{it.Sequence, it.State, it})
		}
		if err := l.vanishedBelow(it.Path); err != nil {
			return err
		}
	}
	l.gone = append(l.gone, it)
	if len(l.gone) < observationsAtOnce {
		return nil
	}
	return l.missing()
}

func (l *look) vanishedBelow(folder string) error {
	_, _, err := l.children(folder).at("", l.vanished)
	return err
}

func (l *look) differs(before, after index.Item) error {
	l.batch = append(l.batch, observation{before.Sequence, before.State, after})
	if len(l.batch) < observationsAtOnce {
		return nil
	}
	return l.commit()
}

// commit confirms a batch of differences under the lock and writes them to the index.
func (l *look) commit() error {
	for chunk := range slices.Chunk(l.batch, observationsAtOnce) {
		if err := l.confirm(chunk, l.record); err != nil {
			return err
		}
	}
	l.batch = l.batch[:0]
	return nil
}

// confirm hands those observations on that still are about what the index has: where an import came
// between, the next look sees what it left.
func (l *look) confirm(batch []observation, then func(tx *index.Tx, now, next index.Item) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	batch, err := l.finishIntents(batch)
	if err != nil {
		return err
	}
	return l.Index.Update(func(tx *index.Tx) error {
		for _, o := range batch {
			now, _, err := tx.Get(o.after.Path)
			if err != nil {
				return err
			}
			if now.Sequence != o.sequence || now.State != o.state {
				if now.State == index.Present && now.Kind == o.after.Kind && now.Hash == o.after.Hash && now.Size == o.after.Size && now.ModTime == o.after.ModTime {
					continue // an import brought just that
				}
				l.follow.defers(o.after.Path, errors.New("it was replaced while it was looked at"))
				continue
			}
			if err := then(tx, now, o.after); err != nil {
				return err
			}
		}
		return nil
	})
}

// record writes what the disk holds: a change of this side's own, unless the content is what the
// index or an interrupted import says already.
func (l *look) record(tx *index.Tx, now, next index.Item) error {
	same := now.Kind == next.Kind && now.Size == next.Size && l.keptTime(now.ModTime) == l.keptTime(next.ModTime) && now.Hash == next.Hash
	if same {
		next.ModTime = now.ModTime
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
	if ok && l.intended(intent, next) {
		next.ModTime = intent.ModTime
		next.Vector = intent.Vector
		if err := tx.DropIntent(next.Path); err != nil {
			return err
		}
	} else {
		next.Vector = now.Vector.Bump(l.Index.Replica())
	}
	if err := l.above(tx, next.Path); err != nil {
		return err
	}
	_, err = tx.Put(next)
	return err
}

// above sees to it that the index has the folder of what it has: else nobody would miss what is in a
// folder that goes with all that it holds.
func (r *Replica) above(tx *index.Tx, p string) error {
	folder := path.Dir(p)
	if !strings.Contains(folder, "/") {
		return nil // a root
	}
	it, ok, err := tx.Get(folder)
	if err != nil || ok && it.Kind == index.Folder {
		return err
	}
	if err := r.above(tx, folder); err != nil {
		return err
	}
	_, err = tx.Put(index.Item{Path: folder, Kind: index.Folder, Vector: it.Vector.Bump(r.Index.Replica())})
	return err
}

// intended tells whether what stands on the disk is what an interrupted import meant to put there.
func (r *Replica) intended(intent, found index.Item) bool {
	return intent.Kind == found.Kind && intent.Hash == found.Hash && r.keptTime(intent.ModTime) == r.keptTime(found.ModTime)
}

// finishIntents makes durable what interrupted imports put in place: what stopped them may have been that
// names could not be made durable. Files for which that fails again wait for a later scan, and are left out
// of the observations that it returns. It asks the store, so it runs before the index is changed. The caller
// holds writing.
func (l *look) finishIntents(batch []observation) ([]observation, error) {
	if has, err := l.Index.HasIntents(); err != nil || !has {
		return batch, err
	}
	var places []string
	finishing := map[string]string{} // places by path
	for _, o := range batch {
		intent, ok, err := l.Index.Intent(o.after.Path)
		if err != nil {
			return nil, err
		}
		if !ok || !l.intended(intent, o.after) {
			continue
		}
		place, err := l.place(o.after.Path)
		if err != nil {
			return nil, err
		}
		places = append(places, place)
		finishing[o.after.Path] = place
	}
	if len(places) == 0 || l.lasting(places...) == nil {
		return batch, nil
	}
	return slices.DeleteFunc(slices.Clone(batch), func(o observation) bool { // one by one: each fails by itself
		place, ok := finishing[o.after.Path]
		if !ok {
			return false
		}
		err := l.lasting(place)
		if err != nil {
			l.follow.defers(o.after.Path, err)
		}
		return err != nil
	}), nil
}

// lasting makes files and their names durable.
func (r *Replica) lasting(places ...string) error {
	if err := r.Store.Flush(r.context(), places); err != nil {
		return err
	}
	folders := map[string]bool{".": true}
	for _, place := range places {
		for above := path.Dir(place); !folders[above]; above = path.Dir(above) {
			folders[above] = true
		}
	}
	return r.Store.FlushFolders(r.context(), slices.Sorted(maps.Keys(folders)))
}

// outdated marks files that are older than known as missing versions, so that the partner's copy is
// wanted again.
func (l *look) outdated() error {
	for chunk := range slices.Chunk(l.regressed, observationsAtOnce) {
		if err := l.confirm(chunk, func(tx *index.Tx, now, _ index.Item) error { return l.miss(tx, now) }); err != nil {
			return err
		}
	}
	l.regressed = l.regressed[:0]
	return nil
}

func (l *look) miss(tx *index.Tx, it index.Item) error {
	if it.State == index.Missing {
		return nil
	}
	it.State, it.Since = index.Missing, l.Clock()
	return tx.Refresh(it)
}

// missing marks what was noted as gone and still is; whether it was deleted or lost is decided later.
func (l *look) missing() error {
	gone := l.gone
	l.gone = l.gone[:0]
	if len(gone) == 0 {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	// The store is asked before the index is changed: a store that hangs must not keep the index locked.
	spelled := l.newSpelling()
	gone = slices.DeleteFunc(gone, func(it index.Item) bool {
		absent, err := spelled.absent(it.Path)
		if err != nil {
			l.incomplete("look for "+it.Path, err)
		}
		return !absent
	})
	return l.Index.Update(func(tx *index.Tx) error {
		for _, it := range gone {
			now, ok, err := tx.Get(it.Path)
			if err != nil {
				return err
			}
			if !ok || now.Sequence != it.Sequence {
				continue
			}
			if now.Kind == index.File {
				l.evidence.Missing++
			}
			if err := l.miss(tx, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// absent tells whether a path is known not to be there; an error tells that nobody knows.
func (s *spelling) absent(logical string) (bool, error) {
	place, err := s.place(logical)
	if err != nil {
		return false, err
	}
	_, err = s.Store.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	exact, err := s.exact(place)
	return !exact, err
}

func (r *Replica) setMeta(key, value string) error { return setMeta(r.Index, key, value) }

func setMeta(x *index.Index, key, value string) error {
	known, err := x.Meta(key)
	if err != nil || string(known) == value {
		return err
	}
	if err := x.Update(func(tx *index.Tx) error { return tx.SetMeta(key, []byte(value)) }); err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return nil
}
