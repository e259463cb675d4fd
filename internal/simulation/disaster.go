package simulation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

func (w *week) context() context.Context { return context.Background() }

// disaster takes a side's store or state away, or sets it back.
func (w *week) disaster(s *side) error {
	if err := s.stop(); err != nil && !s.stateFull {
		return err
	}
	w.unlock(s)
	w.mount(s, false)
	switch old, choice := w.old[s.number], w.random.IntN(6); {
	case choice == 0:
		w.note("%s loses its index", s.pool)
		s.disk.Remove()
	case choice == 1 && old != nil:
		w.note("the index of %s is set back", s.pool)
		s.use(old.disk.Clone())
	case choice == 2 && old != nil:
		w.note("the store of %s is set back", s.pool)
		s.store = old.store.Crash(0)
		w.model.setBack(s)
	case choice == 3:
		w.note("the whole store of %s is lost", s.pool)
		w.failed = s.store.RemoveAll(".")
	default:
		w.note("the content of %s is lost", s.pool)
		for _, name := range roots {
			if w.chance(50) { // the root itself stays, and only what is in it goes
				infos, err := s.store.ReadDir(s.folder + "/" + name)
				for _, info := range infos {
					err = errors.Join(err, s.store.RemoveAll(s.folder+"/"+name+"/"+info.Name))
				}
				if err == nil || errors.Is(err, fs.ErrNotExist) {
					continue
				}
			}
			w.failed = errors.Join(w.failed, s.store.RemoveAll(s.folder+"/"+name))
		}
	}
	w.failed = errors.Join(w.failed, s.store.FlushFolders(w.context(), s.folders(".")))
	w.model.begin(w.sides)
	return w.bringUp(s)
}

// folders lists a folder of the store and all below it.
func (s *side) folders(folder string) []string {
	all := []string{folder}
	infos, err := s.store.ReadDir(folder)
	if err != nil {
		return nil
	}
	for _, info := range infos {
		if info.Kind == filestore.Folder {
			all = append(all, s.folders(strings.TrimPrefix(folder+"/"+info.Name, "./"))...)
		}
	}
	return all
}

// administrator does one thing that an administrator does.
func (w *week) administrator(s *side) error {
	if s.replica == nil {
		return nil
	}
	w.model.begin(w.sides)
	if s.replica.Held() != "" {
		if w.chance(50) {
			return w.confirm(s)
		}
		return nil
	}
	kept, err := s.replica.Versions("", "", 1000)
	if err != nil || len(kept) == 0 {
		return nil
	}
	one := kept[w.random.IntN(len(kept))]
	content, err := s.store.ReadFile(base + "/Versions/" + one.ID)
	if err != nil {
		return err
	}
	before, there := s.live()[one.Path]
	err = s.replica.RestoreVersion(one.ID)
	w.note("%s: the kept version %s is brought back: %v", s.pool, one.ID, err)
	if s.live()[one.Path] == string(content) {
		if there {
			w.model.tookAway(s, one.Path, before)
		}
		w.model.stored(s, one.Path, string(content))
	}
	return w.check("a restored version")
}

func (w *week) confirm(s *side) error {
	own := s.replica.Held() != ""
	loss, held, err := s.replica.Loss()
	if err != nil || !held {
		return nil
	}
	if err := s.replica.ConfirmLoss(loss.Plan); err != nil {
		w.note("%s: the loss cannot be confirmed: %v", s.pool, failure.Of(err))
		return nil
	}
	w.note("%s: the loss of %d files is confirmed", s.pool, loss.Files)
	s.confirmed = s.confirmed || !own
	if own { // else it was the partner's wish, which the model knows already
		w.model.confirmed(s)
	}
	return w.check("the confirmation")
}

// settle ends all trouble, lets administrators do what is asked of them, and wants both sides alike.
func (w *week) settle() error {
	w.note("all is well from here on")
	for _, s := range w.sides {
		w.heal(s)
		w.unlock(s)
	}
	for _, full := range []bool{false, true} {
		if err := w.rest(full); err != nil {
			return err
		}
	}
	return w.alike()
}

// rest runs cycles until nothing happens any more, with looks at what the stores tell or at everything.
func (w *week) rest(full bool) error {
	for round := range 25 {
		for _, s := range w.sides {
			if s.replica == nil {
				if err := w.bringUp(s); err != nil {
					return err
				}
			}
			if s.replica == nil {
				return fmt.Errorf("%s does not start though all is well: %w", s.pool, s.down)
			}
		}
		w.watch()
		changed := false
		for _, s := range w.sides {
			active, err := w.quiet(s, round, full)
			if err != nil {
				return err
			}
			changed = changed || active
		}
		if !changed && (round > 1 || full) {
			return nil
		}
	}
	for _, s := range w.sides {
		w.left(s)
	}
	return errors.New("P3: the sides do not come to rest")
}

