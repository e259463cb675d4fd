package simulation

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"csbackup/internal/filestore"
)

// person does one thing that people and their programs do to a file store.
func (w *week) person(s *side) {
	if s.unmounted || s.away {
		return
	}
	if w.phase != nil {
		w.phase.touched[s.number] = true
	}
	files := s.live()
	switch choice := w.random.IntN(100); {
	case choice < 35 || len(files) == 0:
		w.store(s, w.somePath(), w.content())
	case choice < 55:
		w.store(s, pick(w.random, files), w.content())
	case choice < 68:
		w.remove(s, pick(w.random, files))
	case choice < 72:
		w.remove(s, path.Dir(pick(w.random, files)))
	case choice < 82:
		w.rename(s, pick(w.random, files), w.somePath())
	case choice < 86:
		w.rename(s, path.Dir(pick(w.random, files)), path.Dir(w.somePath())+"r")
	case choice < 89:
		w.folder(s, w.somePath())
	case choice < 92: // an older or another file's content comes to stand here
		w.store(s, pick(w.random, files), files[pick(w.random, files)])
	case choice < 95:
		w.store(s, path.Dir(w.somePath())+"/Meeting.Active", w.content())
	case choice < 98:
		held := s.folder + "/" + pick(w.random, files)
		s.store.Lock(held)
		s.held = append(s.held, held)
	default:
		w.unlock(s)
	}
}

// unlock lets programs let go of the files that they hold.
func (w *week) unlock(s *side) {
	for _, name := range s.held { // whatever stands there now
		s.store.Unlock(name)
	}
	s.held = nil
}

func (w *week) content() string {
	w.number++
	return fmt.Sprintf("content %d %s", w.number, strings.Repeat("x", w.random.IntN(40)))
}

func (w *week) somePath() string {
	p := roots[w.random.IntN(len(roots))]
	for range 1 + w.random.IntN(2) {
		p += fmt.Sprintf("/m%d", w.random.IntN(4))
	}
	return p + fmt.Sprintf("/f%d", w.random.IntN(5))
}

// modTime is a time that the host's clock gave, or any other.
func (w *week) modTime(s *side) int64 {
	if w.chance(20) {
		return int64(w.random.IntN(1 << 30))
	}
	return s.clock.UnixNano() + int64(w.random.IntN(1<<20))
}

// above tells whether something that is no folder stands where a folder is needed.
func (w *week) blocked(s *side, name string) bool {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if info, err := s.store.Lstat(above); err == nil && info.Kind != filestore.Folder {
			return true
		}
	}
	return false
}

func (w *week) store(s *side, p, content string) {
	place := s.folder + "/" + p
	info, err := s.store.Lstat(place)
	if w.blocked(s, place) || err == nil && info.Kind != filestore.File {
		return
	}
	if before, err := s.store.ReadFile(place); err == nil {
		w.model.tookAway(s, p, string(before))
		delete(w.model.removed[s.number][p], content)
	}
	if err := s.store.WriteFile(place, []byte(content), w.modTime(s)); err != nil {
		w.failed = err
		return
	}
	w.model.stored(s, p, content)
	w.note("%s: %s is stored as %q", s.pool, p, content)
	w.lasting(s, place)
}

// lasting makes durable what a person did: what they lose with the power is not the program's doing.
func (w *week) lasting(s *side, places ...string) {
	for _, place := range places {
		if info, err := s.store.Lstat(place); err == nil && info.Kind == filestore.File {
			w.failed = errors.Join(w.failed, s.store.Flush(w.context(), []string{place}))
		}
		for above := path.Dir(place); ; above = path.Dir(above) {
			if _, err := s.store.Lstat(above); err == nil {
				w.failed = errors.Join(w.failed, s.store.FlushFolders(w.context(), []string{above}))
			}
			if above == "." {
				break
			}
		}
	}
}

func (w *week) remove(s *side, p string) {
	if strings.Count(p, "/") == 0 {
		return
	}
	place := s.folder + "/" + p
	if _, err := s.store.Lstat(place); err != nil {
		return
	}
	files := s.live()
	for _, name := range sortedKeys(files) {
		if name == p || strings.HasPrefix(name, p+"/") {
			if errors.Is(s.store.Remove(s.folder+"/"+name), filestore.ErrLocked) {
				continue
			}
			w.model.tookAway(s, name, files[name])
			w.lasting(s, s.folder+"/"+name)
		}
	}
	if err := s.store.RemoveAll(place); err == nil || errors.Is(err, fs.ErrNotExist) {
		w.lasting(s, place)
	}
	w.note("%s: %s is removed", s.pool, p)
}

func (w *week) rename(s *side, from, to string) {
	if strings.Count(from, "/") == 0 || w.blocked(s, s.folder+"/"+to) {
		return
	}
	if _, err := s.store.MakeFolder(s.folder + "/" + path.Dir(to)); err != nil {
		return
	}
	w.lasting(s, s.folder+"/"+to)
	before := s.live()
	if err := s.store.Publish(s.folder+"/"+from, s.folder+"/"+to); err != nil {
		return
	}
	for _, name := range sortedKeys(before) {
		if name == from || strings.HasPrefix(name, from+"/") {
			w.model.tookAway(s, name, before[name])
			w.model.stored(s, to+strings.TrimPrefix(name, from), before[name])
		}
	}
	w.note("%s: %s is renamed to %s", s.pool, from, to)
	w.lasting(s, s.folder+"/"+from, s.folder+"/"+to)
}

func (w *week) folder(s *side, p string) {
	place := s.folder + "/" + p
	if w.blocked(s, place) {
		return
	}
	if _, err := s.store.MakeFolder(place); err == nil {
		w.note("%s: the folder %s is made", s.pool, p)
		w.lasting(s, place+"/x")
	}
}

// meddler gives what happens between two operations of the program.
func (w *week) meddler(s *side) func(string) {
	odds := 5 + w.random.IntN(60)
	return func(op string) {
		if w.random.IntN(odds) == 0 {
			w.note("    before %s of %s:", op, s.pool)
			w.person(s)
		}
	}
}

// massDeletion removes most of what a side has.
func (w *week) massDeletion(s *side) {
	odds := 80
	if w.chance(50) {
		odds = 100
	}
	w.note("%s: most is removed on purpose", s.pool)
	for _, name := range sortedKeys(s.live()) {
		if w.chance(odds) && !s.unmounted && !s.away {
			w.remove(s, name)
		}
	}
}
