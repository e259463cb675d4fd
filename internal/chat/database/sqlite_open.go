package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/failure"
)

// lockWait is how long a reader or writer waits for others to let go of their locks.
const lockWait = time.Minute

// opened says how the file of a database is opened.
type opened int

const (
	forWriting opened = iota // also to read: SQLite may have to finish what a process that died began
	onlyReading
	unchanging // on a medium that takes no lock; whether it changed meanwhile is seen at the end
)

// path gives the file's absolute path: SQLite takes some relative names for something else.
func (e *embedded) path() (string, error) {
	path, err := filepath.Abs(e.instance.Path)
	if err != nil {
		return "", explain(e.instance, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil // the caller knows what that means
	case err != nil:
		return "", e.denied(err)
	case !info.Mode().IsRegular():
		return "", failure.New(failure.DatabaseNotChat, e.instance.String(), e.instance.Path+" is not a file", "Give the path of an SQLite file.")
	}
	return path, nil
}

// denied is the failure of a file that is there and may not be used as asked.
func (e *embedded) denied(cause error) error {
	return failure.Wrap(readOnly.id, e.instance.String(), readOnly.sentence+" "+e.instance.String(), readOnly.hint, cause)
}

// connect opens the file, which must be there.
func (e *embedded) connect(ctx context.Context, how opened) (*sqlite3.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := e.path()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, failure.Wrap(noFile.id, e.instance.String(), noFile.sentence+" "+e.instance.String(), noFile.hint, err)
	}
	hideIndex(path)
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	if address.Path[0] != '/' { // C:/folder
		address.Path = "/" + address.Path
	}
	values := url.Values{"modeof": {path}} // the files beside it have its mode
	flags := sqlite3.OPEN_URI | sqlite3.OPEN_READWRITE
	switch how {
	case onlyReading:
		flags = sqlite3.OPEN_URI | sqlite3.OPEN_READONLY
	case unchanging:
		flags = sqlite3.OPEN_URI | sqlite3.OPEN_READONLY
		values.Set("immutable", "1")
	}
	connection, err := sqlite3.OpenFlags("file://"+address.EscapedPath()+"?"+values.Encode(), flags)
	if err != nil {
		return nil, e.explainOpen(path, how, err)
	}
	return connection, e.prepare(ctx, connection, path, how)
}

// prepare sets a connection up, which it closes after an error.
func (e *embedded) prepare(ctx context.Context, connection *sqlite3.Conn, path string, how opened) error {
	connection.SetInterrupt(ctx)
	err := connection.BusyHandler(waiting()) // before anything that may meet a lock
	for _, pragma := range []string{"PRAGMA foreign_keys=ON", "PRAGMA synchronous=FULL", "PRAGMA trusted_schema=OFF"} {
		if err == nil {
			err = connection.Exec(pragma)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return errors.Join(e.explainOpen(path, how, err), connection.Close())
	}
	connection.Limit(sqlite3.LIMIT_LENGTH, longestValue)
	return nil
}

// waiting gives a handler that waits for a lock, and no longer than the context lasts.
func waiting() func(ctx context.Context, count int) bool {
	var since time.Time
	return func(ctx context.Context, count int) bool {
		if count == 0 {
			since = time.Now()
		}
		if time.Since(since) >= lockWait {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Duration(min(count+1, 20)) * time.Millisecond):
			return true
		}
	}
}

// longestValue is the most bytes of a value that is read. The library ends the program where its 256 MiB do not
// suffice, and a row of messages has two such values.
const longestValue = 96 << 20

// explainOpen tells what keeps a file that is there from being opened: SQLite says only that it cannot be.
func (e *embedded) explainOpen(path string, how opened, err error) error {
	if !errors.Is(err, sqlite3.CANTOPEN) && !errors.Is(err, sqlite3.READONLY) && !errors.Is(err, sqlite3.PERM) {
		return explain(e.instance, err)
	}
	flag := os.O_RDWR
	if how != forWriting {
		flag = os.O_RDONLY
	}
	file, reason := os.OpenFile(path, flag, 0)
	if reason == nil {
		reason = errors.Join(err, file.Close())
	}
	return e.denied(reason)
}

