package service

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/module"
	"csbackup/internal/replica"
	"csbackup/internal/settings"
)

// engine runs the cycles of one module.
type engine struct {
	module   module.Module
	replica  *replica.Replica
	settings *settings.Keeper
	standing func() error // fails while another process serves the pool
	explain  func(error) error
	dial     func(ctx context.Context) (io.ReadWriteCloser, error)
	log      *slog.Logger
	now      func() time.Time

	wake chan struct{} // a sync was asked for, or settings changed

	mu       sync.Mutex
	progress progress
}

// progress is what the status is made from.
type progress struct {
	syncWanted, comparing bool
	lookWanted            bool // the comparison that is wanted has not looked at everything yet
	exported              bool // a session with the partner ended well since the start
	imported              bool
	unsentSince           time.Time // when something was left for the first time since nothing was
	exportError           error
	importError           error
	look                  replica.Look
	lookBegan             time.Time // when the last look began that came to its end
	blind                 error     // why the store tells nothing of changes
	broken                int       // sessions that broke one after the other
	failures              int       // cycles that failed one after the other
	partnerPending        uint64
	lastCycle, lastMove   time.Time // lastMove: when the partner last acknowledged a batch
	lastCall              time.Time // when the partner's last session ended
	lastExport            *time.Time
	lastImport            *time.Time
	lastAcknowledged      *time.Time // when the look began of which the partner has acknowledged all
}

// sync asks for a full comparison, which the index remembers already.
func (e *engine) sync() {
	e.mu.Lock()
	e.progress.syncWanted, e.progress.lookWanted = true, true
	e.mu.Unlock()
	e.nudge()
}

func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run cycles until the context ends or the module is disabled: at once, at every SyncInterval, when it
// is woken, and when settings change.
func (e *engine) run(ctx context.Context, enabled func() bool) {
	for ctx.Err() == nil && enabled() {
		changed := e.settings.Changed()
		wait := e.cycle(ctx)
		timer := time.NewTimer(min(wait, time.Duration(e.settings.Get().SyncInterval)))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-e.wake:
		case <-changed:
		}
		timer.Stop()
	}
}

const (
	// soon is when paths are looked at again that were held, still changing or just gone.
	soon = 5 * time.Second
	// longest is how long a comparison that was asked for waits at most for its next try.
	longest = 30 * time.Second
)

// cycle looks at what changed in the store and sends it. It tells when the next cycle is due at the
// latest: sooner than the interval when something waits for it.
func (e *engine) cycle(ctx context.Context) time.Duration {
	full, everywhere := e.take()

	var look replica.Look
	var order replica.Order
	began, err := e.now(), e.standing()
	if err == nil {
		order, _, err = e.replica.Order()
	}
	if err == nil {
		look, err = e.look(ctx, everywhere)
	}
	if err == nil && look.Full && !full {
		if full, everywhere = e.take(); full {
			// It was asked for during this look, which lacks only what changed since it began.
			if order, _, err = e.replica.Order(); err == nil {
				began = e.now()
				look, err = e.look(ctx, false)
			}
		}
	}
	looked, done := err == nil, false
	if err == nil && e.replica.Held() == "" {
		done, err = e.export(ctx, full, began)
	}
	if full && done {
		err = e.replica.FinishOrder(order.ID)
	}
	if err == nil {
		if pruneErr := e.explain(e.replica.Prune()); pruneErr != nil && ctx.Err() == nil {
			e.log.Warn("old kept versions could not be removed", "module", e.module.Identity, "error", pruneErr, "advice", failure.Of(pruneErr).Hint)
		}
	}
	err = e.explain(err)
	if err != nil && ctx.Err() == nil {
		e.log.Warn("the cycle failed", "module", e.module.Identity, "error", err, "advice", failure.Of(err).Hint)
	}
	e.log.Debug("a cycle ended", "module", e.module.Identity, "full", full, "deferred", look.Deferred, "skipped", look.Skipped, "missing", look.Missing)

	e.mu.Lock()
	defer e.mu.Unlock()
	p := &e.progress
	p.comparing = false
	p.lastCycle = e.now()
	p.exportError = err
	p.look = look
	if looked {
		p.lookBegan = began
	}
	if left, _ := e.replica.Left(); left == 0 {
		p.unsentSince = time.Time{}
	} else if p.unsentSince.IsZero() {
		p.unsentSince = p.lastCycle
	}
	if full && !(done && err == nil) { // it was accepted: it is tried until it is done
		p.syncWanted, p.lookWanted = true, p.lookWanted || everywhere && !looked
	}
	switch {
	case err == nil:
		p.failures = 0
	case full:
		p.failures++
		return min(longest, time.Second<<min(p.failures-1, 5))
	}
	if full && !done && e.replica.Held() == "" {
		return 0 // the session was ended for its length: the comparison goes on in the next one
	}
	if look.Deferred > 0 || look.Missing > 0 && e.replica.Held() == "" {
		return soon
	}
	return time.Hour
}

