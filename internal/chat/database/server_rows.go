package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// Tables reads the server's catalogue.
func (s *serverSession) Tables(ctx context.Context) (Layout, error) {
	rows, err := s.tx.QueryContext(ctx, "SELECT c.TABLE_NAME, c.COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS AS c JOIN INFORMATION_SCHEMA.TABLES AS t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME WHERE c.TABLE_SCHEMA = 'dbo' AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION")
	if err != nil {
		return Layout{}, s.explain(ctx, err)
	}
	defer rows.Close()
	found := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return Layout{}, s.explain(ctx, err)
		}
		found[strings.ToLower(table)] = append(found[strings.ToLower(table)], column)
	}
	return layout(found), s.explain(ctx, rows.Err())
}

// explain gives the context's error where the context ended the work.
func (s *serverSession) explain(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%s: %w", s.instance, ctx.Err())
	}
	return explain(s.instance, err)
}

func (s *serverSession) arguments(statement *statement) []any {
	arguments := make([]any, len(statement.values))
	for i, v := range statement.values {
		arguments[i] = s.dialect.argument(statement.columns[i], v)
	}
	return arguments
}

// Rows reads a query row by row.
func (s *serverSession) Rows(ctx context.Context, query Query, fn func(row []any) error) error {
	statement, columns, err := selection(s.dialect, query)
	if err != nil {
		return err
	}
	rows, err := s.tx.QueryContext(ctx, statement.text.String(), s.arguments(statement)...)
	if err != nil {
		return s.explain(ctx, err)
	}
	defer rows.Close()
	cells := make([]sql.RawBytes, len(columns)) // the driver's own memory, valid until the next row
	values := make([]any, len(columns))
	targets := make([]any, len(columns))
	for i, c := range columns {
		targets[i] = &values[i]
		if s.asBytes(c) {
			targets[i] = &cells[i]
		}
	}
	row := make([]any, len(columns))
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return s.explain(ctx, err)
		}
		clear(row)
		for i, c := range columns {
			if s.asBytes(c) {
				row[i], err = s.fromBytes(c, cells[i])
			} else {
				row[i], err = fromDriver(c, values[i])
			}
			if err != nil {
				return unfitRow(s.instance, query.Table, columns, row, fmt.Errorf("%s: %w", c.Name, err))
			}
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return s.explain(ctx, rows.Err())
}

// asBytes tells whether a column arrives as bytes.
func (s *serverSession) asBytes(c schema.Column) bool {
	switch c.Type {
	case schema.Image, schema.GUID:
		return true
	case schema.NVarChar, schema.VarChar:
		return s.dialect.raw
	}
	return false
}

// mostScratch is how much memory is kept for the next text, per column.
const mostScratch = 1 << 20

// fromBytes gives the Go form of a value that arrived as bytes.
func (s *serverSession) fromBytes(c schema.Column, b []byte) (any, error) {
	if b == nil {
		return nil, nil
	}
	switch c.Type {
	case schema.NVarChar:
		var err error
		s.scratch, err = fromUTF16(s.scratch[:0], b)
		text := string(s.scratch)
		if cap(s.scratch) > mostScratch {
			s.scratch = nil
		}
		return text, err
	case schema.VarChar:
		return fromCodePage(s.page, b)
	case schema.GUID:
		var id mssql.UniqueIdentifier
		if err := id.Scan(b); err != nil {
			return nil, err
		}
		return strings.ToLower(id.String()), nil
	}
	return b, nil
}

// fromDriver gives the Go form of a value that the driver has read.
func fromDriver(c schema.Column, value any) (any, error) {
	switch v := value.(type) {
	case nil, int64, string:
		return v, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case time.Time:
		text := schema.FormatTime(v)
		return text, c.Check(text)
	}
	return nil, fmt.Errorf("a %T cannot be a %s", value, c.Type)
}

// Count counts rows.
func (s *serverSession) Count(ctx context.Context, query Query) (int64, error) {
	statement, err := counting(s.dialect, query)
	if err != nil {
		return 0, err
	}
	var count int64
	err = s.tx.QueryRowContext(ctx, statement.text.String(), s.arguments(statement)...).Scan(&count)
	return count, s.explain(ctx, err)
}

// Update changes rows.
func (s *serverSession) Update(ctx context.Context, table string, set map[string]any, where []Condition) (int64, error) {
	statement, err := updating(s.dialect, table, set, where)
	if err != nil {
		return 0, err
	}
	return s.change(ctx, statement)
}

// Empty removes all rows of a table.
func (s *serverSession) Empty(ctx context.Context, table string) (int64, error) {
	statement, err := emptying(s.dialect, table)
	if err != nil {
		return 0, err
	}
	return s.change(ctx, statement)
}

