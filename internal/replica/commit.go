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
func (im *Importer) Commit(ctx context.Context, batch exchange.Batch) (ack exchange.Ack, err error) {
	in := im.of(batch)
	if in == nil {
		return exchange.Ack{}, exchange.ErrGap
	}
	defer im.end(in)
	for contents := in.steps; len(contents) > 0; contents = im.copyMoved(ctx, in) {
		if err := im.flushContents(ctx, contents); err != nil {
			return exchange.Ack{}, fmt.Errorf("make the batch durable: %w", err)
		}
	}
	im.writing.Lock()
	defer im.writing.Unlock()
	var reason string
	if err := insist(func() (err error) { reason, err = im.marker(); return err }); err != nil || reason != "" {
		return exchange.Ack{}, cmp.Or(err, im.heldError(reason))
	}
	if err := insist(im.Guard); err != nil {
		return exchange.Ack{}, err
	}
	if err := errors.Join(im.rememberGrowth(), im.renewBaselines()); err != nil {
		return exchange.Ack{}, err
	}
	p, err := im.position()
	if err == nil && batch.Number != p.Number+1 {
		err = exchange.ErrGap // another session came between
	}
	if err != nil {
		return exchange.Ack{}, err
	}
	if slices.ContainsFunc(in.steps, (*step).intends) {
		if err := im.intend(in); err != nil {
			return exchange.Ack{}, err
		}
	}
	touched := map[string]bool{}
	kept := im.newKept()
	defer func() { err = errors.Join(err, kept.done(err == nil)) }()
	kept.prepare(in.steps)
	if err := (&applying{Importer: im, ctx: ctx, in: in, kept: kept, touched: touched}).all(); err != nil {
		return exchange.Ack{}, err
	}
	if err := im.flushBatch(ctx, in.steps, touched); err != nil {
		return exchange.Ack{}, fmt.Errorf("make the batch durable: %w", err)
	}
	im.flushTimes(ctx, in.steps)
	return im.settled(in, p, kept)
}

