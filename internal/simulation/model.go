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
	// returned has those that a person there took away, and that came back with an older copy of the store.
	returned [2]map[string]map[string]bool
	// Phases are counted. told has the one in which the partner was first told of a content under a path of a side, and
	// takenIn the last one in or before which a person there took a path away.
	phase   int
	told    [2]map[string]map[string]int
	takenIn [2]map[string]int
	lied    map[string]bool // paths about which somebody lied
}

func (m *model) start() {
	m.lied = map[string]bool{}
	m.written, m.must = map[string]bool{}, map[string]bool{}
	for i := range m.history {
		m.history[i], m.removed[i] = map[string]map[string]bool{}, map[string]map[string]bool{}
		m.live[i], m.files[i] = map[string]bool{}, map[string]string{}
		m.told[i], m.returned[i], m.takenIn[i] = map[string]map[string]int{}, map[string]map[string]bool{}, map[string]int{}
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

func (m *model) remember(side int, path, content string) { add(m.history[side], path, content) }

// add puts a content below a path.
func add(to map[string]map[string]bool, path, content string) {
	if to[path] == nil {
		to[path] = map[string]bool{}
	}
	to[path][content] = true
}

// stored: a person stored a content under a path.
func (m *model) stored(s *side, path, content string) {
	m.written[content] = true
	m.must[content], m.live[s.number][content] = true, true
	m.remember(s.number, path, content)
	delete(m.removed[s.number][path], content)
	delete(m.returned[s.number][path], content)
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
	m.takenIn[s.number][path] = m.phase
	delete(m.files[s.number], path)
}

// setBack notes what came back with an older copy of a side's store: what is known as removed there is taken away again.
func (m *model) setBack(s *side) {
	for path, content := range s.live() {
		if m.removed[s.number][path][content] {
			add(m.returned[s.number], path, content)
		}
	}
}

// talked notes what the partners were told of in a phase.
func (m *model) talked(p *phase) {
	for _, s := range p.sessions {
		if !s.sound() || !s.result.Drained {
			continue
		}
		told := m.told[s.from.number]
		for path, content := range p.before[s.from.number] {
			if told[path] == nil {
				told[path] = map[string]int{}
			}
			if _, earlier := told[path][content]; !earlier {
				told[path][content] = m.phase
			}
		}
	}
}

// mayGo tells whether a content may leave a path of a side: a person removed it at the partner, or here before an older
// copy of the store came back, or removed there what both sides had changed: what stays was chosen there already.
func (m *model) mayGo(side int, path, content string) bool {
	told, known := m.told[side][path][content]
	takenIn, taken := m.takenIn[1-side][path]
	return m.removed[1-side][path][content] || m.returned[side][path][content] || known && taken && takenIn >= told
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
		m.takenIn[s.number][path] = m.phase
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
			if !m.mayGo(i, path, content) && !m.about(path) {
				return fmt.Errorf("P6, after %s: %s lost %s (%q), which nobody removed at the partner", after, s.pool, path, content)
			}
		}
		m.files[i] = now
	}
	return nil
}

// durable crashes a copy of a side's store right after it acknowledged: nothing may be missing or torn, but what it
// said waits, and what is below that.
func (w *week) durable(s *side, waiting []string) error {
	waits := func(path string) bool {
		return slices.ContainsFunc(waiting, func(one string) bool { return path == one || strings.HasPrefix(path, one+"/") })
	}
	after := &side{store: s.store.Crash(w.random.Uint64()), folder: s.folder}
	was, is := s.live(), after.live()
	unsure := map[string]bool{}
	for _, path := range sortedKeys(was) {
		if waits(path) {
			unsure[was[path]] = true
		} else if is[path] != was[path] {
			return fmt.Errorf("P2: %s of %s was acknowledged, and after a loss of power it is %q, not %q", path, s.pool, is[path], was[path])
		}
	}
	kept := after.reachable()
	for content := range s.reachable() {
		if !kept[content] && !unsure[content] {
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

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