// read begins a read transaction in the first way that is possible: with the right to write, as a process that died
// may have left work to finish; without; and as a file that does not change, where not even a lock can be taken.
func (e *embedded) read(ctx context.Context) (*sqliteSession, error) {
	kept := sizeOf(e.instance.Path + "-wal")
	s, err := e.begin(ctx, forWriting, "PRAGMA query_only=ON", "BEGIN")
	if err == nil {
		if kept > 0 { // a look must not move what somebody else has written there
			_, err = s.connection.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true)
		}
		if err != nil {
			return nil, errors.Join(explain(e.instance, err), s.end("ROLLBACK"))
		}
		return s, nil
	}
	if !failure.IsID(err, readOnly.id) {
		return nil, err
	}
	reason := err
	if s, err = e.begin(ctx, onlyReading, "BEGIN"); err == nil || !failure.IsID(err, readOnly.id) {
		return s, err
	}
	before, err := os.Stat(e.instance.Path)
	if err != nil {
		return nil, e.denied(err)
	}
	if beside := e.unfinished(); beside != "" {
		return nil, failure.Wrap(readOnly.id, e.instance.String(), fmt.Sprintf("%s holds what was written last to %s, and to read it needs the right to write there", beside, e.instance),
			"Ask for that right on the folder, or copy the database with the file beside it to a folder of your own.", reason)
	}
	if s, err = e.begin(ctx, unchanging, "BEGIN"); err != nil {
		return nil, errors.Join(reason, err)
	}
	s.unchanged = before
	return s, nil
}

// unfinished gives the file beside a database that holds a part of it, "" for none.
func (e *embedded) unfinished() string {
	for _, suffix := range []string{"-wal", "-journal"} {
		if sizeOf(e.instance.Path+suffix) > 0 {
			return e.instance.Path + suffix
		}
	}
	return ""
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// checkUnchanged tells whether a file that was read without locks was changed meanwhile.
func (s *sqliteSession) checkUnchanged() error {
	if s.unchanged == nil {
		return nil
	}
	now, err := os.Stat(s.instance.Path)
	if err == nil && now.Size() == s.unchanged.Size() && now.ModTime().Equal(s.unchanged.ModTime()) && (&embedded{s.instance}).unfinished() == "" {
		return nil
	}
	return failure.Wrap(failure.DatabaseBusy, s.instance.String(), fmt.Sprintf("%s was changed while it was read, and without the right to write no lock could be taken", s.instance),
		"Run the command again, as a user who may write to the folder of the database, or on a copy.", err)
}

// make makes the file where there is none, for nobody else to read; made tells that it did.
func (e *embedded) make() (made bool, err error) {
	path, err := e.path()
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, failure.Wrap(failure.FileNotWritable, e.instance.Path, "The folder of the database cannot be used", "Make the folder "+filepath.Dir(path)+" first.", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		return false, failure.Wrap(failure.FileNotWritable, e.instance.Path, "The file of the database cannot be made", "Check the rights on the folder and the room on its volume.", err)
	}
	return true, file.Close()
}

// hideIndex makes the file beside a database in which SQLite keeps the places of its log, where it will make one: with
// the mode of the database, as SQLite itself gives it that of any new file. What it cannot do SQLite does or tells.
func hideIndex(path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	var head [20]byte
	if _, short := io.ReadFull(file, head[:]); err != nil || short != nil || head[18] != 2 || head[19] != 2 {
		return // no write-ahead log
	}
	if index, err := os.OpenFile(path+"-shm", os.O_RDWR|os.O_CREATE|os.O_EXCL, info.Mode().Perm()); err == nil {
		_ = index.Close()
	}
}
