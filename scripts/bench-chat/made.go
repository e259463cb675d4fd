package main

import (
	"context"
	"errors"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/scripts/chatdata"
)

// made is a database that makes the rows of a number of copies while they are read, and only counts what is
// written: a database of any size without a disk. With no copies it is empty.
type made struct {
	data    *chatdata.Data
	copies  int64
	written map[string]int64
}

var errMade = errors.New("the made database cannot do this")

func (m *made) CreateSchema(context.Context, string) error { return errMade }

func (m *made) Snapshot(context.Context) (database.Reader, error) { return m, nil }

func (m *made) Begin(context.Context) (database.Writer, error) {
	m.written = map[string]int64{}
	return m, nil
}

func (m *made) Empty(context.Context, string) (int64, error) { return 0, errMade }

func (m *made) Close() error { return nil }

func (m *made) Isolation() string { return "made rows" }

func (m *made) OneMoment() bool { return true }

func (m *made) Tables(context.Context) (database.Layout, error) {
	l := database.Layout{Databases: []string{schema.Chat}}
	for _, t := range schema.Tables(schema.Chat) {
		l.Tables = append(l.Tables, t.Name)
	}
	return l, nil
}

func (m *made) Rows(ctx context.Context, query database.Query, fn func([]any) error) error {
	if m.copies == 0 {
		return nil
	}
	if len(query.Where) > 0 {
		return errMade
	}
	published, ok := schema.Lookup(query.Table)
	if !ok {
		return errMade
	}
	from := published.ColumnNames()
	columns := query.Columns
	if len(columns) == 0 {
		columns = from
	}
	places := make([]int, len(columns))
	for i, name := range columns {
		for j, c := range from {
			if c == name {
				places[i] = j
			}
		}
	}
	chosen := make([]any, len(columns))
	return m.each(ctx, query.Table, func(row []any) error {
		for i, place := range places {
			chosen[i] = row[place]
		}
		return fn(chosen)
	})
}

// each gives the rows of a table with all columns.
func (m *made) each(ctx context.Context, table string, fn func([]any) error) error {
	if table != "tblChat" {
		for _, t := range m.data.Tables(m.copies) {
			if t.Name != table {
				continue
			}
			for _, row := range t.Rows {
				if err := fn(row); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for copy := range m.copies {
		next, err := m.data.Copy(copy)
		if err != nil {
			return err
		}
		for {
			row, err := next()
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			if err := errors.Join(ctx.Err(), fn(row)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *made) Count(ctx context.Context, query database.Query) (int64, error) {
	if m.copies == 0 {
		return m.written[query.Table], nil
	}
	if query.Table == "tblChat" {
		return m.data.Messages * m.copies, nil
	}
	count := int64(0)
	err := m.Rows(ctx, query, func([]any) error {
		count++
		return nil
	})
	return count, err
}

func (m *made) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error) {
	count := int64(0)
	for {
		row, err := next()
		if err != nil || row == nil {
			m.written[table] += count
			return count, errors.Join(err, ctx.Err())
		}
		count++
	}
}

func (m *made) Update(context.Context, string, map[string]any, []database.Condition) (int64, error) {
	return 0, errMade
}

func (m *made) Commit() error { return nil }

func (m *made) Rollback() error { return nil }
