package index

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ncruces/go-sqlite3"
)

// Options say where an index is kept and how it is named.
type Options struct {
	VFS        string         // name of a registered SQLite VFS; "" is the operating system's
	NewReplica func() Replica // names a new index; nil draws a random name
}

// Pending is a path of the partner's that could not be applied yet.
type Pending struct {
	Path, Reason string // the reason is for people, and decides nothing
	Code         Code
	Since        int64 // service clock when it first failed
	Attempts     int
}

// Code tells why a path is pending. The numbers are kept in the index and keep their meaning.
type Code int

const (
	// Failed: it could not be applied, and is tried again.
	Failed Code = iota
	// Again: both sides changed it and this side's version stays until the partner has taken it.
	Again
	// Rotten: this side's copy changed by itself, and the partner's is asked for.
	Rotten
	// HeldBack: the loss guard holds back what the partner asks for.
	HeldBack
	// Confirmed: an administrator confirmed what was held back.
	Confirmed
	// Forgotten: the partner was set back to a copy with a path of which this side has forgotten that it was deleted.
	Forgotten
	// Twin: a name here differs from it only in case.
	Twin
)

// Index is the durable index of one module on one side. Its methods may be called from several
// goroutines; an Update keeps the others waiting.
type Index struct {
	mu         sync.Mutex
	connection *sqlite3.Conn
	statements map[string]*sqlite3.Stmt
	replica    atomic.Uint64 // a Replica; read within an Update, too
	newReplica func() Replica
	head       uint64
	sums       sums
	intents    bool // there may be some
	origins    bool // likewise
}

const (
	applicationID = 0x43534278 // "CSBx"
	firstVersion  = 1          // of the schema
)

// schemaVersion is what this program reads and writes.
var schemaVersion = int64(firstVersion + len(steps))

const schema = `
CREATE TABLE item(
  folder BLOB NOT NULL, name BLOB NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL, modtime INTEGER NOT NULL,
  hash BLOB, vector BLOB NOT NULL, sequence INTEGER NOT NULL, state INTEGER NOT NULL, changetime INTEGER NOT NULL,
  identity INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY(folder, name)) WITHOUT ROWID;
CREATE UNIQUE INDEX item_sequence ON item(sequence);
CREATE INDEX item_state ON item(state, folder, name) WHERE state <> 0;
CREATE TABLE intent(path BLOB PRIMARY KEY, item BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE pending(path BLOB PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`

// steps change the schema from one version to the next, the first one from firstVersion. A new index takes
// them, too.
var steps = []string{
	// 2
	`
CREATE TABLE kept(batch BLOB PRIMARY KEY, files INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX item_tombstone ON item(since) WHERE kind = 3;
`,
	// 3: reasons were read as codes before there were any.
	`
ALTER TABLE item ADD COLUMN born INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN code INTEGER NOT NULL DEFAULT 0;
UPDATE pending SET code=1 WHERE reason='both sides changed it; this side''s version stays and is still to be taken by the partner';
UPDATE pending SET code=2 WHERE reason='its content changed without a new size or time; the partner''s copy is asked for';
UPDATE pending SET code=3 WHERE reason='the loss brake holds this deletion back';
UPDATE pending SET code=4 WHERE reason='the deletion was confirmed';
`,
	// 4
	`
ALTER TABLE item ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;
`,
	// 5
	`
CREATE INDEX item_missing ON item(since) WHERE state = 1;
CREATE INDEX item_missing_file ON item(folder, sequence) WHERE state = 1 AND kind = 1;
`,
	// 6: source is a path, sequence the number of the item that has the content which stood there.
	`
CREATE TABLE origin(source BLOB PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX origin_sequence ON origin(sequence);
`,
}

// Open opens the index at path and makes it when it is absent. ErrDamaged or ErrNewer when it cannot
// be used; nothing is changed then.
func Open(path string, o Options) (*Index, error) {
	connection, err := sqlite3.Open(location(path, o.VFS))
	if err != nil {
		return nil, damage("open the index", err)
	}
	if o.NewReplica == nil {
		o.NewReplica = randomReplica
	}
	x := &Index{connection: connection, statements: map[string]*sqlite3.Stmt{}, newReplica: o.NewReplica}
	if err := x.prepare(o); err != nil {
		return nil, errors.Join(err, x.Close()) // its kept statements too, else the file stays open
	}
	return x, nil
}

// location is path as SQLite opens it; only a named VFS needs the form of a URI.
func location(path, vfs string) string {
	if vfs == "" {
		return path
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{"vfs": {vfs}}.Encode()}).String()
}

