package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// embedded is a database in an SQLite file. Each reader and writer has a connection of its own.
type embedded struct {
	instance Instance
}

type sqliteDialect struct{}

func (sqliteDialect) table(name string) string { return sqlite3.QuoteIdentifier(name) }

func (sqliteDialect) identifier(name string) string { return sqlite3.QuoteIdentifier(name) }

func (d sqliteDialect) selected(c schema.Column) string { return d.identifier(c.Name) }

func (sqliteDialect) parameter(schema.Column, any, int) string { return "?" }

func (sqliteDialect) definition(c schema.Column, inKey bool) string {
	kind := "TEXT"
	switch c.Type {
	case schema.Int, schema.BigInt, schema.SmallInt, schema.Bit:
		kind = "INTEGER"
	case schema.Image:
		kind = "BLOB"
	}
	if c.Nullable && !inKey {
		return kind
	}
	return kind + " NOT NULL"
}

func (e *embedded) Close() error { return nil }

// Snapshot begins a read transaction.
func (e *embedded) Snapshot(ctx context.Context) (Reader, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	return sqliteReader{s}, nil
}

// Begin starts the write transaction, waiting for another one to end.
func (e *embedded) Begin(ctx context.Context) (Writer, error) {
	// A large cache keeps the pages of a long import off the disk until they are full.
	s, err := e.begin(ctx, forWriting, "PRAGMA cache_size=-32768", "BEGIN IMMEDIATE")
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (e *embedded) begin(ctx context.Context, how opened, statements ...string) (*sqliteSession, error) {
	connection, err := e.connect(ctx, how)
	if err != nil {
		return nil, err
	}
	s := &sqliteSession{ctx: ctx, instance: e.instance, connection: connection, how: how}
	for _, sql := range statements {
		if err := connection.Exec(sql); err != nil {
			return nil, errors.Join(s.explain(ctx, err), s.end("ROLLBACK"))
		}
	}
	there, err := s.Tables(ctx) // the first read: the moment that a reader sees
	if err == nil && len(there.Databases) == 0 {
		err = notChat(e.instance, there)
	}
	if err != nil {
		return nil, errors.Join(err, s.end("ROLLBACK"))
	}
	return s, nil
}

// sqliteSession is one transaction on one connection.
type sqliteSession struct {
	ctx        context.Context
	instance   Instance
	connection *sqlite3.Conn
	how        opened
	unchanged  os.FileInfo // what the file was like before it was read without locks; else nil
	closed     bool
}

// explain gives the context's error where the context ended the work.
func (s *sqliteSession) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, c := range []context.Context{ctx, s.ctx} {
		if (errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, sqlite3.BUSY)) && c.Err() != nil {
			return explain(s.instance, fmt.Errorf("%s: %w", s.instance, c.Err()))
		}
	}
	return (&embedded{s.instance}).explainOpen(s.instance.Path, s.how, err)
}

// end finishes the transaction and lets go of the file.
func (s *sqliteSession) end(how string) error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.connection.SetInterrupt(context.Background()) // a cancelled transaction must still be undone
	var err error
	if !s.connection.GetAutocommit() {
		err = s.connection.Exec(how)
	}
	if err != nil && how == "COMMIT" && !s.connection.GetAutocommit() { // a full disk has undone it already
		err = errors.Join(err, s.connection.Exec("ROLLBACK"))
	}
	if closing := s.connection.Close(); err != nil { // what is finished stays so, however the file is left
		err = errors.Join(err, closing)
	}
	return explain(s.instance, err)
}

// Tables reads the file's own list.
func (s *sqliteSession) Tables(ctx context.Context) (Layout, error) {
	found := map[string][]string{}
	err := s.each(ctx, "SELECT lower(m.name), c.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid", nil, 2, func(row []any) error {
		name, _ := row[0].(string)
		column, _ := row[1].(string)
		found[name] = append(found[name], column)
		return nil
	})
	return layout(found), err
}

