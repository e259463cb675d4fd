package replica

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// A case-insensitive store has one name where the other side may have several that differ only in case. A path
// counts as there when the store spells it so: what it spells otherwise was renamed. A name of the partner's that
// is there in another spelling waits until that other name goes: when the partner renamed it, its deletion comes
// along; when the partner has both, one of them cannot be taken here, and is named.

// errTwin: another name that differs only in case stands in the way.
var errTwin = errors.New("a name here differs from it only in upper and lower case, and is still needed")

// fold gives names that differ only in case the same form.
func fold(name string) string { return strings.ToLower(name) }

// spelling tells how a case-insensitive store spells names, and remembers what it listed.
type spelling struct {
	*Replica
	listed map[string]map[string]bool // names by folder
	names  int
	seen   map[string]bool // places that are spelled so
}

const spelledAtMost = 500_000 // names that are remembered

func (r *Replica) newSpelling() *spelling {
	return &spelling{Replica: r, listed: map[string]map[string]bool{}, seen: map[string]bool{}}
}

// exact tells whether something stands under a place and is spelled so from the root down. Where the store
// distinguishes case it always is, if it is there.
func (s *spelling) exact(place string) (bool, error) {
	if !s.Store.Properties().CaseInsensitive || !s.belowRoot(place) || s.seen[place] {
		return true, nil
	}
	if above, err := s.exact(path.Dir(place)); err != nil || !above {
		return above, err
	}
	folder := path.Dir(place)
	if !s.listed[folder][path.Base(place)] {
		if err := s.list(folder); err != nil { // also where it was listed before: names may have been made since
			return false, err
		}
	}
	if s.listed[folder][path.Base(place)] {
		s.seen[place] = true
	}
	return s.seen[place], nil
}

func (s *spelling) list(folder string) error {
	infos, err := s.Store.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		infos, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("see how the names in %s are spelled: %w", folder, err)
	}
	if s.names += len(infos); s.names > spelledAtMost {
		clear(s.listed)
		clear(s.seen)
		s.names = len(infos)
	}
	names := make(map[string]bool, len(infos))
	for _, info := range infos {
		names[info.Name] = true
	}
	s.listed[folder] = names
	return nil
}

// pairFolders finds folders that change their name in case only.
func (im *Importer) pairFolders(in *incoming) {
	if !im.Store.Properties().CaseInsensitive {
		return
	}
	leaving := map[string]*step{}
	for _, s := range in.steps {
		if s.failed == "" && s.decision.Action == plan.Delete && s.mine.Kind == index.Folder && s.mine.State == index.Present {
			leaving[fold(s.theirs.Path)] = s
		}
	}
	for _, s := range in.steps {
		old := leaving[fold(s.theirs.Path)]
		if old == nil || s.failed != "" || s.decision.Action != plan.Copy || s.theirs.Kind != index.Folder {
			continue
		}
		if s.mine == nil || s.mine.Kind == index.Tombstone {
			s.respells = old
		}
	}
}

// makeWay refuses a place in whose way another spelling of it stands, unless that is what the step respells.
func (im *Importer) makeWay(in *incoming, s *step, place string, touched map[string]bool) error {
	switch {
	case s.respells != nil:
		return im.respell(in, s, place, touched)
	case im.respellsFile(s) && s.source.aside == "":
		return in.spelled.unlike(path.Dir(place))
	}
	return in.spelled.unlike(place)
}

// respell gives a folder its new spelling, with all that is in it. Nothing is displaced by that.
func (im *Importer) respell(in *incoming, s *step, place string, touched map[string]bool) error {
	if err := in.spelled.unlike(place); !errors.Is(err, errTwin) {
		return err
	}
	if err := in.spelled.unlike(path.Dir(place)); err != nil {
		return err
	}
	old, err := im.place(s.respells.theirs.Path)
	if err != nil {
		return err
	}
	if info, err := im.Store.Lstat(old); err != nil || info.Kind != filestore.Folder {
		return cmp.Or(err, errStanding)
	}
	if err := im.Store.Publish(old, place); err != nil {
		return err
	}
	touched[path.Dir(place)] = true
	in.spelled = im.newSpelling()
	s.respells.vacated = true
	return nil
}

// unlike refuses a place that is there, or would lie in a folder that is there, in another spelling.
func (s *spelling) unlike(place string) error {
	for ; s.Store.Properties().CaseInsensitive && s.belowRoot(place) && !s.seen[place]; place = path.Dir(place) {
		_, err := s.Store.Lstat(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is made: what counts is the folder that it lies in
		}
		exact := false
		if err == nil {
			exact, err = s.exact(place)
		}
		if err == nil && !exact {
			err = errTwin
		}
		return err
	}
	return nil
}
