package tdstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// serve speaks with a client until it goes or is cut off.
func (c *connection) serve() {
	engine, err := openEngine(c.server.path)
	if err != nil {
		return // the client sees a connection that ends
	}
	defer engine.db.Close()
	defer engine.end("ROLLBACK")
	c.engine = engine
	if err := c.enter(); err != nil {
		return
	}
	for {
		kind, content, err := c.message()
		if err != nil || c.handle(kind, content) != nil {
			return
		}
	}
}

func (c *connection) handle(kind byte, content []byte) error {
	r := &reader{rest: content}
	switch kind {
	case typeBatch:
		r.headers()
		return c.sql(text(r.rest), nil)
	case typeRPC:
		return c.call(r)
	case typeBulk:
		return c.load(r)
	case typeTransaction:
		return c.transact(r)
	case typeAttention:
		return c.reply(done(doneAttention, 0))
	}
	return fmt.Errorf("a message of type %d", kind)
}

// call serves sp_executesql.
func (c *connection) call(r *reader) error {
	r.headers()
	if r.uint16() != 0xFFFF || r.uint16() != 10 {
		return errors.New("a procedure other than sp_executesql")
	}
	r.uint16()
	var statement string
	values := map[string]any{}
	for i := 0; len(r.rest) > 0 && r.err == nil; i++ {
		name := r.name()
		r.byte()
		value := r.value(r.valueType())
		switch i {
		case 0:
			b, _ := value.([]byte)
			statement = text(b)
		case 1: // the declarations of the parameters
		default:
			values[name] = value
		}
	}
	if r.err != nil {
		return r.err
	}
	return c.sql(statement, values)
}

// sql serves a statement.
func (c *connection) sql(statement string, values map[string]any) error {
	action := c.server.ask(SQL, statement)
	return c.answer(action, func() ([]byte, error) {
		out, err := c.run(statement, values)
		if err != nil {
			return nil, err
		}
		return encode(out)
	})
}

// answer serves a request as an action says.
func (c *connection) answer(action Action, service func() ([]byte, error)) error {
	if err := c.obey(action); err != nil || action.Stall {
		return err
	}
	var content []byte
	if action.Error == 0 {
		var err error
		content, err = service()
		if err != nil {
			action.Error, action.Message = number(err), err.Error()
		}
	}
	if action.Error != 0 {
		content = failed(action)
		if c.engine.inTransaction {
			if err := c.engine.end("ROLLBACK"); err != nil {
				return err
			}
			content = append(content, change(changeRollback, nil, transaction)...)
		}
		content = append(content, done(doneError, 0)...)
	}
	if action.CutDone {
		return errCut
	}
	return c.reply(content)
}

var (
	insertBulk = regexp.MustCompile(`^INSERT BULK (\S+) \((.*)\) `)
	layoutOf   = regexp.MustCompile(`^select \* from (\S+) SET FMTONLY OFF$`)
)

// run runs a statement; those that ask about the server itself have answers of their own.
func (c *connection) run(statement string, values map[string]any) (result, error) {
	number, bytes := valueType{wireInt, 4}, valueType{wireBinary, unlimited}
	switch {
	case strings.HasPrefix(statement, "SET "):
		return result{}, nil
	case strings.HasPrefix(statement, "SELECT CAST(CAST(N'a"):
		return result{columns: []column{{"", bytes}, {"", bytes}}, rows: [][]any{{[]byte("a\x00\xe9\x00"), []byte("ab")}}}, nil
	case strings.HasPrefix(statement, "SELECT CAST(snapshot_isolation_state"):
		state := int64(1)
		if c.server.options.NoSnapshot {
			state = 0
		}
		return result{columns: []column{{"", number}, {"", number}}, rows: [][]any{{state, int64(0)}}}, nil
	case strings.HasPrefix(statement, "SELECT CAST(COLLATIONPROPERTY"):
		return result{columns: []column{{"", number}}, rows: [][]any{{int64(1252)}}}, nil
	case strings.HasPrefix(statement, "SELECT c.TABLE_NAME"):
		return c.engine.tables()
	}
	if match := layoutOf.FindStringSubmatch(statement); match != nil {
		return c.engine.layout(match[1])
	}
	if match := insertBulk.FindStringSubmatch(statement); match != nil {
		c.loading = match[1]
		return result{}, nil
	}
	return c.engine.run(statement, values)
}

func encode(out result) ([]byte, error) {
	if out.columns == nil {
		return done(doneCount, out.count), nil
	}
	b := binary.LittleEndian.AppendUint16([]byte{tokenColumns}, uint16(len(out.columns)))
	for _, c := range out.columns {
		b = append(b, 0, 0, 0, 0, 1, 0) // no user type; may be NULL
		b = c.kind.describe(b)
		name := wide(c.name)
		b = append(append(b, byte(len(name)/2)), name...)
	}
	for _, row := range out.rows {
		b = append(b, tokenRow)
		for i, c := range out.columns {
			var err error
			if b, err = c.kind.encode(b, row[i]); err != nil {
				return nil, err
			}
		}
	}
	return append(b, done(doneCount, out.count)...), nil
}

// load serves the rows of a bulk load.
func (c *connection) load(r *reader) error {
	table := c.loading
	c.loading = ""
	columns, rows := r.rows()
	if r.err != nil || table == "" {
		return errors.Join(r.err, errors.New("no rows that fit an INSERT BULK"))
	}
	action := c.server.ask(Load, table)
	return c.answer(action, func() ([]byte, error) {
		rows = rows[:max(len(rows)-action.Lose, 0)]
		if err := c.engine.insert(table, columns, rows); err != nil {
			return nil, err
		}
		return done(doneCount, int64(len(rows))), nil
	})
}

// rows reads metadata and rows as a bulk load sends them.
func (r *reader) rows() (names []string, rows [][]any) {
	if r.byte() != tokenColumns {
		r.err = errors.New("a bulk load without metadata")
	}
	var kinds []valueType
	for range r.uint16() {
		r.bytes(6) // user type and flags
		kind := r.valueType()
		if kind.wire == wireImage {
			r.bytes(2 * int(r.uint16())) // the table's name
		}
		kinds, names = append(kinds, kind), append(names, r.name())
	}
	for r.err == nil && r.byte() == tokenRow {
		row := make([]any, len(kinds))
		for i, kind := range kinds {
			row[i] = r.value(kind)
		}
		rows = append(rows, row)
	}
	return names, rows
}

// Requests of the transaction manager.
const (
	requestBegin    = 5
	requestCommit   = 7
	requestRollback = 8
)

func (c *connection) transact(r *reader) error {
	r.headers()
	request, isolation := r.uint16(), r.byte()
	if r.err != nil {
		return r.err
	}
	switch request {
	case requestBegin:
		return c.answer(c.server.ask(Begin, ""), func() ([]byte, error) {
			if err := c.engine.begin(isolation); err != nil {
				return nil, err
			}
			return append(change(changeBegin, transaction, nil), done(0, 0)...), nil
		})
	case requestCommit:
		return c.answer(c.server.ask(Commit, ""), func() ([]byte, error) {
			if err := c.engine.end("COMMIT"); err != nil {
				return nil, err
			}
			return append(change(changeCommit, nil, transaction), done(0, 0)...), nil
		})
	case requestRollback:
		return c.answer(c.server.ask(Rollback, ""), func() ([]byte, error) {
			if err := c.engine.end("ROLLBACK"); err != nil {
				return nil, err
			}
			return append(change(changeRollback, nil, transaction), done(0, 0)...), nil
		})
	}
	return fmt.Errorf("the request %d of the transaction manager", request)
}
