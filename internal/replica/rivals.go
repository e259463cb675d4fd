package replica

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"csbackup/internal/index"
)

// Both sides may give one file or folder two names that differ only in case, before either knows of the other's. A
// store that does not distinguish case can hold one of them. Such renames are known by a third spelling that was
// deleted, and by versions that were made by one side alone. Of the two names, that of the pool whose FQDN sorts first
// stays on both sides; in all other cases the partner has two things, of which one waits.

// rivals remembers, for one batch, how the index spells names that are alike but for case.
type rivals struct {
	*Importer
	folders map[string]map[string][]index.Item // items by folder and folded name
	items   int
}

const rivalsAtMost = 100_000 // items that are remembered

// alike gives the items whose paths differ from a path, which is no root, at most in case.
func (r *rivals) alike(p string) ([]index.Item, error) {
	folders := []string{path.Dir(p)}
	if strings.Contains(folders[0], "/") { // a root has one spelling
		above, err := r.alike(folders[0])
		if err != nil {
			return nil, err
		}
		folders = nil
		for _, it := range above {
			folders = append(folders, it.Path)
		}
	}
	var found []index.Item
	for _, folder := range folders {
		names, err := r.in(folder)
		if err != nil {
			return nil, err
		}
		found = append(found, names[fold(path.Base(p))]...)
	}
	return found, nil
}

func (r *rivals) in(folder string) (map[string][]index.Item, error) {
	if names, ok := r.folders[folder]; ok {
		return names, nil
	}
	items, err := r.Index.Children(folder)
	if err != nil {
		return nil, err
	}
	if r.items += len(items); r.folders == nil || r.items > rivalsAtMost {
		r.folders, r.items = map[string]map[string][]index.Item{}, len(items)
	}
	names := map[string][]index.Item{}
	for _, it := range items {
		name := fold(path.Base(it.Path))
		names[name] = append(names[name], it)
	}
	r.folders[folder] = names
	return names, nil
}

// rival gives what stands here in the way of a step, where both are renames of one thing.
func (r *rivals) rival(in *incoming, s *step) (standing index.Item, ok bool, err error) {
	if !alone(s.theirs, r.from) {
		return standing, false, nil
	}
	alike, err := r.alike(s.theirs.Path)
	if err != nil {
		return standing, false, err
	}
	before := false
	for _, it := range alike {
		switch {
		case it.Path == s.theirs.Path:
		case it.Kind == index.Tombstone:
			before = true
		case it.Kind == s.theirs.Kind && it.State == index.Present && it.Hash == s.theirs.Hash &&
			alone(it, r.Index.Replica()):
			place, placeErr := r.place(it.Path)
			exact := false
			if placeErr == nil {
				exact, placeErr = in.spelled.exact(place)
			}
			if placeErr != nil {
				return standing, false, placeErr
			}
			if exact {
				standing, ok = it, true
			}
		}
	}
	return standing, ok && before, nil
}

// alone tells whether a version was made by one replica alone, as that of a rename is.
func alone(it index.Item, by index.Replica) bool {
	return len(it.Vector) == 1 && it.Vector.Counter(by) != 0
}

// keepsOwnName tells whether this side's name stays where both sides renamed one thing.
func (r *Replica) keepsOwnName() bool { return strings.ToLower(r.Pool) < strings.ToLower(r.Partner) }

// applyTwin applies a step again that a name in another spelling stood in the way of. The caller holds writing.
func (im *Importer) applyTwin(in *incoming, s *step, kept *kept, touched map[string]bool) error {
	err := im.apply(in, s, kept, touched)
	if !errors.Is(err, errTwin) {
		return err
	}
	standing, ok, rivalErr := in.rivals.rival(in, s)
	switch {
	case rivalErr != nil:
		return rivalErr
	case !ok:
		return err
	case im.keepsOwnName():
		return im.outspell(s)
	}
	if taken, takeErr := im.takeSpelling(in, s, standing, touched); takeErr != nil || !taken {
		return errors.Join(takeErr, err)
	}
	return im.apply(in, s, kept, touched)
}

// outspell settles a step by the name that stays here: the partner's becomes a tombstone.
func (im *Importer) outspell(s *step) error {
	temp := s.temp
	s.theirs = index.Item{Path: s.theirs.Path, Kind: index.Tombstone, Sequence: s.theirs.Sequence}
	s.decision.Vector = s.decision.Vector.Bump(im.Index.Replica())
	if s.temp, s.done = "", true; temp == "" {
		return nil
	}
	return im.discard(temp)
}

// takeSpelling gives what stands here the partner's spelling, with all that is in it. The next scan finds it under
// that name. It tells whether that could be done: what is in a folder must be this side's alone, too.
func (im *Importer) takeSpelling(in *incoming, s *step, standing index.Item, touched map[string]bool) (bool, error) {
	if standing.Kind == index.Folder {
		if own, err := im.ownBelow(standing.Path); err != nil || !own {
			return false, err
		}
	}
	old, err := im.place(standing.Path)
	if err != nil {
		return false, err
	}
	place := path.Join(path.Dir(old), path.Base(s.theirs.Path))
	if place == old {
		return false, nil // a folder above it has the other spelling
	}
	if err := im.Store.Publish(old, place); err != nil {
		return false, fmt.Errorf("give %s the spelling %s: %w", standing.Path, path.Base(place), err)
	}
	touched[path.Dir(place)] = true
	in.spelled = im.newSpelling()
	return true, nil
}

// ownBelow tells whether all that is below a folder has versions of this side's own alone.
func (im *Importer) ownBelow(folder string) (bool, error) {
	for after := ""; ; {
		items, err := im.Index.ChildrenAfter(folder, after, itemsAtOnce)
		if err != nil || len(items) == 0 {
			return err == nil, err
		}
		for _, it := range items {
			own := it.Kind == index.Tombstone || alone(it, im.Index.Replica())
			if own && it.Kind == index.Folder {
				own, err = im.ownBelow(it.Path)
			}
			if !own || err != nil {
				return false, err
			}
			after = path.Base(it.Path)
		}
	}
}
