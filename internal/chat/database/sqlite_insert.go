package database

import (
	"context"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/schema"
)

// Insert adds rows with one statement that takes them from a virtual table, so that SQLite keeps its place in the
// table from row to row. A statement for each row needs half as much processor time again.
func (s *sqliteSession) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error) {
	chosen, err := insertion(table, columns)
	if err != nil {
		return 0, err
	}
	s.connection.SetInterrupt(ctx)
	defer s.connection.SetInterrupt(s.ctx)
	d := sqliteDialect{}
	names := quoted(d, columns)
	incoming := &incomingRows{ctx: ctx, table: table, columns: chosen, next: next}
	err = sqlite3.CreateModule(s.connection, incomingTable, nil, func(c *sqlite3.Conn, _, _, _ string, _ ...string) (*incomingRows, error) {
		return incoming, c.DeclareVTab("CREATE TABLE incoming (" + names + ")")
	})
	if err != nil {
		return 0, s.explain(ctx, err)
	}
	// FAIL keeps no copies of pages to take the statement back alone: after an error the transaction is undone. The
	// brackets tell the virtual table from a real one of that name.
	err = s.connection.Exec("INSERT OR FAIL INTO " + d.table(table) + " (" + names + ") SELECT " + names + " FROM " + incomingTable + "()")
	switch {
	case incoming.failed != nil:
		return 0, incoming.failed
	case err != nil:
		return 0, s.explain(ctx, err)
	}
	return s.connection.Changes(), nil
}

// incomingTable is the name of the virtual table.
const incomingTable = "csbackup_incoming"

// incomingRows is a virtual table of rows that come one after the other, once, and its only cursor.
type incomingRows struct {
	ctx     context.Context
	table   string
	columns []schema.Column
	next    func() ([]any, error)
	row     []any // nil behind the last one
	failed  error
}

// BestIndex says that there is one way to read.
func (*incomingRows) BestIndex(*sqlite3.IndexInfo) error { return nil }

// Open gives the cursor.
func (r *incomingRows) Open() (sqlite3.VTabCursor, error) { return r, nil }

// Filter goes to the first row.
func (r *incomingRows) Filter(int, string, ...sqlite3.Value) error { return r.Next() }

// Next goes to the next row.
func (r *incomingRows) Next() error {
	r.row, r.failed = r.next()
	if r.failed == nil {
		r.failed = r.ctx.Err()
	}
	if r.failed == nil && r.row != nil {
		r.failed = checkRow(r.table, r.columns, r.row)
	}
	if r.failed == nil && schema.Size(r.row) > longestRow {
		r.failed = unfit(r.table, fmt.Errorf("a row has more than the %d bytes that can be written to SQLite", longestRow))
	}
	return r.failed
}

// longestRow is the most bytes of texts and images in one row. SQLite needs twice as much of the 256 MiB that the
// library gives it.
const longestRow = 64 << 20

// EOF tells that there is no row.
func (r *incomingRows) EOF() bool { return r.row == nil }

// RowID is asked for by nobody.
func (*incomingRows) RowID() (int64, error) { return 0, nil }

// Column gives a value of the row, which was checked; texts with their length, so that U+0000 does not end them.
func (r *incomingRows) Column(to sqlite3.Context, place int) error {
	switch v := r.row[place].(type) {
	case nil:
		to.ResultNull()
	case int64:
		to.ResultInt64(v)
	case string:
		to.ResultText(v)
	case []byte:
		if v == nil {
			v = []byte{} // NULL is nil itself
		}
		to.ResultBlob(v)
	}
	return nil
}