// take begins the full comparison that was asked for, if one was, and tells whether everything is still
// to be looked at for it.
func (e *engine) take() (full, everywhere bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := &e.progress
	full, everywhere = p.syncWanted, p.lookWanted
	p.syncWanted, p.lookWanted = false, false
	p.comparing = p.comparing || full
	return full, everywhere
}

func (e *engine) look(ctx context.Context, everywhere bool) (replica.Look, error) {
	take := e.replica.CatchUp
	if everywhere {
		take = e.replica.Look
	}
	found, err := take(ctx)
	blind := e.replica.Blind()
	e.mu.Lock()
	before := e.progress.blind
	e.progress.blind = blind
	e.mu.Unlock()
	if blind != nil && (before == nil || before.Error() != blind.Error()) {
		e.log.Warn("the file store does not tell about changes; it is scanned in every cycle", "module", e.module.Identity, "reason", blind)
	}
	return found, err
}

// export runs a session with the partner, after a look that began at a time. It tells whether nothing is left to offer.
func (e *engine) export(ctx context.Context, full bool, began time.Time) (done bool, err error) {
	conn, err := e.dial(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	e.mu.Lock()
	broken := e.progress.broken
	e.mu.Unlock()
	options := exchange.Options{Halved: broken, Explain: e.explain, Progress: func(exchange.Result) {
		e.mu.Lock()
		e.progress.lastMove = e.now()
		e.mu.Unlock()
	}}
	if !full {
		options.Budget = int64(e.settings.Get().MaxDataConfPackageSizeKB) << 10
	}
	result, err := exchange.Export(ctx, conn, e.replica.Exporter(full).Smaller(broken), options)
	e.log.Debug("a session with the partner ended", "module", e.module.Identity, "files", result.Files, "bytes", result.Bytes, "applied", result.Applied, "pending", result.Pending, "drained", result.Drained)
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.partnerPending = result.Pending
	if result.Applied > 0 {
		e.progress.lastExport = &now
	}
	if failure.IsID(err, failure.StoreUnavailable) || failure.IsID(err, failure.ServiceUnreachable) {
		e.progress.broken++
	}
	if err == nil {
		e.progress.broken = 0
		e.progress.exported = true
		e.progress.lastAcknowledged = &began // what changed since was not looked at
	}
	return err == nil && result.Drained, err
}

// accepted notes how a session of the partner ended. What came with it is told back at once, so that
// both sides know that they agree.
func (e *engine) accepted(err error) {
	now := e.now()
	e.mu.Lock()
	e.progress.importError = err
	e.progress.imported = true
	e.progress.lastCall = now
	if err == nil {
		e.progress.lastImport = &now
	}
	e.mu.Unlock()
	if left, _ := e.replica.Left(); err == nil && left > 0 {
		e.nudge()
	}
}

// tlsDial connects to the first of the partner's services that answers.
func tlsDial(urls []string, config func() *tls.Config) func(ctx context.Context) (io.ReadWriteCloser, error) {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		var problem error
		for _, url := range urls {
			conn, err := exchange.Dial(ctx, url, config())
			if err == nil {
				return conn, nil
			}
			problem = errors.Join(problem, err)
		}
		return nil, problem
	}
}
