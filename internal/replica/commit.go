package replica

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// Commit publishes a batch: contents are made durable, intents are written, names change, folders are
// made durable, and only then the index and the answer say so.
func (im *Importer) Commit(ctx context.Context, batch exchange.Batch) (exchange.Ack, error) {
	in := im.of(batch)
	if in == nil {
		return exchange.Ack{}, exchange.ErrGap
	}
	defer im.end(in)
	var temps []string
	for _, s := range in.steps {
		if s.temp != "" {
			temps = append(temps, s.temp)
		}
	}
	if len(temps) > 0 {
		if err := im.Store.Flush(ctx, temps); err != nil {
			return exchange.Ack{}, fmt.Errorf("make the batch durable: %w", err)
		}
	}
	im.writing.Lock()
	defer im.writing.Unlock()
	if err := im.Guard(); err != nil {
		return exchange.Ack{}, err
	}
	p, err := im.position()
	if err == nil && batch.Number != p.Number+1 {
		err = exchange.ErrGap // another session came between
	}
	if err != nil {
		return exchange.Ack{}, err
	}
	if len(temps) > 0 {
		if err := im.intend(in); err != nil {
			return exchange.Ack{}, err
		}
	}
	touched := map[string]bool{}
	kept := im.newKept()
	for _, s := range inOrder(in.steps) {
		if s.failed != "" {
			continue
		}
		if err := im.apply(s, kept, touched); err != nil {
			s.failed = err.Error()
		}
	}
	if len(touched) > 0 {
		folders := slices.DeleteFunc(slices.Sorted(maps.Keys(touched)), func(f string) bool {
			_, err := im.Store.Lstat(f)
			return errors.Is(err, fs.ErrNotExist)
		})
		if err := im.Store.FlushFolders(ctx, folders); err != nil {
			return exchange.Ack{}, fmt.Errorf("make the batch durable: %w", err)
		}
	}
	return im.settled(in, p)
}

func (im *Importer) intend(in *incoming) error {
	return im.Index.Update(func(tx *index.Tx) error {
		for _, s := range in.steps {
			if s.temp == "" {
				continue
			}
			it := s.theirs
			it.Vector = s.decision.Vector
			if err := tx.PutIntent(it); err != nil {
				return err
			}
		}
		return nil
	})
}

// inOrder puts folders before what is in them, and deletions last, deepest first.
func inOrder(steps []*step) []*step {
	ordered := slices.Clone(steps)
	slices.SortStableFunc(ordered, func(a, b *step) int {
		x, y := a.decision.Action == plan.Delete, b.decision.Action == plan.Delete
		if x != y {
			if x {
				return 1
			}
			return -1
		}
		if x {
			return cmp.Compare(b.theirs.Path, a.theirs.Path)
		}
		return cmp.Compare(a.theirs.Path, b.theirs.Path)
	})
	return ordered
}

func (im *Importer) apply(s *step, kept *kept, touched map[string]bool) error {
	place, err := im.place(s.theirs.Path)
	if err != nil {
		return err
	}
	switch s.decision.Action {
	case plan.Leave:
		s.done = true
		return nil
	case plan.Adopt:
		s.done = true
		im.seen(s, place)
		return nil
	case plan.Delete:
		err = im.remove(s, place, kept, touched)
	case plan.Copy:
		if s.theirs.Kind == index.Folder {
			err = im.folder(s, place, kept, touched)
		} else if s.temp == "" {
			return nil // its content did not come in this session
		} else {
			err = im.publish(s, place, kept, touched)
			im.seen(s, place)
		}
	}
	s.done = err == nil
	return err
}

// seen remembers what stands at a file's place, where it is what the item says: this side's own
// evidence for later looks.
func (im *Importer) seen(s *step, place string) {
	if s.theirs.Kind != index.File {
		return
	}
	if info, err := im.Store.Lstat(place); err == nil && info.Size == s.theirs.Size && info.ModTime == s.theirs.ModTime {
		s.info = info
	}
}

// parents makes the folders above a place and notes which entries must become durable.
func (im *Importer) parents(place string, touched map[string]bool) error {
	if touched[path.Dir(place)] {
		return nil // it was there a moment ago
	}
	made, err := im.Store.MakeFolder(path.Dir(place))
	for _, m := range made {
		touched[path.Dir(m)] = true
	}
	touched[path.Dir(place)] = true
	return err
}

func (im *Importer) folder(s *step, place string, kept *kept, touched map[string]bool) error {
	info, err := im.Store.Lstat(place)
	if err == nil && info.Kind == filestore.File {
		if err := im.asPlanned(s, info); err != nil {
			return err
		}
		if err := im.retire(place, s.theirs.Path, "conflict", kept, touched); err != nil {
			return err
		}
	}
	if err := im.parents(place, touched); err != nil {
		return err
	}
	_, err = im.Store.MakeFolder(place)
	return err
}

