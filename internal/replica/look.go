package replica

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"csbackup/internal/brake"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Look is what a look found.
type Look struct {
	Full bool // everything was looked at
	// Began is when it began, by the host's clock: what changed later may not have been seen. FullBegan is when
	// the last full look began that came to its end, the zero time when none did since the service started.
	Began, FullBegan        time.Time
	Files, Changed, Missing int64         // Missing: paths that the index knows and that are not there
	Deferred                int64         // paths that could not be read or are still changing; each delays only itself
	Skipped                 int64         // links, devices and the like, and paths beyond the limits: they are never replicated
	Untaken                 []Untaken     // of the deferred paths the first ones, and then of the skipped ones
	Example                 string        // one of them, with the reason
	Incomplete              error         // folders could not be listed: nothing in them counts as gone
	unlisted                int           // how many
	broken                  bool          // for another reason than that the service may not read them
	reading                 time.Duration // what files took that were read
}

// look carries one look through one root.
type look struct {
	*Replica
	ctx       context.Context
	root      Root
	found     Look
	evidence  brake.Evidence
	holding   bool // the brake holds this root already, or the store is not the known one
	foreign   bool // the store is not the known one
	identity  uint64
	batch     []observation
	gone      []index.Item
	regressed []observation
	overdrawn bool                  // so much is older than it was that the brake is sure to hold
	arrived   map[index.Hash]int    // contents under new names, or in the place of others
	left      map[string]index.Item // what the index had where something else is now, by path
	renames   *renames
	ahead     map[string]hashed // by place
	spelled   *spelling         // where single names are looked at
	volume    uint64            // of the folder that is looked at, 0 when unknown
	volumes   []string          // folders that are volumes of their own
	returned  returned          // what came back with an older copy of the store
	replaced  []observation     // folders that are other ones than they were, and empty, or no volume any more
}

// observation is one difference between disk and index, still to be confirmed under the lock.
type observation struct {
	sequence uint64 // of what the index had
	state    index.State
	after    index.Item
}

const (
	observationsAtOnce = 2048
	childrenAtOnce     = 1024
)

// Look compares the whole store with the index, brings the index up to date, and lets the loss brake
// judge what is gone. The reason why the brake holds is told by Held.
func (r *Replica) Look(ctx context.Context) (Look, error) {
	r.looking.Lock()
	defer r.looking.Unlock()
	return r.fullLook(ctx, filestore.Info{})
}

// fullLook with the root of a store that is not the known one is the look before a full comparison ordered by an
// administrator: that store is taken over, so that what it lacks can be put back.
func (r *Replica) fullLook(ctx context.Context, takeOver filestore.Info) (Look, error) {
	restoring := takeOver.Kind != 0
	total, started := Look{Full: true, Began: r.Now()}, r.Elapsed()
	if err := r.reachable(); err != nil {
		return total, err
	}
	reason, err := r.marker()
	if err != nil {
		return total, fmt.Errorf("read the store's marker: %w", err)
	}
	if err := r.distrust(reason); err != nil || reason != "" && !restoring {
		return total, err
	}
	if reason != "" {
		// This store cannot tell whether the index is an older copy of itself, which would give numbers
		// anew that the partner has taken already.
		if err := errors.Join(r.admit(takeOver), r.Index.Renew()); err != nil {
			return total, err
		}
	}
	r.startFollowing()
	if err := r.lookBegins(); err != nil {
		return total, err
	}
	back := int64(0) // files that came back with an older copy of the store
	for _, root := range r.Roots {
		l := r.newLook(ctx, root)
		l.found.Full = true
		l.foreign = reason != ""
		l.holding = l.holding || l.foreign
		if err := errors.Join(l.walk(), l.setAside()); err != nil {
			return total, err
		}
		back += l.returned.files
		held, err := l.weigh()
		if err == nil && held != "" && !l.holding {
			if l, err = l.again(); err == nil {
				held, err = l.weigh()
			}
		}
		if err == nil {
			err = l.judge(held)
		}
		if err != nil {
			return total, err
		}
		total.add(l.found)
	}
	if reason != "" {
		if err := r.setReturned(back); err != nil {
			return total, err
		}
		// Under a new name: the store that was here may come back.
		if err := r.markAs(""); err != nil {
			return total, fmt.Errorf("take the store over: %w", err)
		}
		if err := r.distrust(""); err != nil {
			return total, err
		}
	}
	f := &r.follow
	f.whole, f.fullAt, f.fullBegan = !total.broken, r.Elapsed(), total.Began
	f.every = fullLookDue(r.Elapsed() - started - total.reading)
	if err := r.setMeta(lookedMeta, "yes"); err != nil {
		return total, err
	}
	return r.conclude(total)
}

