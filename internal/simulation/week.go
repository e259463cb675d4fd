package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/simulation/statedisk"
)

// week is one course of events.
type week struct {
	seed    uint64
	watched string
	lying   bool // somebody has the certificates of both pools, and lies
	random  *rand.Rand
	sides   [2]*side
	log     []string
	model   model
	number  int // of contents made so far
	old     [2]*snapshot
	failed  error
	turns   *turns
	phase   *phase // what goes on side by side now; nil between two phases
	told    Told
}

// Told counts what a week put the program through.
type Told struct {
	Sessions, Overlapped int            // sessions, and those that ran while another one did
	Halves, Stalls       int            // lines of which one end vanished, or on which nothing arrived for a while
	Remounts             int            // stores that went away or came back while the program acted
	Restarts             int            // services that began anew while sessions of theirs were under way
	Faults               int            // operations that failed
	Lies                 map[string]int // by their names
	Steps, Choices       int            // turns that were given, and those at which more than one could have been
}

// Add counts another week.
func (t *Told) Add(o Told) {
	t.Sessions, t.Overlapped = t.Sessions+o.Sessions, t.Overlapped+o.Overlapped
	t.Halves, t.Stalls, t.Remounts, t.Restarts = t.Halves+o.Halves, t.Stalls+o.Stalls, t.Remounts+o.Remounts, t.Restarts+o.Restarts
	for name, n := range o.Lies {
		if t.Lies == nil {
			t.Lies = map[string]int{}
		}
		t.Lies[name] += n
	}
	t.Faults, t.Steps, t.Choices = t.Faults+o.Faults, t.Steps+o.Steps, t.Choices+o.Choices
}

// String tells it in words.
func (t Told) String() string {
	return fmt.Sprintf("%d sessions, %d of them beside others, %d left half-open, %d lines on which nothing arrived for a while,"+
		" %d stores that went away or came back, %d services that began anew meanwhile, %d operations that failed, %d lies of %d kinds;"+
		" %d turns, %d of them chosen among several",
		t.Sessions, t.Overlapped, t.Halves, t.Stalls, t.Remounts, t.Restarts, t.Faults, t.lieCount(), len(t.Lies), t.Steps, t.Choices)
}

// snapshot is a copy of a store or of a disk that somebody may put back later.
type snapshot struct {
	store *filestore.Memory
	disk  *statedisk.Disk
}

// Week runs the week of a seed, in a bubble of testing/synctest, and tells what it put the program through. The error
// tells which promise was broken, and the course of events; with detail also each operation, and with watch what both
// sides know of that path.
func Week(seed uint64, detail bool, watch string) (Told, error) {
	w := newWeek(seed, detail, watch)
	err := w.live()
	w.told.Steps, w.told.Choices = w.turns.steps, w.turns.pair
	return w.told, err
}

func newWeek(seed uint64, detail bool, watch string) *week {
	w := &week{seed: seed, random: rand.New(rand.NewPCG(seed, 1)), watched: watch}
	w.turns = &turns{random: rand.New(rand.NewPCG(seed, 9))}
	w.model.start()
	for i := range w.sides {
		w.sides[i] = newSide(w.turns, i, rand.New(rand.NewPCG(seed, uint64(i)+2)), filestore.MemoryOptions{})
		w.sides[i].faulty = func() { w.told.Faults++ }
		if detail {
			w.sides[i].trace, w.turns.trace = w.note, w.note
		}
	}
	return w
}

// live runs the week to its end.
func (w *week) live() error {
	err := w.run()
	for _, s := range w.sides {
		err = errors.Join(err, s.stop())
		statedisk.Unmount(s.diskName)
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w\n%s", w.seed, err, strings.Join(w.log, "\n"))
	}
	return nil
}

func (w *week) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("  %3d ", len(w.log))+fmt.Sprintf(format, args...))
}

