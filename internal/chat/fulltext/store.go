package fulltext

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"

	"csbackup/internal/chat/site"
	"csbackup/internal/chat/textindex"
	"csbackup/internal/failure"
)

// Store holds messages.
type Store struct {
	mutex      sync.Mutex // the connection is for one at a time
	path       string
	removed    bool // the name of the file is gone
	connection *sqlite3.Conn
	insert     inserts
	number     int64 // of the last message
	room       int64 // of the last message
	pager      *site.Pager
	page       string // the name of the last message's page
	months     site.Months
	rooms      map[int64]span
	words      []byte
}

type inserts struct{ when, message, words, page, month *sqlite3.Stmt }

// span are the numbers of the messages of a room, which follow each other.
type span struct{ first, last int64 }

// schema are the tables. Numbers of messages follow the order in which these come: room by room.
const schema = `
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA page_size=16384;
CREATE TABLE "when" (number INTEGER PRIMARY KEY, at INTEGER, room INTEGER NOT NULL);
CREATE TABLE message (number INTEGER PRIMARY KEY, id INTEGER NOT NULL, ticks INTEGER, author INTEGER NOT NULL, alert INTEGER NOT NULL, text TEXT NOT NULL, html TEXT);
CREATE TABLE page (room INTEGER NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (room, first)) WITHOUT ROWID;
CREATE TABLE month (room INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, page TEXT NOT NULL, anchor TEXT NOT NULL, messages INTEGER NOT NULL, PRIMARY KEY (room, place)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '@'");
BEGIN;`

// Create makes an empty store in the folder for temporary files.
func Create() (_ *Store, err error) {
	file, err := os.CreateTemp("", "csbackup-*.db") // with mode 0600
	if err != nil {
		return nil, failure.Wrap(
			failure.FileNotWritable,
			os.TempDir(),
			"The index of messages cannot be made in the folder for temporary files",
			"Make room there, or name another folder in TMPDIR.",
			err,
		)
	}
	s := &Store{path: file.Name(), rooms: map[int64]span{}}
	defer func() {
		if err != nil {
			err = errors.Join(explain(err), s.Close())
		}
	}()
	if err := file.Close(); err != nil {
		return nil, err
	}
	if s.connection, err = sqlite3.OpenFlags(s.path, sqlite3.OPEN_READWRITE); err != nil {
		return nil, err
	}
	if err := fts5.Register(s.connection); err != nil {
		return nil, err
	}
	if err := s.connection.Exec(schema); err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" {
		if err := os.Remove(s.path); err != nil {
			return nil, err
		}
		s.removed = true
	}
	for _, one := range []struct {
		statement **sqlite3.Stmt
		sql       string
	}{{&s.insert.when, `INSERT INTO "when" VALUES (?,?,?)`}, {&s.insert.message, `INSERT INTO message VALUES (?,?,?,?,?,?,?)`},
		{&s.insert.words, `INSERT INTO words (rowid, text) VALUES (?,?)`}, {&s.insert.page, `INSERT INTO page VALUES (?,?,?)`},
		{&s.insert.month, `INSERT INTO month VALUES (?,?,?,?,?,?)`}} {
		if *one.statement, _, err = s.connection.Prepare(one.sql); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// explain gives an error of the store its id.
func explain(err error) error {
	var known *failure.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, sqlite3.INTERRUPT):
		return failure.Wrap(
			failure.Cancelled,
			"",
			"The search was stopped",
			"Search again, for less common words.",
			err,
		)
	case errors.Is(err, sqlite3.FULL), errors.Is(err, sqlite3.IOERR):
		return failure.Wrap(
			failure.DiskFull,
			os.TempDir(),
			"The folder for temporary files has no room for the index of messages",
			"Make room there, or name another folder in TMPDIR.",
			err,
		)
	}
	return failure.Wrap(
		failure.FileNotWritable,
		os.TempDir(),
		"The index of messages cannot be kept in the folder for temporary files",
		"Make room there, or name another folder in TMPDIR.",
		err,
	)
}

