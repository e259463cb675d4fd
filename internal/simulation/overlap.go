package simulation

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"csbackup/internal/exchange"
)

// order lets an administrator order a sync of a side. It is for the stores that stand on both sides.
func (w *week) order(s *side) error {
	if s.away || w.other(s).away || s.replica == nil || s.stateFull {
		return nil
	}
	w.note("%s: sync is ordered", s.pool)
	if err := s.replica.AcceptOrder(); err != nil && !s.stateFull && !s.dead {
		return err
	}
	return nil
}

// ordered tells whether an order of this side's is not done yet.
func (s *side) ordered() bool {
	_, wanted, err := s.replica.Order()
	return err == nil && wanted
}

// mount takes the store of a side away, so that the empty mount point stands under its path, or brings it back. It stays
// where no service runs: one that lost its index as well takes whatever stands there when it starts.
func (w *week) mount(s *side, away bool) {
	if s.away == away || away && s.replica == nil {
		return
	}
	s.away = away
	w.told.Remounts++
	w.note("the store of %s is away: %v", s.pool, away)
	if !away && s.replica != nil && !s.dead && !s.unmounted {
		s.replica.CheckStore() // the service looks every few seconds
	}
}

// heal ends all that makes operations of a side fail.
func (w *week) heal(s *side) {
	s.full, s.stateFull, s.unmounted, s.flaky = false, false, false, 0
	w.mount(s, false)
}

// newPhase begins a phase.
func (w *week) newPhase() {
	w.phase = &phase{}
	w.model.phase++
	w.model.begin(w.sides)
	for i, s := range w.sides {
		w.phase.before[i] = s.live()
		w.phase.known[i] = map[string]int64{}
		for _, root := range roots {
			if s.replica != nil {
				w.phase.known[i][root] = s.index.RootCounts(root).Files
			}
		}
		w.phase.had[i] = (&side{store: s.store.Durable(), folder: s.folder}).reachable()
		there := s.reachable()
		maps.DeleteFunc(w.phase.had[i], func(content string, _ bool) bool { return !there[content] })
	}
}