func (im *Importer) intend(in *incoming) error {
	return im.Index.Update(func(tx *index.Tx) error {
		for _, s := range in.steps {
			if !s.intends() {
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

func (im *Importer) apply(in *incoming, s *step, kept *kept, touched map[string]bool) error {
	place, err := im.place(s.theirs.Path)
	if err == nil && s.decision.Action != plan.Leave {
		err = im.mounted(s.theirs.Path)
	}
	if err != nil {
		return err
	}
	switch s.decision.Action {
	case plan.Leave:
		if s.decision.Stands { // what went or changed here unnoticed did not win
			err = im.standing(s, place)
		}
	case plan.Adopt:
		if there := im.seen(s, place); !there && s.onDisk() {
			return errStanding
		}
		s.done = true
		return nil
	case plan.Retime:
		err = im.retime(s, place)
	case plan.Delete:
		if s.mine.Kind == index.Folder && in.early(s) {
			return nil // what is in it goes before its turn comes
		} else if s.vacated { // what stood here stands in its new place
			touched[path.Dir(place)] = true
		} else if exact, spelledErr := in.spelled.exact(place); spelledErr != nil || !exact && s.onDisk() {
			return cmp.Or(spelledErr, errStanding)
		} else if exact {
			err = im.remove(s, place, kept, touched)
		}
	case plan.Copy:
		if err := im.makeWay(in, s, place, touched); err != nil {
			return err
		}
		if s.theirs.Kind == index.Folder {
			err = im.folder(s, place, kept, touched)
		} else if s.stands {
			touched[path.Dir(place)] = true
			if im.seen(s, place); s.info.Kind != filestore.File {
				err = errStanding
			}
		} else if s.source != nil {
			err = im.move(s, place, kept, touched)
			im.seen(s, place)
		} else if s.temp == "" {
			return nil // its content did not come in this session
		} else {
			err = im.publish(s, s.temp, place, kept, touched)
			im.seen(s, place)
		}
	}
	s.done = err == nil
	return err
}

// seen remembers what stands at a file's place, where it is what the item says: this side's own
// evidence for later looks. It tells whether anything may stand there.
func (im *Importer) seen(s *step, place string) bool {
	if s.theirs.Kind != index.File {
		return true
	}
	info, err := im.Store.Lstat(place)
	if err == nil && info.Size == s.theirs.Size && im.hasTime(info, s.theirs.ModTime) {
		s.info = info
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// retime gives a file that holds the partner's content already the time that both sides agree on.
func (im *Importer) retime(s *step, place string) error {
	if err := im.asPlanned(s, place, false); err != nil {
		return err
	}
	if err := im.setTime(s, place); err != nil {
		return err
	}
	im.seen(s, place)
	return nil
}

// setTime gives a file that has the step's content its time, too.
func (im *Importer) setTime(s *step, place string) error {
	w, err := im.Store.Append(place)
	if err != nil {
		return err
	}
	return errors.Join(w.SetModTime(s.theirs.ModTime), w.Close())
}

// flushTimes makes the times durable that a batch set. Those for which it fails wait.
func (im *Importer) flushTimes(ctx context.Context, steps []*step) {
	places := map[string]*step{}
	for _, s := range steps {
		if (s.decision.Action == plan.Retime || s.retimed) && s.done {
			place, err := im.place(s.theirs.Path)
			if err != nil {
				continue // it had a place a moment ago
			}
			places[place] = s
		}
	}
	if len(places) == 0 {
		return
	}
	err := im.Store.Flush(ctx, slices.Sorted(maps.Keys(places)))
	var some *filestore.FlushError
	if named := errors.As(err, &some); err != nil {
		for place, s := range places {
			if why := some.Why(place); !named || why != nil {
				s.failed = cmp.Or(why, err).Error()
			}
		}
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
	if err == nil {
		touched[path.Dir(place)] = true
	}
	return err
}

func (im *Importer) folder(s *step, place string, kept *kept, touched map[string]bool) error {
	info, err := im.Store.Lstat(place)
	if err == nil && info.Kind == filestore.File {
		if err := im.retire(s, place, kept, touched); err != nil {
			return err
		}
	}
	if err := im.parents(place, touched); err != nil {
		return err
	}
	made, err := im.Store.MakeFolder(place)
	for _, m := range made { // also those above it, where somebody moved them away a moment ago
		touched[path.Dir(m)] = true
	}
	if err == nil && len(made) > 0 {
		err = im.Store.Rights(place, place, s.theirs.Withheld)
	}
	return err
}

// errStanding: what stands at the target, or that nothing does, is not what was planned for. The next look
// takes it up: what an import passed over would be a loss that nobody weighs.
var errStanding = errors.New("the file here changed or went while the partner's version was on the way")

// asPlanned refuses what is not what the index last knew of the target: something changed it since. What
// stands in the place of a version that was lost is kept aside whatever it is.
// moved says that it was moved since, which changes its change time. What was moved to another volume is
// a copy: the store itself makes sure that it is one of what stood there.
func (im *Importer) asPlanned(s *step, place string, moved bool) error {
	if s.mine != nil && s.mine.State != index.Present {
		return nil
	}
	info, err := im.Store.Lstat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errStanding
	case err != nil:
		return err
	case s.mine == nil || s.mine.Kind != index.File || info.Kind != filestore.File ||
		info.Size != s.mine.Size || !im.hasTime(info, s.mine.ModTime) ||
		s.mine.Identity != 0 && info.Identity != s.mine.Identity && !(moved && info.Volume != s.volume) ||
		!moved && s.mine.ChangeTime != 0 && info.ChangeTime != s.mine.ChangeTime:
		return errStanding
	}
	if !moved {
		s.volume = info.Volume
	}
	return nil
}

// standing makes sure that what this side has is still there, as far as one look tells.
func (im *Importer) standing(s *step, place string) error {
	if s.mine == nil || s.mine.Kind != index.Folder {
		return im.asPlanned(s, place, false)
	}
	info, err := im.Store.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Kind != filestore.Folder {
		return errStanding
	}
	return err
}

// publish puts a file in a step's place.
func (im *Importer) publish(s *step, from, place string, kept *kept, touched map[string]bool) error {
	touched[path.Dir(from)] = true
	if s.onDisk() {
		return im.replace(s, from, place, kept, touched)
	}
	if err := im.parents(place, touched); err != nil {
		return err
	}
	// Nothing is replaced by this: what stands there is looked at only where something does.
	err := insist(func() error { return im.Store.Rights(from, place, s.theirs.Withheld) })
	if err != nil {
		return err
	}
	err = insist(func() error { return im.Store.Publish(from, place) })
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := im.Store.Lstat(place)
	if err != nil {
		return err
	}
	if info.Kind == filestore.Folder {
		return im.instead(s, from, place)
	}
	return im.replace(s, from, place, kept, touched)
}

// replace puts a file in the place of another one, which is kept aside.
func (im *Importer) replace(s *step, from, place string, kept *kept, touched map[string]bool) error {
	if err := im.asPlanned(s, place, false); err != nil {
		return err
	}
	aside, err := kept.name(s.keptAs(), s.theirs.Path, touched)
	if err != nil {
		return err
	}
	touched[path.Dir(place)] = true
	if err := im.Store.Rights(from, place, s.theirs.Withheld); err != nil {
		return err
	}
	if err := im.Store.Exchange(from, place, aside); err != nil {
		return err
	}
	if err := im.asPlanned(s, aside, true); err != nil { // it changed at the last moment: it goes back
		return errors.Join(err, im.Store.Exchange(aside, place, from))
	}
	s.aside, s.asideBytes = aside, kept.took(aside, s.mine)
	return nil
}

// triesForFolder is how often a file waits for the folder in its place to become empty.
const triesForFolder = 4

// instead puts a file in the place of a folder, once that is empty. The deletions of what it holds may
// be still to come; a folder that stays is one in which something is that the partner does not know.
func (im *Importer) instead(s *step, from, place string) error {
	if s.mine == nil || s.mine.Kind == index.File {
		return errStanding
	}
	err := im.Store.Remove(place)
	if err == nil {
		err = im.Store.Rights(from, place, s.theirs.Withheld)
		if err == nil {
			err = im.Store.Publish(from, place)
		}
		return err
	}
	if !errors.Is(err, filestore.ErrNotEmpty) || s.mine.Kind != index.Folder || s.source != nil {
		return err
	}
	tried, _, pendingErr := im.Index.PendingAt(s.theirs.Path)
	if pendingErr != nil || tried.Attempts < triesForFolder {
		return errors.Join(err, pendingErr)
	}
	temp := s.temp
	s.temp = ""
	return errors.Join(im.revive(s), im.Store.Remove(temp))
}

func (im *Importer) remove(s *step, place string, kept *kept, touched map[string]bool) error {
	info, err := im.Store.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) {
		if s.onDisk() {
			return errStanding
		}
		touched[path.Dir(place)] = true // an earlier run may have removed it without making that durable
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
	return im.retire(s, place, kept, touched)
}

// revive keeps a folder that the partner deleted but that holds something the partner did not know.
func (im *Importer) revive(s *step) error {
	sequence := s.theirs.Sequence // by it the partner is told how far this side is
	s.theirs = *s.mine
	s.theirs.Sequence = sequence
	s.decision.Vector = s.decision.Vector.Bump(im.Index.Replica())
	return nil
}

func (im *Importer) retire(s *step, place string, kept *kept, touched map[string]bool) error {
	if err := im.asPlanned(s, place, false); err != nil {
		return err
	}
	aside, err := kept.name(s.keptAs(), s.theirs.Path, touched)
	if err != nil {
		return err
	}
	touched[path.Dir(place)] = true
	if err := im.Store.Publish(place, aside); err != nil {
		return err
	}
	if err := im.asPlanned(s, aside, true); err != nil { // it changed at the last moment: it goes back
		return errors.Join(err, im.Store.Publish(aside, place))
	}
	s.aside, s.asideBytes = aside, kept.took(aside, s.mine)
	return nil
}

// reasonAgain stands with a path of which both sides have a version of their own and this side's wins.
const reasonAgain = "both sides changed it; this side's version stays and is still to be taken by the partner"

// settled writes what became of a batch to the index and makes the answer.
func (im *Importer) settled(in *incoming, p position, kept *kept) (exchange.Ack, error) {
	ack := exchange.Ack{Number: in.batch.Number, Hash: in.batch.Hash}
	// What the batch displaced is counted in the moment in which it is no promise any more.
	im.displacements.mu.Lock()
	defer im.displacements.mu.Unlock()
	displaced, err := im.displaced(in)
	if err != nil {
		return ack, err
	}
	agreed := im.Index.Agreed()
	err = im.Index.Update(func(tx *index.Tx) error {
		for key, value := range displaced {
			if err := tx.SetMeta(key, value); err != nil {
				return err
			}
		}
		conflicts := int64(0)
		open := in.batch.After > p.Acknowledged // something before this batch is still to come
		for _, s := range in.steps {
			// What comes with a renamed file from beyond the window is offered again in its turn.
			early := s.theirs.Sequence > in.batch.Through
			switch {
			case s.failed != "":
				if err := tx.PutPending(index.Pending{Path: s.theirs.Path, Reason: s.failed, Code: s.code, Since: im.Clock()}); err != nil {
					return err
				}
			case !s.done:
				open = open || !early // its content is still to come: what follows is offered again
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
				if s.duplicate != nil && s.duplicate.done {
					if err := tx.Inherit(s.theirs.Path, *s.duplicate.mine); err != nil {
						return err
					}
				}
				if s.decision.Stands && s.mine.Sequence <= agreed {
					if err := im.offerAgain(tx, s); err != nil {
						return err
					}
				}
				if !s.decision.Again {
					if err := tx.DropPending(s.theirs.Path); err != nil {
						return err
					}
				} else if err := tx.PutPending(index.Pending{Path: s.theirs.Path, Reason: reasonAgain, Code: index.Again, Since: im.Clock()}); err != nil {
					return err
				}
			}
			if !open && !early {
				p.Acknowledged = max(p.Acknowledged, s.theirs.Sequence)
			}
		}
		if !open && in.batch.Through > 0 {
			p.Acknowledged = max(p.Acknowledged, in.batch.Through)
		}
		for _, p := range in.asked {
			// What was asked for again and did not come is nothing that the partner has any more.
			if in.at[p] == nil {
				if err := tx.DropPending(p); err != nil {
					return err
				}
			}
		}
		p.Number, p.Hash, p.Heard = in.batch.Number, in.batch.Hash[:], im.Clock()
		if p.Number == 1 {
			if err := im.dropPositions(tx); err != nil {
				return err
			}
		}
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
		return errors.Join(tx.SetMeta("conflicts", []byte(strconv.FormatInt(total, 10))), kept.record(tx))
	})
	delete(im.displacements.promised, in)
	ack.Acknowledged = p.Acknowledged
	ack.Pending = uint64(im.Index.PendingCount())
	return ack, err
}

// offerAgain has the partner take what stands here: it was acknowledged once, and what the partner has now does not
// know of it.
func (im *Importer) offerAgain(tx *index.Tx, s *step) error {
	it, known, err := tx.Get(s.theirs.Path)
	if err != nil || !known || it.Sequence != s.mine.Sequence {
		return err // it was changed since, and is offered for that
	}
	it.Vector = s.decision.Vector.Bump(im.Index.Replica())
	_, err = tx.Put(it)
	return err
}

// write records an applied item with this side's own evidence of it.
func (im *Importer) write(tx *index.Tx, s *step) error {
	it := s.theirs
	it.State, it.Since = index.Present, 0
	it.Vector = s.decision.Vector
	if it.Kind == index.Tombstone {
		if it.Since = im.Clock(); s.mine != nil {
			it.Hash = s.mine.Hash
		}
	}
	it.ChangeTime, it.Identity = s.info.ChangeTime, s.info.Identity
	if s.info.Kind != 0 {
		it.Withheld = s.info.Withheld
	}
	if it.Kind != index.Tombstone {
		if err := im.above(tx, it.Path); err != nil {
			return err
		}
	}
	_, known, err := tx.Get(it.Path)
	if err != nil {
		return err
	}
	if s.source != nil {
		_, err = tx.PutMoved(it, *s.source.mine)
	} else {
		_, err = tx.Put(it)
	}
	if err != nil {
		return err
	}
	if known && it.Kind != index.Folder {
		if err := im.below(tx, it.Path); err != nil {
			return err
		}
	}
	return tx.DropIntent(it.Path)
}

// below marks as missing what the index still has in a folder that is one no more: it was empty, and
// no look goes into it again.
func (im *Importer) below(tx *index.Tx, folder string) error {
	items, err := tx.Children(folder)
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.Kind == index.Tombstone {
			continue
		}
		if it.State != index.Missing {
			it.State, it.Since = index.Missing, im.Clock()
			if err := tx.Refresh(it); err != nil {
				return err
			}
		}
		if err := im.below(tx, it.Path); err != nil {
			return err
		}
	}
	return nil
}