// Close removes the store.
func (s *Store) Close() error {
	var err error
	if s.connection != nil {
		err = s.connection.Close()
		s.connection = nil
	}
	if !s.removed {
		s.removed = true
		err = errors.Join(err, os.Remove(s.path))
	}
	return err
}

// longestText is how many bytes of a message are kept: the library has 256 MiB of memory in all, and a page of
// messages is made in memory.
const longestText = 1 << 20

// cut shortens a message that is too long to be kept.
func cut(m site.Message) site.Message {
	if len(m.HTML) > longestText {
		m.HTML = ""
	}
	if len(m.Text) > longestText {
		const more = "… (the message goes on; \"csbackup chat show\" prints all of it)"
		m.HTML, m.Text = "", strings.ToValidUTF8(m.Text[:longestText], "")+more
	}
	return m
}

// Add takes the next message of a room. Rooms come one after the other.
func (s *Store) Add(room int64, m site.Message) error {
	m = cut(m)
	if s.pager == nil || s.room != room {
		if _, known := s.rooms[room]; known {
			return fmt.Errorf("room %d comes a second time", room)
		}
		if err := s.endRoom(); err != nil {
			return err
		}
		s.room, s.pager = room, &site.Pager{}
		s.rooms[room] = span{s.number + 1, s.number}
	}
	s.number++
	s.rooms[room] = span{s.rooms[room].first, s.number}
	if name := s.pager.Next(m); name != "" {
		s.page = name
		if err := run(s.insert.page, room, name, s.number); err != nil {
			return explain(err)
		}
	}
	s.months.Add(m.At, s.page)
	at, ticks := any(nil), any(nil)
	if !m.At.IsZero() {
		at, ticks = m.At.Unix(), ticksOf(m.At)
	}
	html := any(nil)
	if m.HTML != "" {
		html = string(m.HTML)
	}
	if err := run(s.insert.when, s.number, at, room); err != nil {
		return explain(err)
	}
	alert := int64(0)
	if m.Alert {
		alert = 1
	}
	if err := run(s.insert.message, s.number, m.ID, ticks, m.Author, alert, m.Text, html); err != nil {
		return explain(err)
	}
	s.words = fmt.Appendf(s.words[:0], "@%d", m.Author)
	textindex.Words(m.Text, func(word []byte) { s.words = append(append(s.words, ' '), word...) })
	return explain(run(s.insert.words, s.number, s.words))
}

// run carries out a statement with values.
func run(statement *sqlite3.Stmt, values ...any) error {
	var err error
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			err = errors.Join(err, statement.BindNull(i+1))
		case int64:
			err = errors.Join(err, statement.BindInt64(i+1, v))
		case string:
			err = errors.Join(err, statement.BindText(i+1, v))
		case []byte:
			err = errors.Join(err, statement.BindRawText(i+1, v))
		}
	}
	if err != nil {
		return err
	}
	return statement.Exec()
}

// endRoom writes the months of the last room.
func (s *Store) endRoom() error {
	for i, m := range s.months.List() {
		if err := run(s.insert.month, s.room, int64(i), m.Name, m.Page, m.Anchor, m.Messages); err != nil {
			return explain(err)
		}
	}
	s.months = site.Months{}
	return nil
}

// Ready ends the filling.
func (s *Store) Ready() error {
	if err := s.endRoom(); err != nil {
		return err
	}
	for _, statement := range []*sqlite3.Stmt{s.insert.when, s.insert.message, s.insert.words, s.insert.page, s.insert.month} {
		if err := statement.Close(); err != nil {
			return explain(err)
		}
	}
	return explain(s.connection.Exec("COMMIT; PRAGMA query_only=ON"))
}

// Messages is how many messages a store holds.
func (s *Store) Messages() int64 { return s.number }

