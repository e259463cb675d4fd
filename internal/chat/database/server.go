package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	"golang.org/x/text/encoding"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// server is a database of SQL Server. Each reader and writer has a connection of its own.
type server struct {
	instance Instance
	pool     *sql.DB
	dialect  serverDialect
}

// serverDialect writes Transact-SQL. With raw, text travels as its bytes, because the driver turns a lone
// surrogate into U+FFFD.
type serverDialect struct {
	raw bool
}

func (serverDialect) identifier(name string) string {
	return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
}

func (d serverDialect) table(name string) string { return "dbo." + d.identifier(name) }

func (d serverDialect) selected(c schema.Column) string {
	if d.raw && (c.Type == schema.NVarChar || c.Type == schema.VarChar) {
		return "CAST(" + d.identifier(c.Name) + " AS varbinary(max))"
	}
	return d.identifier(c.Name)
}

func (d serverDialect) parameter(c schema.Column, value any, number int) string {
	name := fmt.Sprintf("@p%d", number)
	switch c.Type {
	case schema.DateTime, schema.DateTime2, schema.SmallDateTime:
		return "CAST(" + name + " AS datetime2(7))"
	case schema.NVarChar:
		if text, ok := value.(string); ok && d.raw && !utf8.ValidString(text) {
			return "CAST(" + name + " AS nvarchar(max))"
		}
	}
	return name
}

// argument is the value that goes with parameter.
func (d serverDialect) argument(c schema.Column, value any) any {
	if text, ok := value.(string); ok && c.Type == schema.NVarChar && d.raw && !utf8.ValidString(text) {
		return toUTF16([]byte{}, text)
	}
	return value
}

func (serverDialect) definition(c schema.Column, inKey bool) string {
	kind := c.Type.String()
	switch c.Type {
	case schema.GUID:
		kind = "uniqueidentifier"
	case schema.NVarChar, schema.VarChar:
		kind += "(max)"
		if c.Length > 0 {
			kind = fmt.Sprintf("%s(%d)", c.Type, c.Length)
		}
	}
	if c.Nullable && !inKey {
		return kind + " NULL"
	}
	return kind + " NOT NULL"
}

// openServer logs in and asks what the server can do.
func openServer(ctx context.Context, instance Instance) (Database, error) {
	config, err := msdsn.Parse(instance.connection())
	if err != nil {
		return nil, failure.Wrap(failure.InvalidUsage, instance.String(), "The connection to "+instance.String()+" cannot be prepared",
			"Check --db-instance and the login.", redact(instance, err))
	}
	if config.TLSConfig, err = protection(instance); err != nil {
		return nil, err
	}
	config.ConnTimeout = cmp.Or(instance.Options.Silence, DefaultSilence)
	inner := mssql.NewConnectorConfig(config)
	inner.Dialer = dialer{}
	pool := sql.OpenDB(connector{inner})
	pool.SetMaxIdleConns(0) // settings of a session never reach another one
	s := &server{instance: instance, pool: pool}
	if err := s.probe(ctx); err != nil {
		return nil, errors.Join(explain(instance, err), pool.Close())
	}
	return s, nil
}

// redact keeps the password out of an error that quotes the address.
func redact(instance Instance, err error) error {
	if instance.password != "" && strings.Contains(err.Error(), instance.password) {
		return errors.New("the address is not valid")
	}
	return err
}

// probe finds out whether the engine gives the bytes of a text as they are, as SQL Server does.
func (s *server) probe(ctx context.Context) error {
	connection, err := s.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	var wide, narrow []byte
	if err := connection.QueryRowContext(ctx, "SELECT CAST(CAST(N'a\u00e9' AS nvarchar(max)) AS varbinary(max)), CAST(CAST('ab' AS varchar(max)) AS varbinary(max))").Scan(&wide, &narrow); err != nil {
		var known mssql.Error
		if errors.As(err, &known) {
			return nil // an engine without this cast: the driver's own texts are used
		}
		return err
	}
	s.dialect.raw = string(wide) == "a\x00\xe9\x00" && string(narrow) == "ab"
	return nil
}

