package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// turns lets the goroutines of a week go on one after the other, in an order that the seed decides: each waits for its
// turn before it asks a store, reads a line or begins a step of a session. Between two turns nobody else does anything
// that another one could notice. So what runs side by side in the program runs side by side here, and takes the same
// course on every run. It needs a bubble of testing/synctest, which tells when everybody waits.
type turns struct {
	mu      sync.Mutex
	random  *rand.Rand
	on      bool // otherwise there is one goroutine, and its turn is always
	waiting []*waiter
	running int // goroutines that were begun and have not ended
	steps   int
	idle    int // how often nobody could go on
	pair    int // steps at which more than one could have gone on
	at      func(step int) error
	trace   func(string, ...any) // hears each turn; may be nil
}

// waiter is a goroutine that waits for its turn.
type waiter struct {
	key   string // says what it is about to do; what comes in one order on every run
	ready func() bool
	grant func() error // runs in its turn, and says how what it is about to do goes
	went  chan error
}

// take waits for the caller's turn. ready, which may be nil, tells whether it can be now; the error is that of grant.
func (t *turns) take(key string, ready func() bool, grant func() error) error {
	t.mu.Lock()
	on := t.on
	t.mu.Unlock()
	if !on {
		return grant()
	}
	return t.wait(key, ready, grant)
}

func (t *turns) wait(key string, ready func() bool, grant func() error) error {
	w := &waiter{key, ready, grant, make(chan error, 1)}
	t.mu.Lock()
	t.waiting = append(t.waiting, w)
	t.mu.Unlock()
	return <-w.went
}

// begin starts a goroutine of the week, which goes on when it is given its first turn.
func (t *turns) begin(key string, run func()) {
	t.mu.Lock()
	t.running++
	t.mu.Unlock()
	go func() {
		_ = t.wait(key+" begins", nil, func() error { return nil })
		run()
		t.mu.Lock()
		t.running--
		t.mu.Unlock()
	}()
}

const (
	// pause is how long the clock goes on when nobody can: time for somebody to give up.
	pause = 20 * time.Second
	// idleMost is how often that is tried.
	idleMost = 2000
)

// run gives turns until all goroutines have ended.
func (t *turns) run() error {
	t.set(true)
	defer t.set(false)
	for {
		synctest.Wait()
		t.mu.Lock()
		if t.running == 0 && len(t.waiting) == 0 {
			t.mu.Unlock()
			return nil
		}
		next := t.next()
		t.mu.Unlock()
		if next == nil {
			if t.idle++; t.idle > idleMost {
				return t.abandon(fmt.Errorf("nobody can go on: %s", t.whoWaits()))
			}
			time.Sleep(pause)
			continue
		}
		t.idle = 0
		t.steps++
		if t.at != nil {
			t.set(false) // what happens here has no turns to wait for
			err := t.at(t.steps)
			t.set(true)
			if err != nil {
				next.went <- errAbandoned
				return t.abandon(err)
			}
		}
		next.went <- next.grant()
	}
}

// errAbandoned ends what still goes on when a week has failed.
var errAbandoned = errors.New("the week is over")

// abandon lets everybody who waits end with an error, and gives the one with which the week failed.
func (t *turns) abandon(problem error) error {
	for range idleMost {
		synctest.Wait()
		t.mu.Lock()
		waiting, running := t.waiting, t.running
		t.waiting = nil
		t.mu.Unlock()
		if running == 0 && len(waiting) == 0 {
			break
		}
		for _, w := range waiting {
			w.went <- errAbandoned
		}
		if len(waiting) == 0 {
			time.Sleep(pause)
		}
	}
	return problem
}

func (t *turns) set(on bool) {
	t.mu.Lock()
	t.on = on
	t.mu.Unlock()
}

// next takes out who goes on, nil when nobody can. The caller holds mu.
func (t *turns) next() *waiter {
	var able []*waiter
	for _, w := range t.waiting {
		if w.ready == nil || w.ready() {
			able = append(able, w)
		}
	}
	if len(able) == 0 {
		return nil
	}
	if len(able) > 1 {
		t.pair++
	}
	sort.SliceStable(able, func(i, j int) bool { return able[i].key < able[j].key })
	chosen := able[t.random.IntN(len(able))]
	if t.trace != nil {
		t.trace("  turn %d of %d that could: %s", t.steps+1, len(able), chosen.key)
	}
	t.waiting = slices.DeleteFunc(t.waiting, func(w *waiter) bool { return w == chosen })
	return chosen
}

func (t *turns) whoWaits() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keys []string
	for _, w := range t.waiting {
		keys = append(keys, w.key)
	}
	return fmt.Sprintf("%d run, and these wait: %s", t.running, strings.Join(keys, "; "))
}