func (x *Index) prepare(o Options) error {
	// Before the first read: a WAL is then used without shared memory.
	if err := x.connection.Exec("PRAGMA locking_mode=EXCLUSIVE"); err != nil {
		return damage("set the index up", err)
	}
	id, err := x.number("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := x.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	tables, err := x.number("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	switch {
	case tables > 0 && id != applicationID:
		return fmt.Errorf("%w: the file is not an index of csbackup", ErrDamaged)
	case tables > 0 && version > schemaVersion:
		return ErrNewer
	case tables == 0:
		if err := x.create(o); err != nil {
			return damage("make the index", err)
		}
	case version < firstVersion:
		return fmt.Errorf("%w: its schema has no version", ErrDamaged)
	}
	for _, pragma := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-16384"} {
		if err := x.connection.Exec(pragma); err != nil {
			return damage("set the index up", err)
		}
	}
	checked, err := x.number("PRAGMA checksum_verification")
	if err != nil {
		return err
	}
	if checked != 1 { // one flipped bit of the header turns the checksums of every page off
		return fmt.Errorf("%w: its pages carry no checksums", ErrDamaged)
	}
	if tables > 0 {
		if err := x.migrate(version); err != nil {
			return damage("bring the index to this version", err)
		}
	}
	raw, err := x.meta("replica")
	if err != nil {
		return err
	}
	if len(raw) != 8 {
		return fmt.Errorf("%w: it has no name", ErrDamaged)
	}
	x.replica.Store(binary.BigEndian.Uint64(raw))
	head, err := x.meta("head")
	if err != nil {
		return err
	}
	if len(head) > 0 {
		if x.head, err = strconv.ParseUint(string(head), 10, 64); err != nil {
			return fmt.Errorf("%w: its head is no number", ErrDamaged)
		}
	}
	if x.intents, err = x.hasIntents(); err != nil {
		return err
	}
	if x.origins, err = x.hasOrigins(); err != nil {
		return err
	}
	return x.loadSums()
}

func (x *Index) create(o Options) error {
	if err := x.connection.EnableChecksums("main"); err != nil {
		return err
	}
	script := fmt.Sprintf("BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d; %s %s INSERT INTO meta VALUES('replica', x'%016x'); COMMIT",
		applicationID, schemaVersion, schema, strings.Join(steps, ""), uint64(o.NewReplica()))
	return x.connection.Exec(script)
}

// migrate takes the steps from a version to this program's, each as a whole.
func (x *Index) migrate(from int64) error {
	for version := from; version < schemaVersion; version++ {
		err := x.connection.Exec(fmt.Sprintf("BEGIN; %s PRAGMA user_version=%d; COMMIT", steps[version-firstVersion], version+1))
		if err == nil {
			continue
		}
		if !x.connection.GetAutocommit() {
			err = errors.Join(err, x.connection.Exec("ROLLBACK"))
		}
		return err
	}
	return nil
}

func randomReplica() Replica {
	var b [8]byte
	rand.Read(b[:]) // never fails, by its contract
	return Replica(binary.BigEndian.Uint64(b[:]))
}

// Renew gives the index a new name, from which on it counts as a new life: for an index that turned out
// to be an older copy of itself, whose next counters and sequence numbers were given before.
func (x *Index) Renew() error {
	name := x.newReplica()
	err := x.Update(func(tx *Tx) error {
		return errors.Join(tx.SetMeta("replica", binary.BigEndian.AppendUint64(nil, uint64(name))), tx.Agree(0))
	})
	if err == nil {
		x.replica.Store(uint64(name))
	}
	return err
}

func (x *Index) number(sql string) (int64, error) {
	stmt, _, err := x.connection.Prepare(sql)
	if err != nil {
		return 0, damage("read the index", err)
	}
	defer stmt.Close()
	var n int64
	if stmt.Step() {
		n = stmt.ColumnInt64(0)
	}
	return n, damage("read the index", stmt.Err())
}

// damage wraps an error of the database; what means that the file cannot be trusted is ErrDamaged.
func damage(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.NOTADB), errors.Is(err, sqlite3.IOERR_DATA):
		return fmt.Errorf("%s: %w: %w", doing, ErrDamaged, err)
	case errors.Is(err, sqlite3.FULL), errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: %w: %w", doing, ErrFull, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Close lets go of the index.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, stmt := range x.statements {
		stmt.Close()
	}
	return x.connection.Close()
}

// Replica is the name of this life of the index.
func (x *Index) Replica() Replica { return Replica(x.replica.Load()) }

// Head is the newest sequence number that was given.
func (x *Index) Head() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.head
}

// SetAside renames a damaged index so that a new one can be made in its place, and tells its new name.
func SetAside(path string) (string, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		// The file itself goes first: without its -wal it could be read as an older, whole index, and
		// its replica would count the same changes again. SQLite drops a -wal that has no file.
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(path+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", fmt.Errorf("set the damaged index aside: %w", err)
			}
		}
		return to, nil
	}
}