// lookedMeta is kept in the index once a full look came to its end.
const lookedMeta = "looked"

func (r *Replica) lookedOnce() (bool, error) {
	raw, err := r.Index.Meta(lookedMeta)
	return len(raw) > 0, err
}

func (l *Look) add(other Look) {
	l.Files += other.Files
	l.Changed += other.Changed
	l.Missing += other.Missing
	l.Incomplete = errors.Join(l.Incomplete, other.Incomplete)
	l.unlisted += other.unlisted
	l.broken = l.broken || other.broken
	l.reading += other.reading
}

// conclude settles what is to be settled and tells what waits.
func (r *Replica) conclude(total Look) (Look, error) {
	if r.Held() == "" && !total.broken {
		if r.Index.Counts().Missing > 0 {
			if err := r.settle(); err != nil {
				return total, err
			}
		}
		if err := errors.Join(r.lookEnds(), r.forgetTombstones()); err != nil {
			return total, err
		}
	}
	total.Missing = r.Index.Counts().Missing
	f := &r.follow
	total.Deferred, total.Skipped = int64(len(f.again.reasons)), int64(len(f.skipped.reasons))
	if total.Untaken = f.untaken(); len(total.Untaken) > 0 {
		total.Example = total.Untaken[0].String()
	}
	total.FullBegan = f.fullBegan
	return total, errors.Join(r.saveClock(), r.tidy())
}

func (r *Replica) reachable() error {
	if _, err := r.Store.Lstat("."); err != nil {
		return failure.Wrap(failure.StoreUnavailable, r.Pool, "The file store of "+r.Pool+" cannot be used",
			"Mount it, or put a folder there; the service goes on by itself.", err)
	}
	return nil
}

func (r *Replica) newLook(ctx context.Context, root Root) *look {
	known := r.Index.RootCounts(root.Name).Files
	return &look{Replica: r, ctx: ctx, root: root, holding: r.holding(root.Name), arrived: map[index.Hash]int{}, left: map[string]index.Item{},
		evidence: brake.Evidence{Root: root.Name, Known: known}}
}

// walk looks at the whole root.
func (l *look) walk() error {
	info, err := l.Store.Lstat(l.root.Folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		counts := l.Index.RootCounts(l.root.Name)
		l.evidence.Absent = counts.Files+counts.Folders > 0
		err = l.vanishedBelow(l.root.Name)
	case err != nil:
		l.incomplete("look at "+l.root.Folder, err)
		err = nil
	case info.Kind != filestore.Folder:
		l.incomplete(l.root.Folder+" is not a folder", filestore.ErrNotRegular)
	default:
		if err = l.sameRoot(info); err == nil {
			_, err = l.folder(l.root.Name, l.root.Folder)
		}
	}
	if err == nil {
		err = l.commit()
	}
	if err == nil {
		err = l.missing()
	}
	return err
}

// sameRoot compares the root's folder with the one of the last look.
func (l *look) sameRoot(info filestore.Info) error {
	known, err := l.Index.Meta("root-" + l.root.Name)
	l.identity, l.volume = info.Identity, info.Volume
	before, parseErr := strconv.ParseUint(string(known), 10, 64)
	l.evidence.Replaced = parseErr == nil && before != 0 && info.Identity != 0 && before != info.Identity
	return err
}

// folder compares one folder's listing with what the index has in it, both in the order of names.
// It tells whether the folder is empty.
func (l *look) folder(logical, place string) (empty bool, err error) {
	if err := l.ctx.Err(); err != nil {
		return false, err
	}
	listed, err := l.Store.ReadDir(place)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) && logical != l.root.Name {
			l.closed(logical, place, err)
		} else {
			l.incomplete("list "+place, err)
		}
		return false, nil
	}
	known := l.children(logical)
	_, some, err := known.next()
	if err != nil {
		return false, err
	}
	for i, info := range listed {
		if i%aheadAtOnce == 0 && !some && l.Readers > 1 {
			began := l.Elapsed()
			l.hashAhead(place, listed[i:min(i+aheadAtOnce, len(listed))])
			l.found.reading += l.Elapsed() - began
		}
		p := logical + "/" + info.Name
		it, ok, err := known.at(p, l.vanished)
		if err != nil {
			return false, err
		}
		if !ok {
			it = index.Item{}
		}
		if err := l.entry(p, place+"/"+info.Name, info, it); err != nil {
			return false, err
		}
	}
	_, _, err = known.at("", l.vanished)
	return len(listed) == 0, err
}

