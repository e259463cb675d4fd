package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// model is what must hold, kept apart from the program's own books.
type model struct {
	written map[string]bool    // every content that a person ever stored, whole
	must    map[string]bool    // contents that must be reachable
	live    [2]map[string]bool // contents of the replicated files when the program began to act, less what persons took away since
	kept    map[string]bool    // contents of kept versions then
	files   [2]map[string]string
	// history has each content that stood under a path on a side; removed those of which a person
	// there took the path away afterwards.
	history, removed [2]map[string]map[string]bool
}

func (m *model) start() {
	m.written, m.must = map[string]bool{}, map[string]bool{}
	for i := range m.history {
		m.history[i], m.removed[i] = map[string]map[string]bool{}, map[string]map[string]bool{}
		m.live[i], m.files[i] = map[string]bool{}, map[string]string{}
	}
}

// begin notes how things stand before the program acts.
func (m *model) begin(sides [2]*side) {
	m.must, m.kept = map[string]bool{}, map[string]bool{}
	for i, s := range sides {
		sound := &side{store: s.store.Durable(), folder: s.folder}
		maps.Copy(m.kept, sound.kept())
		m.live[i] = map[string]bool{}
		for _, content := range sound.live() {
			m.live[i][content] = true
		}
		maps.Copy(m.must, m.live[i])
		maps.Copy(m.must, m.kept)
		m.files[i] = s.live()
		for path, content := range m.files[i] {
			m.remember(i, path, content)
		}
	}
}

func (m *model) remember(side int, path, content string) {
	if m.history[side][path] == nil {
		m.history[side][path] = map[string]bool{}
	}
	m.history[side][path][content] = true
}

// stored: a person stored a content under a path.
func (m *model) stored(s *side, path, content string) {
	m.written[content] = true
	m.must[content], m.live[s.number][content] = true, true
	m.remember(s.number, path, content)
	delete(m.removed[s.number][path], content)
	m.files[s.number][path] = content
}

// tookAway: a person removed or replaced what stood under a path. The content may be gone with it,
// unless the other side has it, or this side has kept it.
func (m *model) tookAway(s *side, path, content string) {
	m.remember(s.number, path, content)
	delete(m.live[s.number], content)
	if !m.live[1-s.number][content] && !m.kept[content] {
		delete(m.must, content)
	}
	if m.removed[s.number][path] == nil {
		m.removed[s.number][path] = map[string]bool{}
	}
	maps.Copy(m.removed[s.number][path], m.history[s.number][path])
	delete(m.files[s.number], path)
}

// found notes again what stands on a side after something that is not the program's doing.
func (m *model) found(s *side) { m.files[s.number] = s.live() }

// confirmed: an administrator said that what is missing on a side was removed on purpose.
func (m *model) confirmed(s *side) {
	there := s.live()
	for path, contents := range m.history[s.number] {
		if _, ok := there[path]; ok {
			continue
		}
		if m.removed[s.number][path] == nil {
			m.removed[s.number][path] = map[string]bool{}
		}
		maps.Copy(m.removed[s.number][path], contents)
	}
}

// check compares both sides with what must hold after the program acted.
func (w *week) check(after string) error {
	m := &w.model
	if err := w.nothingBelow(); err != nil {
		return fmt.Errorf("after %s: %w", after, err)
	}
	reachable := map[string]bool{}
	for _, s := range w.sides {
		if s.within != nil {
			return fmt.Errorf("after %s: %w", after, s.within)
		}
		maps.Copy(reachable, s.reachable())
	}
	for _, content := range slices.Sorted(maps.Keys(m.must)) {
		if !reachable[content] {
			return fmt.Errorf("P4, after %s: the content %q is nowhere any more", after, content)
		}
	}
	for i, s := range w.sides {
		now := s.live()
		for path, content := range now {
			if !m.written[content] {
				return fmt.Errorf("P1, after %s: %s holds under %s a content that nobody stored: %q", after, s.pool, path, content)
			}
			m.remember(i, path, content)
		}
		for _, path := range sortedKeys(m.files[i]) {
			content := m.files[i][path]
			if _, there := now[path]; there || strings.HasSuffix(path, "Meeting.Active") {
				if !there {
					return fmt.Errorf("after %s: %s of %s was removed", after, path, s.pool)
				}
				continue
			}
			if info, err := s.store.Lstat(s.folder + "/" + path); err == nil && info.Name != "" {
				continue // a folder took its place
			}
			if !m.removed[1-i][path][content] {
				return fmt.Errorf("P6, after %s: %s lost %s (%q), which nobody removed at the partner", after, s.pool, path, content)
			}
		}
		m.files[i] = now
	}
	return nil
}

// durable crashes a copy of a side's store right after it acknowledged: nothing may be missing or torn.
func (w *week) durable(s *side) error {
	after := &side{store: s.store.Crash(w.random.Uint64()), folder: s.folder}
	was, is := s.live(), after.live()
	for _, path := range sortedKeys(was) {
		if is[path] != was[path] {
			return fmt.Errorf("P2: %s of %s was acknowledged, and after a loss of power it is %q, not %q", path, s.pool, is[path], was[path])
		}
	}
	kept := after.reachable()
	for content := range s.reachable() {
		if !kept[content] {
			return fmt.Errorf("P2: %q was kept by %s, and after a loss of power it is gone", content, s.pool)
		}
	}
	return nil
}

// pick gives one of a map's keys.
func pick[V any](random *rand.Rand, of map[string]V) string {
	keys := sortedKeys(of)
	if len(keys) == 0 {
		return ""
	}
	return keys[random.IntN(len(keys))]
}