// errStanding: what stands at the target is not what was planned for; the next look takes it up.
var errStanding = errors.New("the file changed here while its replacement was on the way")

// asPlanned refuses a target that changed since the index last knew it. What stands in the place of a
// version that was lost is kept aside whatever it is.
func (im *Importer) asPlanned(s *step, info filestore.Info) error {
	switch {
	case s.mine != nil && s.mine.State != index.Present:
		return nil
	case s.mine == nil || s.mine.Kind != index.File || info.Kind != filestore.File ||
		info.Size != s.mine.Size || info.ModTime != s.mine.ModTime ||
		s.mine.ChangeTime != 0 && info.ChangeTime != s.mine.ChangeTime:
		return errStanding
	}
	return nil
}

func (im *Importer) publish(s *step, place string, kept *kept, touched map[string]bool) error {
	if err := im.parents(place, touched); err != nil {
		return err
	}
	touched[im.Base+"/Temp"] = true
	// Nothing is replaced by this: what stands there is looked at only where something does.
	if err := im.Store.Publish(s.temp, place); !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := im.Store.Lstat(place)
	if err != nil {
		return err
	}
	if info.Kind != filestore.File {
		return errStanding
	}
	if err := im.asPlanned(s, info); err != nil {
		return err
	}
	kind := "replaced"
	if s.decision.Conflict {
		kind = "conflict"
	}
	aside, err := kept.name(kind, s.theirs.Path, touched)
	if err != nil {
		return err
	}
	return im.Store.Exchange(s.temp, place, aside)
}

func (im *Importer) remove(s *step, place string, kept *kept, touched map[string]bool) error {
	info, err := im.Store.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	touched[path.Dir(place)] = true
	if info.Kind == filestore.Folder {
		err := im.Store.Remove(place)
		if errors.Is(err, filestore.ErrNotEmpty) {
			return im.revive(s)
		}
		return err
	}
	if err := im.asPlanned(s, info); err != nil {
		return err
	}
	return im.retire(place, s.theirs.Path, "deleted", kept, touched)
}

// revive keeps a folder that the partner deleted but that holds something the partner did not know.
func (im *Importer) revive(s *step) error {
	s.theirs = *s.mine
	s.decision.Vector = s.decision.Vector.Bump(im.Index.Replica())
	return nil
}

func (im *Importer) retire(place, logical, kind string, kept *kept, touched map[string]bool) error {
	aside, err := kept.name(kind, logical, touched)
	if err != nil {
		return err
	}
	touched[path.Dir(place)] = true
	return im.Store.Publish(place, aside)
}

// settled writes what became of a batch to the index and makes the answer.
func (im *Importer) settled(in *incoming, p position) (exchange.Ack, error) {
	ack := exchange.Ack{Number: in.batch.Number, Hash: in.batch.Hash}
	err := im.Index.Update(func(tx *index.Tx) error {
		conflicts := int64(0)
		open := in.batch.After > p.Acknowledged // something before this batch is still to come
		for _, s := range in.steps {
			switch {
			case s.failed != "":
				if err := tx.PutPending(index.Pending{Path: s.theirs.Path, Reason: s.failed, Since: im.Clock()}); err != nil {
					return err
				}
			case !s.done:
				open = true // its content is still to come: what follows is offered again
			default:
				if s.decision.Conflict {
					conflicts++
				}
				if s.decision.Action != plan.Leave {
					ack.Applied++
					if err := im.write(tx, s); err != nil {
						return err
					}
				}
				if err := tx.DropPending(s.theirs.Path); err != nil {
					return err
				}
			}
			if !open && in.batch.Through > 0 {
				p.Acknowledged = max(p.Acknowledged, s.theirs.Sequence)
			}
		}
		if !open && in.batch.Through > 0 {
			p.Acknowledged = max(p.Acknowledged, in.batch.Through)
		}
		p.Number, p.Hash = in.batch.Number, in.batch.Hash[:]
		raw, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := tx.SetMeta(im.key(), raw); err != nil {
			return err
		}
		ack.Conflicts = uint64(conflicts)
		im.state.Lock()
		im.state.conflicts += conflicts
		total := im.state.conflicts
		im.state.Unlock()
		return tx.SetMeta("conflicts", []byte(strconv.FormatInt(total, 10)))
	})
	ack.Acknowledged = p.Acknowledged
	ack.Pending = uint64(im.Index.PendingCount())
	return ack, err
}

// write records an applied item with this side's own evidence of it.
func (im *Importer) write(tx *index.Tx, s *step) error {
	it := s.theirs
	it.State, it.Since = index.Present, 0
	it.Vector = s.decision.Vector
	if it.Kind == index.Tombstone {
		it.Since = im.Clock()
	}
	it.ChangeTime, it.Identity = s.info.ChangeTime, s.info.Identity
	if _, err := tx.Put(it); err != nil {
		return err
	}
	return tx.DropIntent(it.Path)
}