// cycle is a cycle of a side's service, with what goes on beside it.
func (w *week) cycle(s *side) error {
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
	to := w.other(s)
	w.pass(time.Duration(1+w.random.IntN(20)) * time.Second)
	s.clock = s.clock.Add(2 * time.Minute)
	w.newPhase()
	if w.chance(20) {
		victim := w.any()
		victim.crashAt = victim.steps + 1 + w.random.IntN(1<<(2+w.random.IntN(9)))
	}
	if w.chance(30) {
		for _, one := range w.sides {
			one.meddle = w.meddler(one)
		}
	}
	cutAfter := -1
	if w.chance(20) {
		cutAfter = w.random.IntN(1 << (4 + w.random.IntN(9)))
	}
	w.note("%s cycles (order %v, racing %v, cut after %d, power of %s to step %d, of %s to step %d)", s.pool, s.ordered(), s.meddle != nil, cutAfter,
		w.sides[0].pool, w.sides[0].crashAt, w.sides[1].pool, w.sides[1].crashAt)
	w.cycles(s, s.ordered(), s.ordered() || w.chance(10), cutAfter)
	w.befall(s, to)
	if err := w.through(); err != nil {
		return err
	}
	for _, one := range w.sides {
		if held := ""; one.replica != nil {
			if held = one.replica.Held(); held != "" {
				w.note("    %s is held: %s", one.pool, held)
			}
		}
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

// befall plans what befalls two sides during a phase.
func (w *week) befall(s, to *side) {
	if w.lying && w.chance(50) {
		victim := w.any()
		w.later(w.soon(), func() error { w.lie(victim); return nil })
	}
	if w.chance(35) && to.replica != nil {
		w.later(w.soon(), func() error { w.cycles(to, to.ordered(), false, -1); return nil })
	}
	if w.chance(15) { // a line on which nothing arrives for a while
		w.later(w.soon(), func() error {
			for _, one := range w.phase.sessions {
				if !one.over() && w.chance(50) {
					w.told.Stalls++
					w.note("    nothing arrives on %s", one.line.name)
					one.line.stall(true)
					w.later(10*w.soon(), func() error { one.line.stall(false); return nil })
				}
			}
			return nil
		})
	}
	if w.chance(20) { // the exporter gives a session up, and the importer is not told
		w.later(w.soon(), func() error { return w.giveUp(s) })
	}
	if w.chance(20) { // a service that loses power begins anew while its sessions are still open at the partner
		w.later(1, w.revive)
	}
	if w.chance(12) { // a store goes away, and may come back
		victim := w.any()
		w.later(w.soon(), func() error {
			w.mount(victim, true)
			if w.chance(60) {
				w.later(4*w.soon(), func() error { w.mount(victim, false); return nil })
			}
			return nil
		})
	}
	if w.chance(10) { // a look beside the sessions
		w.later(w.soon(), func() error {
			one := w.any()
			if r := one.replica; r != nil && !one.dead {
				w.begin(one.pool+" look", func() { _, _ = r.Look(w.context()) }, one) // what it finds is seen again
			}
			return nil
		})
	}
}

// giveUp lets the exporter leave its sessions without the importer being told, and begin another one.
func (w *week) giveUp(s *side) error {
	for _, one := range w.phase.sessions {
		if one.from == s && !one.over() {
			w.told.Halves++
			w.note("    %s leaves %s", s.pool, one.line.name)
			one.line.ends[0].vanish()
		}
	}
	w.later(w.soon(), func() error {
		if s.replica != nil && !s.dead {
			w.cycles(s, s.ordered(), false, -1)
		}
		return nil
	})
	return nil
}

// revive begins the service of a side anew that has lost power, as soon as nothing of it acts any more.
func (w *week) revive() error {
	waits := false
	for _, s := range w.sides {
		if !s.dead {
			continue
		}
		if s.acting.Load() > 0 {
			waits = true
			continue
		}
		w.told.Restarts++
		w.note("    %s lost power at step %d and begins anew", s.pool, s.steps)
		meddle := s.meddle
		w.losePower(s)
		if err := w.bringUp(s); err != nil {
			return err
		}
		s.meddle = meddle
		if s.replica != nil {
			w.cycles(s, s.ordered(), false, -1)
		}
	}
	if w.phase != nil && (waits || w.turnsLeft()) {
		w.later(1, w.revive)
	}
	return nil
}

// turnsLeft tells whether anybody still acts in this phase.
func (w *week) turnsLeft() bool {
	for _, s := range w.sides {
		if s.acting.Load() > 0 {
			return true
		}
	}
	return false
}

// session runs one session of the wire between two sides, undisturbed but for a cut.
func (w *week) session(from, to *side, full bool, cutAfter int) (exchange.Result, error) {
	w.newPhase()
	var talked *session
	var err error
	w.begin(from.pool+" session", func() { talked, err = w.talk(from, to, full, cutAfter) }, from)
	if runErr := w.through(); runErr != nil {
		return exchange.Result{}, runErr
	}
	if err == nil && talked.imported != nil {
		err = talked.imported
	}
	return talked.result, err
}

// orderedSession runs the session of a sync that an administrator orders now.
func (w *week) orderedSession(from, to *side) (exchange.Result, error) {
	if err := from.replica.AcceptOrder(); err != nil {
		return exchange.Result{}, err
	}
	order, _, err := from.replica.Order()
	if err != nil {
		return exchange.Result{}, err
	}
	result, err := w.session(from, to, true, -1)
	if err == nil && result.Drained {
		err = from.replica.FinishOrder(order.ID)
	}
	return result, err
}

// nothingBelow wants the empty mount points to be empty.
func (w *week) nothingBelow() error {
	for _, s := range w.sides {
		infos, err := s.bare.ReadDir(".")
		if err != nil || len(infos) > 0 {
			return fmt.Errorf("P8: below the mount point of %s something was written: %v, %v", s.pool, s.bare.Files(), err)
		}
	}
	return nil
}

func cutRoot(path string) (root, rest string, ok bool) { return strings.Cut(path, "/") }