// each runs a statement and hands its rows on.
func (s *sqliteSession) each(ctx context.Context, sql string, values []any, width int, fn func(row []any) error) (err error) {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.connection.SetInterrupt(ctx)
	defer s.connection.SetInterrupt(s.ctx)
	prepared, _, err := s.connection.Prepare(sql)
	if err != nil {
		return s.explain(ctx, err)
	}
	defer func() { err = errors.Join(err, s.explain(ctx, prepared.Close())) }()
	if err := bind(prepared, values); err != nil {
		return s.explain(ctx, err)
	}
	row := make([]any, width)
	for prepared.Step() {
		if err := prepared.Columns(row...); err != nil {
			return s.explain(ctx, err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return s.explain(ctx, prepared.Err())
}

// bind sets all parameters; texts with their length, so that U+0000 does not end them.
func bind(prepared *sqlite3.Stmt, values []any) error {
	for i, value := range values {
		var err error
		switch v := value.(type) {
		case nil:
			err = prepared.BindNull(i + 1)
		case int64:
			err = prepared.BindInt64(i+1, v)
		case string:
			err = prepared.BindText(i+1, v)
		case []byte:
			if v == nil {
				v = []byte{} // NULL is nil itself
			}
			err = prepared.BindBlob(i+1, v)
		default:
			err = fmt.Errorf("a %T is no value of a column", value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Rows reads a query. As SQLite takes any value in any column, each is checked.
func (s *sqliteSession) Rows(ctx context.Context, query Query, fn func(row []any) error) error {
	statement, columns, err := selection(sqliteDialect{}, query)
	if err != nil {
		return err
	}
	return s.each(ctx, statement.text.String(), statement.values, len(columns), func(row []any) error {
		for i, c := range columns {
			if err := c.Check(row[i]); err != nil {
				return unfitRow(s.instance, query.Table, columns, row, err)
			}
		}
		return fn(row)
	})
}

// unfitRow is the failure of a row with a value that its column cannot hold; it names the row by its key.
func unfitRow(instance Instance, table string, columns []schema.Column, row []any, cause error) error {
	t, _ := schema.Lookup(table)
	var named []string
	for i, c := range columns {
		if len(t.Key) > 0 && !slices.Contains(t.Key, c.Name) {
			continue
		}
		value := fmt.Sprintf("%.60q", fmt.Sprint(row[i]))
		if n, ok := row[i].(int64); ok {
			value = strconv.FormatInt(n, 10)
		}
		named = append(named, c.Name+" "+value)
	}
	return failure.Wrap(failure.DatabaseValueUnfit, instance.String(),
		fmt.Sprintf("The row of %s with %s in %s holds a value that is not of the column's type", table, strings.Join(named, ", "), instance),
		"Correct the row; the schema says what the column may hold.", cause)
}

// Count counts rows.
func (s *sqliteSession) Count(ctx context.Context, query Query) (int64, error) {
	statement, err := counting(sqliteDialect{}, query)
	if err != nil {
		return 0, err
	}
	var count int64
	err = s.each(ctx, statement.text.String(), statement.values, 1, func(row []any) error {
		count, _ = row[0].(int64)
		return nil
	})
	return count, err
}

// Update changes rows.
func (s *sqliteSession) Update(ctx context.Context, table string, set map[string]any, where []Condition) (int64, error) {
	statement, err := updating(sqliteDialect{}, table, set, where)
	if err != nil {
		return 0, err
	}
	return s.change(ctx, statement)
}

// Empty removes all rows of a table.
func (s *sqliteSession) Empty(ctx context.Context, table string) (int64, error) {
	statement, err := emptying(sqliteDialect{}, table)
	if err != nil {
		return 0, err
	}
	return s.change(ctx, statement)
}

// change runs a statement and tells how many rows it changed.
func (s *sqliteSession) change(ctx context.Context, statement *statement) (int64, error) {
	before := s.connection.TotalChanges()
	err := s.each(ctx, statement.text.String(), statement.values, 0, func([]any) error { return nil })
	return s.connection.TotalChanges() - before, err
}

// insertion gives the columns of rows to insert.
func insertion(table string, names []string) ([]schema.Column, error) {
	t, ok := schema.Lookup(table)
	if !ok || len(names) == 0 {
		return nil, misuse(table, fmt.Errorf("no such table in the schema, or no columns"))
	}
	return chosen(t, names)
}

func checkRow(table string, columns []schema.Column, row []any) error {
	if len(row) != len(columns) {
		return misuse(table, fmt.Errorf("%d values for %d columns", len(row), len(columns)))
	}
	for i, c := range columns {
		if err := c.Check(row[i]); err != nil {
			return unfit(table, err)
		}
	}
	return nil
}

// Commit makes the transaction last.
func (s *sqliteSession) Commit() error {
	if s.closed {
		return misuse("", fmt.Errorf("the transaction has ended"))
	}
	if err := s.ctx.Err(); err != nil {
		return errors.Join(err, s.end("ROLLBACK"))
	}
	err := s.end("COMMIT")
	if errors.Is(err, sqlite3.IOERR_FSYNC) || errors.Is(err, sqlite3.IOERR_DIR_FSYNC) { // all of it was handed to the disk
		return failure.Wrap(failure.DatabaseUnknown, s.instance.String(), "The disk did not say that it has what was committed to "+s.instance.String()+", and either all was written or nothing",
			"Check the disk, then run it again with --what-if: with nothing to do, all was written.", err)
	}
	return err
}

// Rollback undoes the transaction.
func (s *sqliteSession) Rollback() error { return s.end("ROLLBACK") }

// sqliteReader is a session that only reads.
type sqliteReader struct {
	session *sqliteSession
}

func (r sqliteReader) Tables(ctx context.Context) (Layout, error) { return r.session.Tables(ctx) }

func (r sqliteReader) Rows(ctx context.Context, query Query, fn func(row []any) error) error {
	return r.session.Rows(ctx, query, fn)
}

func (r sqliteReader) Count(ctx context.Context, query Query) (int64, error) {
	return r.session.Count(ctx, query)
}

func (r sqliteReader) Isolation() string {
	if r.session.unchanged != nil {
		return "one file of SQLite that did not change meanwhile"
	}
	return "one read transaction of SQLite"
}

func (r sqliteReader) OneMoment() bool { return true }

func (r sqliteReader) Close() error {
	if r.session.closed {
		return nil
	}
	return errors.Join(r.session.checkUnchanged(), r.session.end("ROLLBACK"))
}