// entry compares one name that is there with what the index has of it, zero when it has nothing.
func (l *look) entry(p, place string, info filestore.Info, it index.Item) error {
	switch {
	case skipped(info.Name):
		return nil
	case info.Kind == filestore.Other:
		l.follow.skip(p, "it is neither a file nor a folder")
		return nil
	case beyond(p) != "":
		l.follow.skip(p, beyond(p))
		return nil
	case info.Kind == filestore.Folder:
		l.leaves(it)
		return l.subfolder(p, place, info, it)
	}
	if it.Kind == index.Folder { // all that was in it went with it
		if err := l.vanishedBelow(p); err != nil {
			return err
		}
	}
	return l.file(p, place, info, it)
}

func (l *look) file(p, place string, info filestore.Info, it index.Item) error {
	l.found.Files++
	if info.Links > 1 {
		l.follow.link(p)
	}
	// A suspect file that nobody touched stays suspect: only a scrub reads it again.
	if it.Kind == index.File && it.State != index.Missing && it.Size == info.Size && l.hasTime(info, it.ModTime) &&
		it.ChangeTime == info.ChangeTime && it.Identity == info.Identity {
		return nil
	}
	hash, after, err := l.read(place)
	if err == nil && (after.Size != info.Size || after.ModTime != info.ModTime) {
		err = errors.New("it is still changing")
	}
	if err != nil {
		// Held, vanished or still being written: it waits for a later look and delays only itself.
		l.follow.defers(p, err)
		return l.ctx.Err()
	}
	next := index.Item{Path: p, Kind: index.File, Size: after.Size, ModTime: after.ModTime, Hash: hash,
		ChangeTime: after.ChangeTime, Identity: after.Identity, Withheld: after.Withheld}
	// In a store that is not the known one, whatever differs is no change that somebody made here; nor is it
	// later, in the place of what is missing, until the loss is made good.
	foreign := l.foreign || l.holding && it.State == index.Missing
	if it.Kind == index.File && it.Hash != hash && (foreign || l.keptTime(after.ModTime) < l.keptTime(it.ModTime)) {
		// What this side itself was about to put there, and was stopped, is expected.
		intent, ok, err := l.Index.Intent(p)
		if err != nil {
			return err
		}
		if !ok || !l.intended(intent, next) {
			return l.regress(it, next)
		}
	}
	if was, err := l.cameBack(p, place, it, next); was || err != nil {
		return err
	}
	if it.Kind != index.File || it.Hash != hash {
		l.comes(next)
		l.leaves(it)
	}
	return l.differs(it, next)
}

// regress notes a file that is older than it was: a change like any other, unless the brake holds.
func (l *look) regress(it, next index.Item) error {
	l.evidence.Regressed++
	l.leaves(it)
	l.regressed = append(l.regressed, observation{it.Sequence, it.State, next})
	l.overdrawn = l.overdrawn || l.evidence.Regressed*2 > l.evidence.Known
	if l.overdrawn && len(l.regressed) >= arrivalsAtMost {
		return l.outdated()
	}
	return nil
}

// weigh lets the brake weigh what was found in a root.
func (l *look) weigh() (held string, err error) {
	if l.renames, err = l.moves(); err != nil {
		return "", err
	}
	deaths, err := l.deaths(l.root.Name)
	if err != nil {
		return "", err
	}
	moved := l.renames.paths()
	if l.evidence.Earlier, err = l.earlier(); err != nil {
		return "", err
	}
	if err := l.vacated(moved); err != nil {
		return "", err
	}
	evidence := l.evidence
	evidence.Regressed -= int64(len(l.renames.back))
	evidence.Holding, evidence.Moved, evidence.Recent = l.holding, int64(len(moved)), deaths.since(l.Clock()-recently)
	return brake.Held(evidence), nil
}

// judge writes what follows from the brake's word. Where it lets all pass, what was renamed counts as deleted at once:
// its content is there under the new name.
func (l *look) judge(held string) error {
	var err error
	if held != "" {
		err = l.outdated()
	} else {
		l.batch, l.regressed = append(l.batch, l.regressed...), nil
		if err = l.commit(); err == nil {
			err = l.renamed(l.renames)
		}
	}
	if err == nil {
		err = l.setHold(l.root.Name, held)
	}
	if err == nil && held == "" && l.found.Full && l.found.Incomplete == nil {
		err = l.setVolumes(l.root.Name, l.volumes)
	}
	if err != nil || held != "" || l.identity == 0 {
		return err
	}
	return l.setMeta("root-"+l.root.Name, strconv.FormatUint(l.identity, 10))
}
