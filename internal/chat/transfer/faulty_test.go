package transfer_test

import (
	"context"
	"errors"

	"csbackup/internal/chat/database"
)

var errInjected = errors.New("an injected failure")

// faultyDatabase fails the call whose turn has come: each statement, each tenth row that is read or sent, and the commit.
type faultyDatabase struct {
	database.Database
	left int // calls until the failure
}

func (f *faultyDatabase) fail() error {
	if f.left--; f.left == 0 {
		return errInjected
	}
	return nil
}

func (f *faultyDatabase) Snapshot(ctx context.Context) (database.Reader, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	r, err := f.Database.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyReader{Reader: r, source: faultySource{r, f}}, nil
}

func (f *faultyDatabase) Begin(ctx context.Context) (database.Writer, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	w, err := f.Database.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyWriter{Writer: w, source: faultySource{w, f}}, nil
}

type faultySource struct {
	from   database.Source
	faults *faultyDatabase
}

func (s faultySource) Tables(ctx context.Context) (database.Layout, error) {
	if err := s.faults.fail(); err != nil {
		return database.Layout{}, err
	}
	return s.from.Tables(ctx)
}

func (s faultySource) Count(ctx context.Context, query database.Query) (int64, error) {
	if err := s.faults.fail(); err != nil {
		return 0, err
	}
	return s.from.Count(ctx, query)
}

func (s faultySource) Rows(ctx context.Context, query database.Query, fn func(row []any) error) error {
	if err := s.faults.fail(); err != nil {
		return err
	}
	n := 0
	return s.from.Rows(ctx, query, func(row []any) error {
		if n++; n%10 == 0 {
			if err := s.faults.fail(); err != nil {
				return err
			}
		}
		return fn(row)
	})
}

type faultyReader struct {
	database.Reader
	source faultySource
}

func (r *faultyReader) Tables(ctx context.Context) (database.Layout, error) {
	return r.source.Tables(ctx)
}

func (r *faultyReader) Count(ctx context.Context, query database.Query) (int64, error) {
	return r.source.Count(ctx, query)
}

func (r *faultyReader) Rows(ctx context.Context, query database.Query, fn func(row []any) error) error {
	return r.source.Rows(ctx, query, fn)
}

type faultyWriter struct {
	database.Writer
	source faultySource
}

func (w *faultyWriter) Tables(ctx context.Context) (database.Layout, error) {
	return w.source.Tables(ctx)
}

func (w *faultyWriter) Count(ctx context.Context, query database.Query) (int64, error) {
	return w.source.Count(ctx, query)
}

func (w *faultyWriter) Rows(ctx context.Context, query database.Query, fn func(row []any) error) error {
	return w.source.Rows(ctx, query, fn)
}

func (w *faultyWriter) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error) {
	n := 0
	count, err := w.Writer.Insert(ctx, table, columns, func() ([]any, error) {
		if n++; n%10 == 1 {
			if err := w.source.faults.fail(); err != nil {
				return nil, err
			}
		}
		return next()
	})
	if err == nil {
		err = w.source.faults.fail() // everything was sent, and the answer is lost
	}
	return count, err
}

func (w *faultyWriter) Update(ctx context.Context, table string, set map[string]any, where []database.Condition) (int64, error) {
	n, err := w.Writer.Update(ctx, table, set, where)
	if err == nil {
		err = w.source.faults.fail()
	}
	return n, err
}

func (w *faultyWriter) Empty(ctx context.Context, table string) (int64, error) {
	n, err := w.Writer.Empty(ctx, table)
	if err == nil {
		err = w.source.faults.fail()
	}
	return n, err
}

func (w *faultyWriter) Commit() error {
	if err := w.source.faults.fail(); err != nil {
		return errors.Join(err, w.Writer.Rollback())
	}
	return w.Writer.Commit()
}