// Close closes all connections.
func (s *server) Close() error { return s.pool.Close() }

// CreateSchema makes the tables in one transaction.
func (s *server) CreateSchema(ctx context.Context, database string) error {
	statements, err := creation(s.dialect, database, serverTable)
	if err != nil {
		return err
	}
	return again(ctx, func() error { return s.create(ctx, database, statements) })
}

func (s *server) create(ctx context.Context, database string, statements []string) error {
	connection, err := s.connect(ctx)
	if err != nil {
		return err
	}
	session, err := s.begin(ctx, connection, sql.LevelDefault)
	if err != nil {
		return err
	}
	there, err := session.Tables(ctx)
	if err == nil {
		err = refuseExisting(s.instance, database, there)
	}
	for _, statement := range statements {
		if err == nil {
			_, err = session.tx.ExecContext(ctx, statement)
		}
	}
	if err != nil {
		return errors.Join(explain(s.instance, err), session.Rollback())
	}
	return session.Commit()
}

// serverTable is one CREATE TABLE.
func serverTable(t schema.Table, inner []string) string {
	d := serverDialect{}
	if len(t.Key) > 0 {
		inner = append(inner, "PRIMARY KEY ("+quoted(d, t.Key)+")")
	}
	for _, r := range t.References {
		if enforced(t, r) {
			inner = append(inner, fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s)", d.identifier(r.Column), d.table(r.Table), d.identifier(r.Target)))
		}
	}
	return "CREATE TABLE " + d.table(t.Name) + " (" + strings.Join(inner, ", ") + ")"
}

// Snapshot begins to read, in one moment where the database allows it.
func (s *server) Snapshot(ctx context.Context) (Reader, error) {
	var reader Reader
	err := again(ctx, func() (err error) {
		reader, err = s.snapshot(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return reader, nil
}

// snapshot asks what the database allows on the connection that it then reads with: a session's first questions
// are its slow ones.
func (s *server) snapshot(ctx context.Context) (Reader, error) {
	connection, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	var snapshot, versions int64
	row := connection.QueryRowContext(ctx, "SELECT CAST(snapshot_isolation_state AS int), CAST(is_read_committed_snapshot_on AS int) FROM sys.databases WHERE name = DB_NAME()")
	if err := row.Scan(&snapshot, &versions); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, errors.Join(explain(s.instance, err), connection.Close())
	}
	if snapshot == 1 {
		session, err := s.beginWhole(ctx, connection, sql.LevelSnapshot)
		if !failure.IsID(err, failure.DatabaseNoSnapshot) {
			return &serverReader{session, "snapshot isolation: one moment", true}, err
		}
		if connection, err = s.connect(ctx); err != nil { // switched off since it was asked
			return nil, err
		}
	}
	isolation := "read committed, because the database does not allow snapshot isolation: each row is as some user committed it, and rows of different moments may stand beside each other"
	if versions == 1 {
		isolation = "read committed snapshot, because the database does not allow snapshot isolation: each table is of one moment, different tables may be of different ones"
	}
	session, err := s.beginWhole(ctx, connection, sql.LevelReadCommitted)
	return &serverReader{session, isolation, false}, err
}

// Begin starts a write transaction.
func (s *server) Begin(ctx context.Context) (Writer, error) {
	var session *serverSession
	err := again(ctx, func() error {
		connection, err := s.connect(ctx)
		if err == nil {
			session, err = s.beginWhole(ctx, connection, sql.LevelReadCommitted)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return session, nil
}

// again does what lost a deadlock up to twice more. What it is given must have changed nothing then.
func again(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if try == 3 || !failure.IsID(err, failure.DatabaseDeadlock) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try*50+rand.IntN(100)) * time.Millisecond):
		}
	}
}

// beginWhole is begin in a database that holds a whole published schema.
func (s *server) beginWhole(ctx context.Context, connection *sql.Conn, level sql.IsolationLevel) (*serverSession, error) {
	session, err := s.begin(ctx, connection, level)
	if err != nil {
		return nil, err
	}
	there, err := session.Tables(ctx)
	if err == nil && len(there.Databases) == 0 {
		err = notChat(s.instance, there)
	}
	if err == nil {
		err = session.findCodePage(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, session.Rollback())
	}
	return session, nil
}

// connect opens a connection and sets its session up.
func (s *server) connect(ctx context.Context) (*sql.Conn, error) {
	connection, err := s.pool.Conn(ctx)
	if err != nil {
		return nil, explain(s.instance, err)
	}
	for _, setting := range []string{"SET XACT_ABORT ON", "SET LOCK_TIMEOUT 60000"} {
		if _, err := connection.ExecContext(ctx, setting); err != nil {
			return nil, errors.Join(explain(s.instance, err), connection.Close())
		}
	}
	return connection, nil
}

// begin takes a connection over, which it closes after an error. The transaction does not end with the context
// by itself: the driver would then speak in the middle of a bulk load.
func (s *server) begin(ctx context.Context, connection *sql.Conn, level sql.IsolationLevel) (*serverSession, error) {
	session := &serverSession{ctx: ctx, instance: s.instance, dialect: s.dialect, connection: connection}
	if err := session.start(ctx, level); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return session, nil
}

func (s *serverSession) start(ctx context.Context, level sql.IsolationLevel) (err error) {
	s.tx, err = s.connection.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: level})
	return s.explain(ctx, err)
}