// ticksOf and timeOf keep a time to the 100 ns.
func ticksOf(at time.Time) int64 { return at.Unix()*1e7 + int64(at.Nanosecond()/100) }

func timeOf(ticks int64) time.Time {
	seconds := ticks / 1e7
	rest := ticks % 1e7
	if rest < 0 {
		seconds, rest = seconds-1, rest+1e7
	}
	return time.Unix(seconds, rest*100).UTC()
}

// Page is a page of a room's messages.
type Page struct {
	Name        string
	first, last int64
}

// Pages gives the pages of a room in their order.
func (s *Store) Pages(ctx context.Context, room int64) ([]Page, error) {
	var pages []Page
	err := s.query(
		ctx,
		`SELECT name, first FROM page WHERE room=? ORDER BY first`,
		func(row *sqlite3.Stmt) error {
			if n := len(pages); n > 0 {
				pages[n-1].last = row.ColumnInt64(1) - 1
			}
			pages = append(
				pages,
				Page{Name: row.ColumnText(0), first: row.ColumnInt64(1), last: s.rooms[room].last},
			)
			return nil
		},
		room,
	)
	return pages, err
}

// Months gives the months of a room in their order.
func (s *Store) Months(ctx context.Context, room int64) ([]site.Month, error) {
	var months []site.Month
	err := s.query(
		ctx,
		`SELECT name, page, anchor, messages FROM month WHERE room=? ORDER BY place`,
		func(row *sqlite3.Stmt) error {
			months = append(
				months,
				site.Month{
					Name:     row.ColumnText(0),
					Page:     row.ColumnText(1),
					Anchor:   row.ColumnText(2),
					Messages: row.ColumnInt64(3),
				},
			)
			return nil
		},
		room,
	)
	return months, err
}

const messageColumns = `m.id, m.ticks, m.author, m.alert, m.text, m.html`

// readMessage reads these columns, the first of which stands at a place.
func readMessage(row *sqlite3.Stmt, at int) site.Message {
	m := site.Message{
		ID:     row.ColumnInt64(at),
		Author: row.ColumnInt64(at + 2),
		Alert:  row.ColumnBool(at + 3),
		Text:   row.ColumnText(at + 4),
	}
	m.HTML = template.HTML(row.ColumnText(at + 5)) // it was safe when it was added
	if row.ColumnType(at+1) != sqlite3.NULL {
		m.At = timeOf(row.ColumnInt64(at + 1))
	}
	return m
}

// Read gives the messages of a page.
func (s *Store) Read(ctx context.Context, p Page) ([]site.Message, error) {
	messages := make([]site.Message, 0, p.last-p.first+1)
	err := s.query(
		ctx,
		`SELECT `+messageColumns+` FROM message m WHERE m.number BETWEEN ? AND ? ORDER BY m.number`,
		func(row *sqlite3.Stmt) error {
			messages = append(messages, readMessage(row, 0))
			return nil
		},
		p.first,
		p.last,
	)
	return messages, err
}

// query gives the rows of a statement until the context ends.
func (s *Store) query(
	ctx context.Context,
	sql string,
	each func(row *sqlite3.Stmt) error,
	values ...any,
) (err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.connection == nil {
		return failure.New(
			failure.Cancelled,
			"",
			"The index of messages is closed",
			"Start the command again.",
		)
	}
	defer s.connection.SetInterrupt(s.connection.SetInterrupt(ctx))
	statement, _, err := s.connection.Prepare(sql)
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, explain(statement.Close())) }()
	for i, v := range values {
		switch v := v.(type) {
		case int64:
			err = errors.Join(err, statement.BindInt64(i+1, v))
		case string:
			err = errors.Join(err, statement.BindText(i+1, v))
		}
	}
	if err != nil {
		return explain(err)
	}
	for statement.Step() {
		if err := each(statement); err != nil {
			return err
		}
	}
	return explain(statement.Err())
}
