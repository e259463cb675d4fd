package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// week is one course of events.
type week struct {
	seed    uint64
	watched string
	random  *rand.Rand
	sides   [2]*side
	log     []string
	model   model
	number  int // of contents made so far
	old     [2]*snapshot
	failed  error
}

// snapshot is a copy of a store or of a disk that somebody may put back later.
type snapshot struct {
	store *filestore.Memory
	disk  *disk
}

// Week runs the week of a seed. The error tells which promise was broken, and the course of events; with
// detail also each operation, and with watch what both sides know of that path.
func Week(seed uint64, detail bool, watch string) error { return newWeek(seed, detail, watch).live() }

func newWeek(seed uint64, detail bool, watch string) *week {
	w := &week{seed: seed, random: rand.New(rand.NewPCG(seed, 1)), watched: watch}
	w.model.start()
	for i := range w.sides {
		w.sides[i] = newSide(i, rand.New(rand.NewPCG(seed, uint64(i)+2)), filestore.MemoryOptions{})
		if detail {
			w.sides[i].trace = w.note
		}
	}
	return w
}

// live runs the week to its end.
func (w *week) live() error {
	err := w.run()
	for _, s := range w.sides {
		err = errors.Join(err, s.stop())
		mounted.unmount(s.diskName)
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
	switch pick := w.random.IntN(100); {
	case pick < 30:
		for range 1 + w.random.IntN(4) {
			w.model.begin(w.sides)
			w.person(s)
		}
	case pick < 75:
		return w.cycle(s, false)
	case pick < 79:
		return w.cycle(s, true)
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
		w.old[s.number] = &snapshot{s.store.Crash(0), s.disk.clone()}
		return w.restart(s)
	}
	return nil
}

// trouble begins or ends what makes operations fail.
func (w *week) trouble(s *side) {
	switch w.random.IntN(6) {
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
		s.full, s.stateFull, s.unmounted, s.flaky = false, false, false, 0
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

// cycle is one cycle of a side's service: look, and send what changed.
func (w *week) cycle(s *side, full bool) error {
	to := w.other(s)
	for _, one := range w.sides {
		if one.replica == nil {
			if err := w.bringUp(one); err != nil {
				return err
			}
		}
	}
	if s.replica == nil {
		return nil
	}
	s.elapsed += time.Duration(1+w.random.IntN(20)) * time.Second
	to.elapsed += time.Second
	s.clock = s.clock.Add(2 * time.Minute)
	if w.chance(20) {
		victim := w.any()
		victim.crashAt = victim.steps + 1 + w.random.IntN(1<<(2+w.random.IntN(9)))
	}
	racing := w.chance(30)
	if racing {
		for _, one := range w.sides {
			one.meddle = w.meddler(one)
		}
	}
	cutAfter := -1
	if w.chance(20) {
		cutAfter = w.random.IntN(1 << (4 + w.random.IntN(9)))
	}
	w.note("%s cycles (full %v, racing %v, cut after %d, power of %s to step %d, of %s to step %d)", s.pool, full, racing, cutAfter,
		w.sides[0].pool, w.sides[0].crashAt, w.sides[1].pool, w.sides[1].crashAt)
	w.model.begin(w.sides)
	look := s.replica.CatchUp
	if full || w.chance(10) {
		look = s.replica.Look
	}
	_, err := look(context.Background())
	if err == nil && s.replica.Held() == "" && to.replica != nil {
		var result exchange.Result
		result, err = w.session(s, to, full, cutAfter)
		if err == nil && !to.dead {
			w.note("    sent %+v", result)
			if err := w.durable(to); err != nil {
				return err
			}
		}
	}
	if err == nil {
		err = s.replica.Prune()
	}
	if err != nil {
		w.note("    %v", failure.Of(err))
	}
	if held := s.replica.Held(); held != "" {
		w.note("    held: %s", held)
	}
	for _, one := range w.sides {
		one.meddle = nil
		one.crashAt = 0
		if one.dead {
			w.note("    %s lost power at step %d", one.pool, one.steps)
			w.losePower(one)
			if err := w.bringUp(one); err != nil {
				return err
			}
		}
	}
	w.watch()
	return w.check("the cycle of " + s.pool)
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

// session runs one session of the wire between two sides.
func (w *week) session(from, to *side, full bool, cutAfter int) (exchange.Result, error) {
	a, b := newLine(cutAfter, func(end int) error {
		return [2]*side{from, to}[end].step("line")
	})
	options := exchange.Options{WindowBytes: int64(1 + w.random.IntN(200)), IdleTimeout: time.Hour, Sequential: true}
	taken := make(chan error, 1)
	go func() {
		b.begin()
		importer := to.replica.Importer()
		err := exchange.Import(context.Background(), b, importer, options)
		if err == nil {
			_, err = importer.Ended()
		}
		b.Close()
		taken <- err
	}()
	if !full && w.chance(30) {
		options.Budget = int64(20 + w.random.IntN(300))
	}
	result, err := exchange.Export(context.Background(), a, from.replica.Exporter(full), options)
	a.Close()
	return result, errors.Join(err, <-taken)
}
