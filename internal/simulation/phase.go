package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/replica"
	"csbackup/internal/simulation/liar"
)

// phase is what goes on side by side: cycles of both sides, their sessions, and what befalls them meanwhile.
type phase struct {
	sessions []*session
	events   []event
	before   [2]map[string]string // the replicated files when it began
	had      [2]map[string]bool   // the contents that could be had on each side then, also after a loss of power
	known    [2]map[string]int64  // how many files the index of each side knew then, by root
	lies     bool                 // nobody acts but a liar and those to whom he lies
	touched  [2]bool              // people did something on that side meanwhile
	errs     []error              // of the cycles, for the log
}

// event is something that happens at a step of a phase.
type event struct {
	step int
	do   func() error
}

// session is one session of the wire, from the dialling to both its ends.
type session struct {
	from, to           *side
	line               *line
	full               bool
	result             exchange.Result
	exported, imported error
	ended              [2]bool
	crowded            bool       // another one ran at the same time
	liar               *liar.Liar // on one of its ends; nil for honest ones
	lies               int        // which end that is
}

func (s *session) over() bool { return s.ended[0] && s.ended[1] }

// sound tells whether all went well on both ends.
func (s *session) sound() bool { return s.over() && s.exported == nil && s.imported == nil }

// begin starts a goroutine that acts for sides, once it is given its first turn.
func (w *week) begin(key string, run func(), sides ...*side) {
	for _, s := range sides {
		s.acting.Add(1)
	}
	w.turns.begin(key, func() {
		run()
		for _, s := range sides {
			s.acting.Add(-1)
		}
	})
}

// target lets each step of a session wait for its turn.
type target struct {
	*replica.Importer
	turns *turns
	key   string
}

func (t target) turn(what string) {
	_ = t.turns.take(t.key+" "+what, nil, func() error { return nil })
}

func (t target) Receive(ctx context.Context, batch exchange.Batch, part exchange.Part, content io.Reader) error {
	t.turn(fmt.Sprintf("receives %d %q", batch.Number, part.Item.Path))
	return t.Importer.Receive(ctx, batch, part, content)
}

func (t target) Commit(ctx context.Context, batch exchange.Batch) (exchange.Ack, error) {
	t.turn(fmt.Sprintf("commits %d", batch.Number))
	return t.Importer.Commit(ctx, batch)
}

// talk runs a session from one side to the other; the caller is a goroutine of from.
func (w *week) talk(from, to *side, full bool, cutAfter int) (*session, error) {
	s := &session{from: from, to: to, full: full}
	var options exchange.Options
	err := w.turns.take(from.pool+" dials", nil, func() error {
		if from.replica == nil || to.replica == nil || from.dead || to.dead {
			return errors.New("nobody answers")
		}
		options = w.open(s, cutAfter)
		w.begin(s.line.name+" import", func() { w.take(s, options) }, to)
		return nil
	})
	if err != nil {
		return s, err
	}
	a := s.line.ends[0]
	s.result, s.exported = exchange.Export(w.context(), a, from.replica.Exporter(full), options)
	a.Close()
	s.ended[0] = true
	return s, s.exported
}

// open makes the line of a session and draws how it goes.
func (w *week) open(s *session, cutAfter int) exchange.Options {
	options := exchange.Options{IdleTimeout: time.Minute, Chunk: chunk, Resumable: resumable, WindowBytes: int64(1 + w.random.IntN(200))}
	if !s.full && w.chance(30) {
		options.Budget = int64(20 + w.random.IntN(300))
	}
	s.line = newLine(w.turns, fmt.Sprintf("%s-%d", s.from.pool, len(w.phase.sessions)), cutAfter, func(end int) error {
		if s.liar != nil && end == s.lies {
			return nil // he has a machine of his own
		}
		return [2]*side{s.from, s.to}[end].step("line")
	})
	for _, other := range w.phase.sessions {
		if !other.over() {
			s.crowded, other.crowded = true, true
		}
	}
	w.phase.sessions = append(w.phase.sessions, s)
	return options
}

// take is the importing end of a session.
func (w *week) take(s *session, options exchange.Options) {
	b := s.line.ends[1]
	importer := s.to.replica.Importer()
	s.imported = exchange.Import(w.context(), b, target{importer, w.turns, s.line.name}, options)
	if s.imported == nil {
		_, s.imported = importer.Ended()
	}
	b.Close()
	s.ended[1] = true
}

// cycles lets a side run one cycle of its service: it looks and sends what changed, or carries out its order.
func (w *week) cycles(s *side, full, everywhere bool, cutAfter int) {
	if s.replica == nil {
		return
	}
	w.begin(s.pool+" cycle", func() {
		see := s.replica.CatchUp
		if everywhere {
			see = s.replica.Look
		}
		order, _, err := s.replica.Order()
		if err == nil {
			_, err = see(w.context())
		}
		if err == nil && s.replica.Held() == "" {
			var talked *session
			talked, err = w.talk(s, w.other(s), full, cutAfter)
			if full && err == nil && talked.result.Drained {
				err = s.replica.FinishOrder(order.ID)
			}
		}
		if err == nil {
			err = s.replica.Prune()
		}
		if err != nil {
			w.phase.errs = append(w.phase.errs, fmt.Errorf("%s: %w", s.pool, failure.Of(err)))
		}
	}, s)
}

// through lives through a phase to its end.
func (w *week) through() error {
	w.turns.at = w.happen
	err := w.turns.run()
	w.turns.at = nil
	p := w.phase
	w.phase = nil
	w.model.talked(p)
	for _, err := range p.errs {
		w.note("    %v", err)
	}
	for _, s := range p.sessions {
		why := failure.Of(s.exported)
		if s.imported != nil { // whether an importer's last word comes before the line ends is not of the course
			why = failure.Of(s.imported)
		}
		w.note("    %s: sent %+v; %v", s.line.name, s.result, why)
		w.told.Sessions++
		if s.liar != nil {
			w.liedTo(s)
		}
		if s.crowded {
			w.told.Overlapped++
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(w.acknowledged(p), w.guarded(p), w.retained(p))
}

// happen lets what is due at a step of a phase happen.
func (w *week) happen(step int) error {
	var due []event
	rest := w.phase.events[:0]
	for _, e := range w.phase.events {
		if e.step <= step {
			due = append(due, e)
		} else {
			rest = append(rest, e)
		}
	}
	w.phase.events = rest
	for _, e := range due {
		if err := e.do(); err != nil {
			return err
		}
	}
	return nil
}

// later plans something for so many steps from now on.
func (w *week) later(steps int, do func() error) {
	w.phase.events = append(w.phase.events, event{w.turns.steps + steps, do})
}

// soon is a number of steps, mostly a small one.
func (w *week) soon() int { return 1 + w.random.IntN(1<<(1+w.random.IntN(7))) }

// acknowledged crashes a copy of each side into which all sessions came to a good end.
func (w *week) acknowledged(p *phase) error {
	for _, to := range w.sides {
		came, sound := false, !to.dead && !to.away
		var waiting []string
		for _, s := range p.sessions {
			if s.to == to {
				came, sound = true, sound && s.sound() && s.result.Pending <= uint64(len(s.result.Waiting))
				waiting = append(waiting, s.result.Waiting...)
			}
		}
		if came && sound {
			if err := w.durable(to, waiting); err != nil {
				return err
			}
		}
	}
	return nil
}