// left tells what a side could not finish, for the report of a failing seed.
func (w *week) left(s *side) {
	pending, err := s.replica.Index.Pending("", 100)
	w.note("%s: pending %+v, %v", s.pool, pending, err)
	missing, err := s.replica.Index.InState(index.Missing, "", 100)
	w.note("%s: missing %d of them, %v", s.pool, len(missing), err)
	w.note("%s: held %q", s.pool, s.replica.Held())
}

func (w *week) run() error {
	for _, s := range w.sides {
		if err := s.start(); err != nil {
			return err
		}
	}
	for range 2 + w.random.IntN(8) {
		w.person(w.any())
	}
	if w.lying && w.chance(25) {
		w.many(w.any())
	}
	for range 20 + w.random.IntN(40) {
		if err := w.event(); err != nil {
			return err
		}
		if w.failed != nil {
			return w.failed
		}
	}
	return w.settle()
}

func (w *week) any() *side { return w.sides[w.random.IntN(2)] }

func (w *week) other(s *side) *side { return w.sides[1-s.number] }

func (w *week) chance(percent int) bool { return w.random.IntN(100) < percent }

// event lets one thing happen.
func (w *week) event() error {
	s := w.any()
	w.model.begin(w.sides)
	if w.lying && w.chance(20) {
		return w.lies(s)
	}
	switch pick := w.random.IntN(100); {
	case pick < 30:
		for range 1 + w.random.IntN(4) {
			w.model.begin(w.sides)
			w.person(s)
		}
	case pick < 75:
		return w.cycle(s)
	case pick < 79:
		if err := w.order(s); err != nil {
			return err
		}
		return w.cycle(s)
	case pick < 83:
		return w.restart(s)
	case pick < 86:
		w.note("%s loses power", s.pool)
		w.losePower(s)
		return w.bringUp(s)
	case pick < 90:
		w.trouble(s)
	case pick < 93:
		return w.disaster(s)
	case pick < 95:
		years := w.random.IntN(21) - 10
		w.note("the clock of %s jumps by %d years", s.pool, years)
		s.clock = s.clock.AddDate(years, 0, 0)
	case pick < 97:
		return w.administrator(s)
	case pick < 98:
		w.massDeletion(s)
	default:
		w.note("a copy of the store and the state of %s is kept", s.pool)
		w.old[s.number] = &snapshot{s.store.Crash(0), s.disk.Clone()}
		return w.restart(s)
	}
	return nil
}

// trouble begins or ends what makes operations fail.
func (w *week) trouble(s *side) {
	switch w.random.IntN(7) {
	case 6:
		w.mount(s, !s.away)
	case 0:
		s.full = !s.full
		w.note("the volume of %s is full: %v", s.pool, s.full)
	case 1:
		s.stateFull = !s.stateFull
		w.note("the state volume of %s is full: %v", s.pool, s.stateFull)
	case 2:
		s.unmounted = !s.unmounted
		w.note("the store of %s is unmounted: %v", s.pool, s.unmounted)
	case 3:
		s.flaky = 0
		if w.chance(60) {
			s.flaky = 5 + w.random.IntN(60)
		}
		w.note("one operation in %d of %s fails", s.flaky, s.pool)
	default:
		w.heal(s)
		w.note("%s is well again", s.pool)
	}
}

// restart ends the service in good order and starts it again.
func (w *week) restart(s *side) error {
	w.note("%s restarts", s.pool)
	if err := s.stop(); err != nil && !s.stateFull {
		return err
	}
	return w.bringUp(s)
}

func (w *week) bringUp(s *side) error {
	if err := s.start(); err != nil {
		return err
	}
	if s.dead {
		w.losePower(s)
	}
	return w.check(s.pool + " started")
}

// losePower crashes a side; what its users had stored stays by itself, for they had it made durable.
func (w *week) losePower(s *side) {
	s.crash()
	w.model.found(s)
}

// watch tells what both sides know of the path that is watched.
func (w *week) watch() {
	for _, s := range w.sides {
		if w.watched == "" || s.replica == nil {
			continue
		}
		it, ok, err := s.replica.Index.Get(w.watched)
		w.note("        %s (head %d): %v %+v %v", s.pool, s.replica.Index.Head(), ok, it, err)
	}
}
