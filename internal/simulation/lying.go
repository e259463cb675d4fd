package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/simulation/liar"
)

// LyingWeek runs a week in which somebody with the certificates of both pools lies to them, and is told as Week is.
func LyingWeek(seed uint64, detail bool, watch string) (Told, error) {
	w := newWeek(seed, detail, watch)
	w.lying = true
	err := w.live()
	w.told.Steps, w.told.Choices = w.turns.steps, w.turns.pair
	return w.told, err
}

// many stores many files in one root of a side: enough for the loss guard to weigh.
func (w *week) many(s *side) {
	root := roots[w.random.IntN(len(roots))]
	for i := range 12 + w.random.IntN(30) {
		w.store(s, fmt.Sprintf("%s/many%d/g%d", root, i%3, i), w.content())
	}
}

// liesTakeAtMost is how many operations a few sessions of a liar may cost: some for each item, and for each level of
// its path.
const liesTakeAtMost = 1000

// lies lets somebody who has the certificates of both pools do nothing but lie to a side for a while.
func (w *week) lies(victim *side) error {
	if victim.replica == nil {
		return nil
	}
	w.pass(time.Duration(1+w.random.IntN(20)) * time.Second)
	w.newPhase()
	w.phase.lies = true
	w.note("somebody lies to %s", victim.pool)
	before := w.turns.steps
	for range 1 + w.random.IntN(3) {
		w.lie(victim)
	}
	if err := w.through(); err != nil {
		return err
	}
	if took := w.turns.steps - before; took > liesTakeAtMost {
		return fmt.Errorf("P28: a few sessions of a liar kept %s at work for %d steps", victim.pool, took)
	}
	return w.check("the lies to " + victim.pool)
}

// pass lets time go by on both sides.
func (w *week) pass(d time.Duration) {
	for _, s := range w.sides {
		s.elapsed += d
	}
}

// lie begins a session of a liar with a side: he calls, or answers where the side calls its partner.
func (w *week) lie(victim *side) {
	if victim.replica == nil || victim.dead {
		return
	}
	if w.chance(75) {
		w.begin(victim.pool+" is lied to", func() { w.offersLies(victim) })
	} else {
		w.begin(victim.pool+" calls a liar", func() { w.answersLies(victim) }, victim)
	}
}

// liar is somebody who speaks in the name of a side's partner. He is made in a turn.
func (w *week) liar(victim *side) (*liar.Liar, error) {
	as := w.other(victim)
	if victim.replica == nil || victim.dead || as.replica == nil {
		return nil, errors.New("nobody answers")
	}
	items, err := victim.index.All("", 2000)
	if err != nil {
		return nil, err
	}
	raw, err := as.index.Meta("offered")
	offered, _ := strconv.ParseUint(string(raw), 10, 64)
	return liar.New(rand.New(rand.NewPCG(w.random.Uint64(), 3)), liar.Knowledge{
		Hello: exchange.Hello{Protocol: exchange.Protocol, Version: "a lie", FromPool: victim.partner, ToPool: victim.pool, Module: moduleName,
			Replica: as.index.Replica(), Head: as.index.Head()},
		Victim: victim.index.Replica(), Items: items, Offered: offered, Roots: roots, Content: w.content, Claimed: w.model.claimed, Orders: w.phase.lies && !victim.away,
	}), err
}

// offersLies is a session in which a liar calls a side.
func (w *week) offersLies(victim *side) {
	s := &session{from: w.other(victim), to: victim}
	err := w.turns.take("a liar dials "+victim.pool, nil, func() error {
		var err error
		if s.liar, err = w.liar(victim); err != nil {
			return err
		}
		options := w.open(s, -1)
		w.begin(s.line.name+" import", func() { w.take(s, options) }, victim)
		return nil
	})
	if err != nil {
		return
	}
	a := s.line.ends[0]
	options := exchange.Options{WindowBytes: 1 << 20, IdleTimeout: time.Minute, Chunk: chunk, Resumable: resumable}
	s.result, s.exported = exchange.Export(w.context(), s.liar.Line(a), s.liar.Source(), options)
	a.Close()
	s.ended[0] = true
}

// answersLies is a cycle of a side whose partner's place a liar has taken.
func (w *week) answersLies(victim *side) {
	if _, err := victim.replica.CatchUp(w.context()); err != nil || victim.replica.Held() != "" {
		return
	}
	s := &session{from: victim, to: w.other(victim), lies: 1}
	full := victim.ordered()
	var options exchange.Options
	err := w.turns.take(victim.pool+" dials a liar", nil, func() error {
		var err error
		if s.liar, err = w.liar(victim); err != nil {
			return err
		}
		options = w.open(s, -1)
		w.begin(s.line.name+" answers with lies", func() {
			b := s.line.ends[1]
			turn := func(step string) {
				_ = w.turns.take(s.line.name+" liar "+step, nil, func() error { return nil })
			}
			s.imported = exchange.Import(w.context(), s.liar.Line(b), s.liar.Target(turn), options)
			b.Close()
			s.ended[1] = true
		})
		return nil
	})
	if err != nil {
		return
	}
	a := s.line.ends[0]
	s.result, s.exported = exchange.Export(w.context(), a, victim.replica.Exporter(full), options)
	a.Close()
	s.ended[0] = true
}

// liedTo notes what was claimed in a session.
func (w *week) liedTo(s *session) {
	told := s.liar.Told()
	w.note("    lies on %s: %v", s.line.name, told)
	if w.told.Lies == nil {
		w.told.Lies = map[string]int{}
	}
	for name, n := range told {
		w.told.Lies[name] += n
	}
	if s.liar.Ordered() { // it lets go of what is held, as an administrator's order does
		w.model.confirmed(s.to)
	}
}

// claimed: somebody claimed something about a path; holds where what he said of its content is so.
func (m *model) claimed(path, content string, holds bool) {
	m.lied[path] = true
	if holds {
		m.written[content] = true
	}
}

// about tells whether something was claimed about a path, what is above it, or what is below.
func (m *model) about(path string) bool {
	for claimed := range m.lied {
		if claimed == path || strings.HasPrefix(path, claimed+"/") || strings.HasPrefix(claimed, path+"/") {
			return true
		}
	}
	return false
}

// lieCount is how many lies were told.
func (t Told) lieCount() (n int) {
	for _, of := range t.Lies {
		n += of
	}
	return n
}

// retained wants that each version that a side had when a phase began can be had there, where nobody but the program
// acted.
func (w *week) retained(p *phase) error {
	for i, s := range w.sides {
		if p.touched[i] || s.dead {
			continue
		}
		now := s.reachable()
		for _, content := range sortedKeys(p.had[i]) {
			if !now[content] {
				return fmt.Errorf("P28: %q was at %s and cannot be had there any more", content, s.pool)
			}
		}
	}
	return nil
}