// restart begins a new transaction in place of one that the server has ended.
func (s *serverSession) restart(ctx context.Context) error {
	if err := s.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return s.explain(ctx, err)
	}
	return s.start(ctx, sql.LevelReadCommitted)
}

// serverSession is one transaction on one connection.
type serverSession struct {
	ctx        context.Context
	instance   Instance
	dialect    serverDialect
	connection *sql.Conn
	tx         *sql.Tx
	page       encoding.Encoding // of the varchar columns; nil for UTF-8
	scratch    []byte            // for the text that is being read
	loading    bool              // a bulk load was not finished
	closed     bool
}

// findCodePage asks for the code page of the one published varchar column, the RTF of messages.
func (s *serverSession) findCodePage(ctx context.Context) error {
	var number sql.NullInt64
	err := s.tx.QueryRowContext(ctx, "SELECT CAST(COLLATIONPROPERTY(collation_name, 'CodePage') AS int) FROM sys.columns WHERE object_id = OBJECT_ID('dbo.tblChat') AND name = 'rtf'").Scan(&number)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !number.Valid) {
		return nil
	}
	if err == nil {
		s.page, err = codePage(number.Int64)
	}
	return explain(s.instance, err)
}

// end finishes the transaction and gives the connection back.
func (s *serverSession) end(finish func() error) error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.loading { // nothing but a bulk load may be spoken now; the server undoes it when the line drops
		err := s.connection.Raw(func(c any) error {
			closer, ok := c.(interface{ Close() error })
			if !ok {
				return fmt.Errorf("a connection that cannot be closed")
			}
			return closer.Close()
		})
		s.tx.Rollback()      // fails on the closed line and frees the connection
		s.connection.Close() // likewise
		return explain(s.instance, err)
	}
	err := finish()
	if closing := s.connection.Close(); err != nil { // what is finished stays so, however the connection ends
		err = errors.Join(err, closing)
	}
	return explain(s.instance, err)
}

// Commit makes the transaction last.
func (s *serverSession) Commit() error {
	if s.closed {
		return misuse("", fmt.Errorf("the transaction has ended"))
	}
	if err := s.ctx.Err(); err != nil || s.loading {
		return errors.Join(errors.New("the transaction was not finished"), err, s.Rollback())
	}
	var known mssql.Error
	err := s.end(s.tx.Commit)
	if err != nil && !errors.As(err, &known) {
		return failure.Wrap(failure.DatabaseUnknown, s.instance.String(), "The connection broke while "+s.instance.String()+" committed, and either all was written or nothing",
			"Run it again with --what-if in some minutes: with nothing to do, all was written.", err)
	}
	return err
}

// Rollback undoes the transaction.
func (s *serverSession) Rollback() error {
	return s.end(func() error {
		err := s.tx.Rollback()
		if errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) { // the server undoes what a lost connection began
			return nil
		}
		return err
	})
}
