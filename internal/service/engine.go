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
	exported              bool // a session with the partner ended well since the start
	imported              bool
	exportError           error
	importError           error
	incomplete            error
	deferred              int64
	partnerPending        uint64
	lastCycle             time.Time
	lastExport            *time.Time
	lastImport            *time.Time
	lastAcknowledged      *time.Time
}

// retention is how long kept versions stay, in running time of the service.
const retention = 30 * 24 * time.Hour

// sync asks for a full comparison; it returns at once.
func (e *engine) sync() {
	e.mu.Lock()
	e.progress.syncWanted = true
	e.mu.Unlock()
	e.nudge()
}

func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run cycles until the context ends: at once, at every SyncInterval, and when it is woken.
func (e *engine) run(ctx context.Context) {
	for {
		again := e.cycle(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := time.Duration(e.settings.Get().SyncInterval)
		if again {
			wait = min(wait, time.Second)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-e.wake:
		}
		timer.Stop()
	}
}

// cycle looks at the store and sends what changed. It tells whether the next cycle should follow soon
// because a comparison that was asked for has not come to its end.
func (e *engine) cycle(ctx context.Context) (again bool) {
	e.mu.Lock()
	full := e.progress.syncWanted
	e.progress.syncWanted = false
	e.progress.comparing = full
	e.mu.Unlock()

	look, err := e.replica.Look(ctx)
	if err == nil && e.replica.Held() == "" {
		err = e.export(ctx, full)
	}
	if pruneErr := e.replica.Prune(retention); err == nil {
		err = pruneErr
	}
	if err != nil && ctx.Err() == nil {
		e.log.Warn("the cycle failed", "module", e.module.Identity, "error", err)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.comparing = false
	e.progress.lastCycle = e.now()
	e.progress.exportError = err
	e.progress.incomplete = look.Incomplete
	e.progress.deferred = look.Deferred
	if full && err != nil && ctx.Err() == nil {
		e.progress.syncWanted = true // it was accepted: it is tried until it is done
	}
	return full && err != nil || look.Missing > 0 && e.replica.Held() == ""
}

func (e *engine) export(ctx context.Context, full bool) error {
	conn, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	options := exchange.Options{}
	if !full {
		options.Budget = int64(e.settings.Get().MaxDataConfPackageSizeKB) << 10
	}
	result, err := exchange.Export(ctx, conn, e.replica.Exporter(full), options)
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.partnerPending = result.Pending
	if result.Applied > 0 {
		e.progress.lastExport = &now
	}
	if err == nil {
		e.progress.exported = true
		e.progress.lastAcknowledged = &now
	}
	return err
}

// accepted notes how a session of the partner ended.
func (e *engine) accepted(err error) {
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.importError = err
	e.progress.imported = true
	if err == nil {
		e.progress.lastImport = &now
	}
}

// The words for states; there are no others.
const (
	notInitialized = "NotInitialized"
	finalState     = "FinalState"
	steadyState    = "SteadyState"
	nonSteadyState = "NonSteadyState"
	errorState     = "ErrorState"
	normalState    = "NormalState"
)

// standing is all that a module's export state is decided from.
type standing struct {
	progress
	held         string
	left         int64
	leftBytes    int64
	missing      int64
	packageBytes int64
	stale        bool
}

// exportState decides the word and the reason. It is pure.
func exportState(s standing) (state, reason string) {
	switch {
	case s.held != "":
		return errorState, "The loss brake holds: " + s.held + "."
	case s.exportError != nil:
		shown := failure.Of(s.exportError)
		return errorState, shown.Error()
	case s.incomplete != nil:
		return errorState, "The store could not be listed in full: " + s.incomplete.Error()
	case s.stale:
		return errorState, "No cycle has come to its end for too long; what is shown here may be out of date."
	case !s.exported:
		return notInitialized, ""
	case s.left == 0 && s.missing == 0 && s.deferred == 0 && s.partnerPending == 0 && !s.syncWanted && !s.comparing:
		return finalState, ""
	case s.leftBytes > s.packageBytes:
		return nonSteadyState, ""
	}
	return steadyState, ""
}

func importState(p progress) (state, reason string) {
	switch {
	case !p.imported:
		return notInitialized, ""
	case p.importError != nil && !errors.Is(p.importError, context.Canceled):
		return errorState, "The last import failed: " + failure.Of(p.importError).Error()
	}
	return normalState, ""
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