// change runs a statement and tells how many rows it changed.
func (s *serverSession) change(ctx context.Context, statement *statement) (int64, error) {
	result, err := s.tx.ExecContext(ctx, statement.text.String(), s.arguments(statement)...)
	if err != nil {
		return 0, s.explain(ctx, err)
	}
	count, err := result.RowsAffected()
	return count, s.explain(ctx, err)
}

// Insert loads rows in bulk, with keys and references checked.
func (s *serverSession) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error) {
	chosen, err := insertion(table, columns)
	if err != nil {
		return 0, err
	}
	loader, err := s.tx.PrepareContext(ctx, mssql.CopyIn(s.dialect.table(table), mssql.BulkOptions{CheckConstraints: true, KeepNulls: true}, columns...))
	if err != nil {
		return 0, s.explain(ctx, err)
	}
	count, err := s.load(ctx, loader, table, chosen, next)
	if err != nil {
		return count, err
	}
	if count > 0 {
		result, err := loader.ExecContext(ctx)
		s.loading = err != nil
		if err != nil {
			return 0, s.explain(ctx, err)
		}
		if n, err := result.RowsAffected(); err != nil || n != count {
			return n, failure.Wrap(failure.DatabaseFailed, s.instance.String(), fmt.Sprintf("%s took %d of %d rows of %s", s.instance, n, count, table),
				"Nothing was changed; run the command again, and look into the server's log if it happens again.", err)
		}
	}
	return count, s.explain(ctx, loader.Close())
}

func (s *serverSession) load(ctx context.Context, loader *sql.Stmt, table string, columns []schema.Column, next func() ([]any, error)) (count int64, err error) {
	values := make([]any, len(columns))
	scratch := make([][]byte, len(columns)) // the driver keeps no value
	for {
		row, err := next()
		if err != nil || row == nil {
			return count, err
		}
		if err := checkRow(table, columns, row); err != nil {
			return count, err
		}
		for i, c := range columns {
			if cap(scratch[i]) > mostScratch {
				scratch[i] = nil
			}
			if values[i], err = s.toDriver(c, row[i], &scratch[i]); err != nil {
				return count, unfit(table, fmt.Errorf("%s: %w", c.Name, err))
			}
		}
		if err := ctx.Err(); err != nil {
			return count, err
		}
		s.loading = true
		if _, err := loader.ExecContext(ctx, values...); err != nil {
			return count, s.explain(ctx, err)
		}
		count++
	}
}

// toDriver gives the form of a checked value that the bulk load sends unchanged. Texts are put into the
// scratch memory, and are never nil, which would be NULL.
func (s *serverSession) toDriver(c schema.Column, value any, scratch *[]byte) (_ any, err error) {
	if *scratch == nil {
		*scratch = make([]byte, 0, 64)
	}
	switch v := value.(type) {
	case int64:
		if c.Type == schema.Bit {
			return v == 1, nil
		}
	case []byte:
		if v == nil {
			return []byte{}, nil
		}
	case string:
		switch c.Type {
		case schema.NVarChar:
			*scratch = toUTF16((*scratch)[:0], v)
			return *scratch, nil
		case schema.VarChar:
			*scratch, err = toCodePage((*scratch)[:0], s.page, v)
			return *scratch, err
		case schema.GUID:
			var id mssql.UniqueIdentifier
			if err := id.Scan(v); err != nil {
				return nil, err
			}
			bytes, err := id.Value()
			return bytes, err
		}
		return schema.ParseTime(v)
	}
	return value, nil
}

// serverReader is a session that only reads.
type serverReader struct {
	session   *serverSession
	isolation string
	oneMoment bool
}

func (r *serverReader) Tables(ctx context.Context) (there Layout, err error) {
	err = r.again(ctx, func() error {
		there, err = r.session.Tables(ctx)
		return err
	})
	return there, err
}

func (r *serverReader) Rows(ctx context.Context, query Query, fn func(row []any) error) error {
	var err error
	handed := false
	r.again(ctx, func() error {
		err = r.session.Rows(ctx, query, func(row []any) error {
			handed = true
			return fn(row)
		})
		if handed {
			return nil // what was handed on cannot be taken back
		}
		return err
	})
	return err
}

func (r *serverReader) Count(ctx context.Context, query Query) (count int64, err error) {
	err = r.again(ctx, func() error {
		count, err = r.session.Count(ctx, query)
		return err
	})
	return count, err
}

// again does what lost a deadlock once more in a new transaction, where that is as good as the old one:
// not where everything has to be of one moment.
func (r *serverReader) again(ctx context.Context, do func() error) error {
	if r.oneMoment {
		return do()
	}
	return again(ctx, func() error {
		err := do()
		if failure.IsID(err, failure.DatabaseDeadlock) {
			if failed := r.session.restart(ctx); failed != nil {
				return failed
			}
		}
		return err
	})
}

func (r *serverReader) Isolation() string { return r.isolation }

func (r *serverReader) OneMoment() bool { return r.oneMoment }

func (r *serverReader) Close() error { return r.session.Rollback() }
