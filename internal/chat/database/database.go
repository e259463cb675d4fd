package database

import (
	"context"
	"slices"
	"strings"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// Database is one opened instance. Its methods may be called from several goroutines.
type Database interface {
	// CreateSchema makes the published tables of schema.Chat or schema.Compliance, all or none; on SQLite
	// it makes the file too. failure.DatabaseTablesExist where one of them is there already.
	CreateSchema(ctx context.Context, database string) error
	// Snapshot begins to read. failure.DatabaseNotChat where no published database is whole in there.
	Snapshot(ctx context.Context) (Reader, error)
	// Begin starts the one write transaction that SQLite allows at a time, under the same conditions as
	// Snapshot. The context ends the transaction when it is cancelled.
	Begin(ctx context.Context) (Writer, error)
	// Close lets go of the instance; readers and writers must be closed before.
	Close() error
}

// Source is what rows are read from: a Reader or a Writer. It serves one call at a time, so a function
// that Rows calls must not call the Source.
type Source interface {
	// Tables tells which tables there are.
	Tables(ctx context.Context) (Layout, error)
	// Rows calls fn for each row of the query, with the values in the order of Query.Columns. The slice
	// and the []byte values in it are used again for the next row; strings are not. An error of fn ends
	// the reading and is returned as it is.
	Rows(ctx context.Context, query Query, fn func(row []any) error) error
	// Count counts the rows of the query; its columns and order do not matter.
	Count(ctx context.Context, query Query) (int64, error)
}

// Reader reads one moment of a database.
type Reader interface {
	Source
	// Isolation says in a few words what the database promised, for the report of an export.
	Isolation() string
	// OneMoment tells whether everything that is read is of one moment.
	OneMoment() bool
	// Close ends the reading.
	Close() error
}

// Writer is one write transaction.
type Writer interface {
	Source
	// Insert adds the rows that next gives until it gives nil, and returns how many. The slice that next
	// gives is not kept. Values are checked against the schema first. An error of next is returned as it
	// is; after any error only Rollback makes sense.
	Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error)
	// Update sets columns of the rows that meet every condition, and returns how many rows these are.
	Update(ctx context.Context, table string, set map[string]any, where []Condition) (int64, error)
	// Empty removes all rows of a table, and returns how many these were.
	Empty(ctx context.Context, table string) (int64, error)
	// Commit makes everything last. After an error nothing was changed, unless it is
	// failure.DatabaseUnknown: then the connection broke during the commit.
	Commit() error
	// Rollback undoes everything; after Commit it does nothing.
	Rollback() error
}

// Operator compares a column with the values of a Condition.
type Operator string

// The operators. In takes any number of values (none: no row meets it), IsNull and NotNull take none, the
// others take one.
const (
	Equal     Operator = "="
	NotEqual  Operator = "<>"
	Less      Operator = "<"
	LessEqual Operator = "<="
	More      Operator = ">"
	MoreEqual Operator = ">="
	In        Operator = "IN"
	IsNull    Operator = "IS NULL"
	NotNull   Operator = "IS NOT NULL"
)

// Condition limits a query to the rows whose column meets it.
type Condition struct {
	Column   string
	Operator Operator
	Values   []any
}

// Query names rows of one published table. Without Columns it gives all published ones; without OrderBy
// the order is the engine's.
type Query struct {
	Table   string
	Columns []string
	Where   []Condition // all must be met
	OrderBy []string
}

// Layout tells how a database differs from the published schema.
type Layout struct {
	Databases []string            // of schema.Chat and schema.Compliance, those that are whole
	Tables    []string            // the published tables that are there, in the order of schema.Tables
	Missing   []string            // "table" or "table.column" that the whole databases do not explain
	Extra     map[string][]string // by published table, columns that the schema lacks
	Unknown   []string            // tables that the schema lacks
}

// Has tells whether a published table is there.
func (l Layout) Has(table string) bool {
	return slices.Contains(l.Tables, table)
}

// layout compares the columns found, by table in lower case, with the published schema. Engines take
// names in upper and lower case for the same, and some give them back in lower case.
func layout(found map[string][]string) Layout {
	l := Layout{Extra: map[string][]string{}}
	known := map[string]bool{}
	for _, name := range []string{schema.Chat, schema.Compliance} {
		var missing []string
		present := 0
		for _, t := range schema.Tables(name) {
			known[strings.ToLower(t.Name)] = true
			columns, ok := found[strings.ToLower(t.Name)]
			if !ok {
				missing = append(missing, t.Name)
				continue
			}
			present++
			l.Tables = append(l.Tables, t.Name)
			absent, extra := difference(t, columns)
			missing = append(missing, absent...)
			if len(extra) > 0 {
				l.Extra[t.Name] = extra
			}
		}
		switch {
		case len(missing) == 0:
			l.Databases = append(l.Databases, name)
		case present > 0:
			l.Missing = append(l.Missing, missing...)
		}
	}
	for name := range found {
		if !known[name] {
			l.Unknown = append(l.Unknown, name)
		}
	}
	slices.Sort(l.Unknown)
	return l
}

// difference gives the columns of t that are absent, as "table.column", and those found beyond t.
func difference(t schema.Table, found []string) (absent, extra []string) {
	known := map[string]bool{}
	for _, c := range t.Columns {
		known[strings.ToLower(c.Name)] = true
	}
	present := map[string]bool{}
	for _, name := range found {
		present[strings.ToLower(name)] = true
		if !known[strings.ToLower(name)] {
			extra = append(extra, name)
		}
	}
	for _, c := range t.Columns {
		if !present[strings.ToLower(c.Name)] {
			absent = append(absent, t.Name+"."+c.Name)
		}
	}
	return absent, extra
}

// notChat is the failure of a database that holds no whole published schema.
func notChat(instance Instance, l Layout) error {
	hint := "Give the database of the Persistent Chat pool, usually mgc, and a login that may read all of its tables."
	if len(l.Tables) == 0 {
		return failure.New(failure.DatabaseNotChat, instance.String(), "The database "+instance.String()+" holds no table of Persistent Chat that this login can see", hint)
	}
	return failure.New(failure.DatabaseNotChat, instance.String(),
		"The database "+instance.String()+" lacks these parts of Persistent Chat: "+few(l.Missing), hint)
}

// few lists at most eight names.
func few(names []string) string {
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}