// quiet runs one undisturbed cycle of a side. It tells whether anything was done.
func (w *week) quiet(s *side, round int, full bool) (bool, error) {
	to := w.other(s)
	s.elapsed += 2 * settling
	w.model.begin(w.sides)
	see := s.replica.CatchUp
	if full {
		see = s.replica.Look
	}
	look, err := see(w.context())
	if err != nil {
		return false, fmt.Errorf("%s cannot look though all is well: %w", s.pool, err)
	}
	if look.Incomplete != nil || look.Deferred > 0 {
		return false, fmt.Errorf("%s cannot look at everything though all is well: %+v", s.pool, look)
	}
	if held := s.replica.Held(); held != "" {
		w.note("%s is held: %s", s.pool, held)
		if to.replica.Held() == "" && w.chance(50) {
			w.note("%s: sync, to restore %s", to.pool, s.pool)
			if _, err := to.replica.Look(w.context()); err != nil {
				return false, err
			}
			if to.replica.Held() == "" {
				_, err := w.orderedSession(to, s)
				if err != nil && !failure.IsID(err, failure.StateUnusable) { // a side that was set back as a whole: its service tries again
					return false, fmt.Errorf("the restore failed though all is well: %w", err)
				}
				return true, w.check("the restore")
			}
		}
		if to.replica.Held() != "" && round%5 == 4 { // both stores are lost: one service begins anew
			w.note("%s begins anew with an empty state folder", s.pool)
			if err := s.stop(); err != nil {
				return false, err
			}
			s.disk.Remove()
			return true, w.bringUp(s)
		}
		return true, w.confirm(s)
	}
	if back := s.replica.HeldBack(); back != "" {
		w.note("%s holds back: %s", s.pool, back)
		return true, w.confirm(s)
	}
	if to.replica.Held() != "" {
		return false, nil
	}
	compare := func() (exchange.Result, error) { return w.session(s, to, false, -1) }
	if round == 10 {
		compare = func() (exchange.Result, error) { return w.orderedSession(s, to) }
	}
	result, err := compare()
	w.note("%s cycles: %+v, sent %+v, %v", s.pool, look, result, err)
	if err != nil && !failure.IsID(err, failure.StoreHeld) {
		return true, nil
	}
	if err := w.durable(to, result.Waiting); err != nil {
		return false, err
	}
	return !result.Drained || look.Changed > 0 || look.Missing > 0 || result.Applied > 0 || result.Pending > 0 || err != nil, w.check("the quiet cycle of " + s.pool)
}

// alike wants both sides equal in names, contents and times, and a full comparison with nothing to do.
func (w *week) alike() error {
	one, two := w.sides[0].tree("", roots), w.sides[1].tree("", roots)
	if !maps.Equal(one, two) {
		return fmt.Errorf("P3: the sides differ:\n%s", differences(one, two))
	}
	if w.lying { // what was claimed about counters is put right by what each side has, once that is compared
		for _, s := range w.sides {
			if _, err := w.orderedSession(s, w.other(s)); err != nil {
				return fmt.Errorf("P28: a full comparison after lies failed: %w", err)
			}
		}
	}
	for _, full := range []bool{false, true} {
		for _, s := range w.sides {
			s.elapsed += time.Second
			unlike := w.unlike()
			if _, err := s.replica.Look(w.context()); err != nil {
				return err
			}
			compare := func() (exchange.Result, error) { return w.session(s, w.other(s), false, -1) }
			if full {
				compare = func() (exchange.Result, error) { return w.orderedSession(s, w.other(s)) }
			}
			result, err := compare()
			if err != nil {
				return fmt.Errorf("P3: a last comparison failed: %w", err)
			}
			if result.Files != 0 || result.Applied != 0 {
				return fmt.Errorf("P3: another run of %s, full %v, still did something: %+v%s", s.pool, full, result, unlike)
			}
		}
	}
	return nil
}

// unlike lists the paths of which the two indexes know different things.
func (w *week) unlike() string {
	var lines []string
	for i, s := range w.sides {
		items, err := s.replica.Index.All("", 10_000)
		if err != nil {
			return err.Error()
		}
		for _, it := range items {
			other, ok, err := w.sides[1-i].replica.Index.Get(it.Path)
			if err != nil || !ok || other.Kind != it.Kind || it.Vector.Compare(other.Vector) != index.Equal {
				lines = append(lines, fmt.Sprintf("\n  %s: %s is %d %v, at the partner %d %v", s.pool, it.Path, it.Kind, it.Vector, other.Kind, other.Vector))
			}
		}
	}
	return strings.Join(lines, "")
}

// tree gives what is replicated: kind, time and content of each path.
func (s *side) tree(above string, names []string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		p := strings.TrimPrefix(above+"/"+name, "/")
		place := s.folder + "/" + p
		if strings.EqualFold(name, "Meeting.Active") {
			continue
		}
		infos, err := s.store.ReadDir(place)
		if err == nil {
			if above != "" { // the roots themselves are made when something comes into them
				found[p] = "a folder"
			}
			var below []string
			for _, info := range infos {
				below = append(below, info.Name)
			}
			maps.Copy(found, s.tree(p, below))
			continue
		}
		info, err := s.store.Lstat(place)
		content, readErr := s.store.ReadFile(place)
		if err == nil && readErr == nil {
			found[p] = fmt.Sprintf("%d %q", info.ModTime, content)
		}
	}
	return found
}

func differences(one, two map[string]string) string {
	var lines []string
	for _, p := range sortedKeys(one) {
		if two[p] != one[p] {
			lines = append(lines, fmt.Sprintf("%s: %s, not %q", p, one[p], two[p]))
		}
	}
	for _, p := range sortedKeys(two) {
		if _, both := one[p]; !both {
			lines = append(lines, fmt.Sprintf("%s: nothing, %s", p, two[p]))
		}
	}
	return strings.Join(lines, "\n")
}
