package database_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

func TestSQLite(t *testing.T) {
	suite(t, whole, func(t *testing.T) database.Database {
		return databasetest.Open(t, filepath.Join(t.TempDir(), "chat.db"))
	})
}

func TestSQLiteFilesThatAreNoChatDatabase(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(folder, "foreign.db")
	run(t, foreign, "CREATE TABLE a(b)")
	partial := filepath.Join(folder, "partial.db")
	run(t, partial, "CREATE TABLE tblNode(nodeID)")
	for path, id := range map[string]failure.ID{
		text: failure.DatabaseNotChat, foreign: failure.DatabaseNotChat, partial: failure.DatabaseNotChat, folder: failure.DatabaseNotChat,
		filepath.Join(folder, "missing.db"):            failure.DatabaseNotFound,
		filepath.Join(folder, "nowhere", "missing.db"): failure.DatabaseNotFound,
	} {
		db := databasetest.Open(t, path)
		_, err := db.Snapshot(t.Context())
		wantID(t, err, id)
		_, err = db.Begin(t.Context())
		wantID(t, err, id)
	}
	if _, err := os.Stat(filepath.Join(folder, "missing.db")); err == nil {
		t.Error("reading made a file")
	}
	err := databasetest.Open(t, filepath.Join(folder, "nowhere", "new.db")).CreateSchema(t.Context(), "mgc")
	wantID(t, err, failure.FileNotWritable)
}

func run(t *testing.T, path, sql string) {
	t.Helper()
	connection, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteRowsThatAreNotOfTheirTypeAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := databasetest.Open(t, path)
	create(t, db)
	run(t, path, "INSERT INTO tblChat VALUES(1, 1, 'yesterday', 2, 0, 'x', NULL)")
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	err = reader.Rows(t.Context(), database.Query{Table: "tblChat"}, func([]any) error { return nil })
	wantID(t, err, failure.DatabaseValueUnfit)
	if !strings.Contains(err.Error(), "tblChat") || !strings.Contains(err.Error(), "chatDate") {
		t.Errorf("%v does not name the column", err)
	}
}

func TestExtraColumnsAndTablesAreReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := databasetest.Open(t, path)
	create(t, db)
	run(t, path, "ALTER TABLE tblNode ADD COLUMN extra; CREATE TABLE mine(a); CREATE TABLE tblComplianceState(lastProcessedEntryID)")
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	there, err := reader.Tables(t.Context())
	if err != nil || len(there.Databases) != 1 || len(there.Extra) != 1 || there.Extra["tblNode"][0] != "extra" || len(there.Unknown) != 1 || there.Unknown[0] != "mine" {
		t.Errorf("got %+v, %v", there, err)
	}
}

func TestAWriterOfAnotherProcessIsWaitedForOnlyWhileTheContextAllows(t *testing.T) {
	db := databasetest.New(t)
	first, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Rollback()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Begin(ctx); err == nil {
		t.Fatal("two writers at once")
	}
}

func TestRowsAreNeverTakenFromATableOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := create(t, databasetest.Open(t, path))
	run(t, path, "CREATE TABLE csbackup_incoming(channelId, chatId, chatDate, userId, isAlert, content, rtf); INSERT INTO csbackup_incoming VALUES(1, 1, 1, 1, 0, 'x', NULL)")
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Rollback()
	table, _ := schema.Lookup("tblChat")
	if n, err := w.Insert(t.Context(), table.Name, table.ColumnNames(), databasetest.Each(nil)); n != 0 {
		t.Errorf("%d rows came from a table of that name; error %v", n, err)
	}
}

func TestAValueThatSQLiteHasNoMemoryForIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := create(t, databasetest.Open(t, path))
	run(t, path, "INSERT INTO tblConfig VALUES('x', NULL, zeroblob(300000000))")
	r, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Rows(t.Context(), database.Query{Table: "tblConfig"}, func([]any) error { return nil })
	wantID(t, err, failure.DatabaseValueUnfit)
}

func TestARowThatSQLiteHasNoMemoryForIsRefused(t *testing.T) {
	db := databasetest.New(t)
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Rollback()
	half := strings.Repeat("x", 32<<20)
	databasetest.Fill(t, w, "tblChat", [][]any{{int64(1), int64(1), int64(1), int64(1), int64(0), half, half}})
	table, _ := schema.Lookup("tblChat")
	_, err = w.Insert(t.Context(), table.Name, table.ColumnNames(), databasetest.Each([][]any{{int64(1), int64(2), int64(1), int64(1), int64(0), half, half + "x"}}))
	wantID(t, err, failure.DatabaseValueUnfit)
}
