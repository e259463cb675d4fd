package service

import (
	"context"
	"io"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// router takes a session of the partner and hands it to the module that its Hello names.
type router struct {
	open   func() (map[string]*engine, error) // fails while the file store cannot be used
	caller *caller
	chosen *engine
	target *replica.Importer
	stop   context.CancelCauseFunc
}

func (r *router) Opened(stop context.CancelCauseFunc) { r.stop = stop }

func (r *router) Closed() {
	if r.target != nil {
		r.target.Closed()
	}
}

func (r *router) Welcome(ctx context.Context, h exchange.Hello) (exchange.Welcome, error) {
	engines, err := r.open()
	if err != nil {
		return exchange.Welcome{}, err
	}
	e := engines[h.Module]
	if e == nil {
		return exchange.Welcome{}, failure.New(failure.UnknownModule, h.Module, "The partner offered the module "+h.Module+", which is not replicated here",
			"Enable it on both sides: csbackup configuration set --enable-rgs-backup-service 1.")
	}
	r.chosen = e
	if err := e.standing(); err != nil {
		return exchange.Welcome{}, err
	}
	r.target = e.replica.Importer()
	r.target.Opened(r.stop)
	welcome, err := r.target.Welcome(ctx, h)
	r.caller.welcomed.Store(err == nil)
	return welcome, err
}

func (r *router) Retries(ctx context.Context, after string, limit int) ([]string, error) {
	return r.target.Retries(ctx, after, limit)
}

func (r *router) Plan(ctx context.Context, batch exchange.Batch, items []index.Item) ([]exchange.Want, error) {
	return r.target.Plan(ctx, batch, items)
}

func (r *router) Receive(ctx context.Context, batch exchange.Batch, part exchange.Part, content io.Reader) error {
	return r.target.Receive(ctx, batch, part, content)
}

func (r *router) Commit(ctx context.Context, batch exchange.Batch) (exchange.Ack, error) {
	return r.target.Commit(ctx, batch)
}

func (r *router) Discard(batch exchange.Batch) { r.target.Discard(batch) }
