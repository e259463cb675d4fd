package tdstest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// snapshot is the number of snapshot isolation on the wire.
const snapshot = 5

// engine runs Transact-SQL in SQLite, for one connection.
type engine struct {
	db            *sqlite3.Conn
	inTransaction bool
	isolation     byte
}

func openEngine(path string) (*engine, error) {
	db, err := sqlite3.Open(":memory:")
	if err != nil {
		return nil, err
	}
	e := &engine{db: db}
	err = db.BusyTimeout(30 * time.Second)
	for _, sql := range []string{"ATTACH " + sqlite3.Quote(path) + " AS dbo", "PRAGMA dbo.journal_mode=WAL", "PRAGMA dbo.synchronous=OFF", "PRAGMA foreign_keys=ON"} {
		if err == nil {
			err = db.Exec(sql)
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

// column is one column of a result.
type column struct {
	name string
	kind valueType
}

// result is what a statement gives.
type result struct {
	columns []column // nil: only a count
	rows    [][]any
	count   int64
}

func (e *engine) begin(isolation byte) error {
	e.inTransaction, e.isolation = true, isolation
	if isolation == snapshot {
		return e.db.Exec("BEGIN")
	}
	return nil // read committed: each statement sees what others have committed, until the first write
}

func (e *engine) end(how string) error {
	e.inTransaction = false
	if e.db.GetAutocommit() {
		return nil
	}
	return e.db.Exec(how)
}

func (e *engine) write() error {
	if e.inTransaction && e.db.GetAutocommit() {
		return e.db.Exec("BEGIN IMMEDIATE")
	}
	return nil
}

var (
	asTime   = regexp.MustCompile(`CAST\((@p\d+) AS datetime2\(7\)\)`)
	asBytes  = regexp.MustCompile(`AS (varbinary|nvarchar)\(max\)\)`)
	refersTo = regexp.MustCompile(`REFERENCES dbo\.`)
)

// run runs a statement with the values of @p1, @p2 and so on.
func (e *engine) run(sql string, values map[string]any) (result, error) {
	for _, match := range asTime.FindAllStringSubmatch(sql, -1) {
		if b, ok := values[match[1]].([]byte); ok {
			values[match[1]] = text(b)
		}
	}
	sql = asTime.ReplaceAllString(sql, "$1")
	sql = asBytes.ReplaceAllString(sql, "AS BLOB)")
	sql = strings.ReplaceAll(sql, "(max)", "(0)")
	sql = refersTo.ReplaceAllString(sql, "REFERENCES ")
	if !strings.HasPrefix(sql, "SELECT") {
		if err := e.write(); err != nil {
			return result{}, err
		}
	}
	prepared, _, err := e.db.Prepare(sql)
	if err != nil {
		return result{}, err
	}
	defer prepared.Close()
	for name, value := range values {
		if err := bind(prepared, prepared.BindIndex(name), value); err != nil {
			return result{}, err
		}
	}
	return e.collect(prepared)
}

func (e *engine) collect(prepared *sqlite3.Stmt) (result, error) {
	columns, err := describe(prepared)
	if err != nil {
		return result{}, err
	}
	out := result{columns: columns}
	before := e.db.TotalChanges()
	for prepared.Step() {
		row := make([]any, len(columns))
		if err := prepared.Columns(row...); err != nil {
			return result{}, err
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = append([]byte{}, b...)
			}
		}
		out.rows = append(out.rows, row)
	}
	out.count = int64(len(out.rows))
	if columns == nil {
		out.count = e.db.TotalChanges() - before
	}
	return out, prepared.Err()
}

// describe gives the columns of a result; those that are no column of a table are bytes or numbers.
func describe(prepared *sqlite3.Stmt) ([]column, error) {
	var columns []column
	for i := range prepared.ColumnCount() {
		c := column{name: prepared.ColumnName(i), kind: valueType{wireInt, 8}}
		switch definition := prepared.ColumnDeclType(i); {
		case definition != "":
			kind, err := declared(definition)
			if err != nil {
				return nil, err
			}
			c.kind = kind
		case strings.HasPrefix(c.name, "CAST"):
			c.kind, c.name = valueType{wireBinary, unlimited}, ""
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func bind(prepared *sqlite3.Stmt, place int, value any) error {
	switch v := value.(type) {
	case nil:
		return prepared.BindNull(place)
	case int64:
		return prepared.BindInt64(place, v)
	case string:
		return prepared.BindText(place, v)
	case []byte:
		return prepared.BindBlob(place, v)
	}
	return fmt.Errorf("a %T cannot be stored", value)
}

// tables lists the columns of all tables.
func (e *engine) tables() (result, error) {
	prepared, _, err := e.db.Prepare("SELECT m.name, c.name FROM dbo.sqlite_schema AS m JOIN pragma_table_info(m.name, 'dbo') AS c WHERE m.type = 'table' ORDER BY m.name, c.cid")
	if err != nil {
		return result{}, err
	}
	defer prepared.Close()
	name := valueType{wireWide, 256}
	out := result{columns: []column{{"TABLE_NAME", name}, {"COLUMN_NAME", name}}}
	for prepared.Step() {
		out.rows = append(out.rows, []any{wide(prepared.ColumnText(0)), wide(prepared.ColumnText(1))})
	}
	out.count = int64(len(out.rows))
	return out, prepared.Err()
}

// layout gives the columns of a table.
func (e *engine) layout(table string) (result, error) {
	prepared, _, err := e.db.Prepare("SELECT * FROM " + table)
	if err != nil {
		return result{}, err
	}
	defer prepared.Close()
	columns, err := describe(prepared)
	return result{columns: columns}, err
}

// insert adds rows.
func (e *engine) insert(table string, columns []string, rows [][]any) error {
	if err := e.write(); err != nil {
		return err
	}
	prepared, _, err := e.db.Prepare("INSERT INTO " + table + " ([" + strings.Join(columns, "], [") + "]) VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")")
	if err != nil {
		return err
	}
	defer prepared.Close()
	for _, row := range rows {
		for i, value := range row {
			if err := bind(prepared, i+1, value); err != nil {
				return err
			}
		}
		if err := prepared.Exec(); err != nil {
			return err
		}
	}
	return nil
}

// number is the error of SQL Server that stands for one of SQLite.
func number(err error) int32 {
	switch {
	case errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY), errors.Is(err, sqlite3.CONSTRAINT_UNIQUE):
		return 2627
	case errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY):
		return 547
	case errors.Is(err, sqlite3.CONSTRAINT_NOTNULL):
		return 515
	case errors.Is(err, sqlite3.BUSY):
		return 1222
	}
	return 102 // a mistake in the statement
}
