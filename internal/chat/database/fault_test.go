package database_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/database/tdstest"
	"csbackup/internal/failure"
)

// importRows writes what stands for an import: rows of several tables, an update, a count, the commit.
func importRows(ctx context.Context, db database.Database) (err error) {
	w, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Rollback()) }()
	messages := [][]any{}
	for n := range int64(40) {
		messages = append(messages, []any{int64(11), 500 + n, databasetest.Ticks, int64(2), int64(0), strings.Repeat("text ", 20), nil})
	}
	columns := []string{"channelId", "chatId", "chatDate", "userId", "isAlert", "content", "rtf"}
	if _, err := w.Insert(ctx, "tblChat", columns, databasetest.Each(messages)); err != nil {
		return err
	}
	if _, err := w.Insert(ctx, "tblSystemRevision", []string{"sysRevision"}, databasetest.Each([][]any{{int64(77)}})); err != nil {
		return err
	}
	room := []database.Condition{{Column: "nodeID", Operator: database.Equal, Values: []any{int64(11)}}}
	if _, err := w.Update(ctx, "tblLastChatId", map[string]any{"lastChatID": int64(999)}, room); err != nil {
		return err
	}
	if _, err := w.Count(ctx, database.Query{Table: "tblChat"}); err != nil {
		return err
	}
	return w.Commit()
}

// filled starts a server that holds the sample, and says what is in it.
func filled(t *testing.T, options tdstest.Options) (*tdstest.Server, database.Database, map[string][][]any) {
	t.Helper()
	s := tdstest.Start(t, options)
	db := openServer(t, s)
	create(t, db)
	databasetest.Sample(t, db)
	return s, db, databasetest.Dump(t, db)
}

func TestAWriterThatIsCutAtAnyPacketLeavesTheDatabaseAsItWas(t *testing.T) {
	options := usual(t)
	options.PacketSize = 2048
	s, _, before := filled(t, options)
	for n := 1; ; n++ {
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			return tdstest.Action{Cut: r.Kind == tdstest.Packet && r.Packets == n}
		})
		db, err := connect(t, s, trusting)
		if err == nil {
			err = importRows(t.Context(), db)
		}
		s.Intercept(nil)
		after := databasetest.Dump(t, openServer(t, s))
		if err == nil {
			if n < 20 || reflect.DeepEqual(before, after) {
				t.Fatalf("done after %d packets, and the rows are not there", n)
			}
			return
		}
		if failure.KindOf(failure.Of(err).ID).ExitCode != failure.ExitUnreachable && !failure.IsID(err, failure.DatabaseOldTLS) {
			t.Errorf("cut at packet %d: %v", n, err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("cut at packet %d: the database changed", n)
		}
	}
}

func TestAConnectionThatBreaksWhileItCommitsIsSaidToBeUnknown(t *testing.T) {
	for _, action := range []tdstest.Action{{Cut: true}, {CutDone: true}} {
		s, db, before := filled(t, usual(t))
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Commit {
				return action
			}
			return tdstest.Action{}
		})
		err := importRows(t.Context(), db)
		wantID(t, err, failure.DatabaseUnknown)
		if f := failure.Of(err); !strings.Contains(f.Message, "either all was written or nothing") || !strings.Contains(f.Hint, "--what-if") {
			t.Errorf("%v: %s", err, f.Hint)
		}
		s.Intercept(nil)
		if same := reflect.DeepEqual(before, databasetest.Dump(t, db)); same != action.Cut {
			t.Errorf("unchanged: %t", same)
		}
	}
}

// numbers are the errors of SQL Server that have an answer of their own.
var numbers = map[int32]failure.ID{
	18456: failure.DatabaseLoginFailed, 18452: failure.DatabaseLoginFailed, 4060: failure.DatabaseNotFound, 911: failure.DatabaseNotFound,
	229: failure.DatabaseAccessDenied, 916: failure.DatabaseAccessDenied, 262: failure.DatabaseAccessDenied,
	927: failure.DatabaseNotReady, 922: failure.DatabaseNotReady, 942: failure.DatabaseNotReady, 9002: failure.DatabaseFull, 1105: failure.DatabaseFull,
	1205: failure.DatabaseDeadlock, 1222: failure.DatabaseBusy, 3952: failure.DatabaseNoSnapshot, 2627: failure.DatabaseValueUnfit, 50000: failure.DatabaseFailed,
}

func TestEachErrorOfTheServerHasItsOwnAnswer(t *testing.T) {
	s, db, before := filled(t, usual(t))
	hints := map[string]failure.ID{}
	for number, id := range numbers {
		fail := func(where tdstest.Kind, text string) {
			s.Intercept(func(r tdstest.Request) tdstest.Action {
				if r.Kind == where && strings.HasPrefix(r.Text, text) {
					return tdstest.Action{Error: number}
				}
				return tdstest.Action{}
			})
		}
		check := func(err error) {
			t.Helper()
			wantID(t, err, id)
			f := failure.Of(err)
			if other, known := hints[f.Hint]; known && other != id {
				t.Errorf("%s and %s have the same hint", id, other)
			}
			hints[f.Hint] = id
			if !strings.Contains(f.Message, s.Host) || !strings.Contains(err.Error(), "was asked for") {
				t.Errorf("%v does not name the database and the server's words", err)
			}
		}
		fail(tdstest.LogIn, "")
		_, err := connect(t, s, trusting)
		check(err)
		for where, text := range map[tdstest.Kind]string{tdstest.Load: "", tdstest.SQL: "UPDATE", tdstest.Commit: ""} {
			fail(where, text)
			check(importRows(t.Context(), db))
		}
		s.Intercept(nil)
		if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
			t.Fatalf("error %d: the database changed", number)
		}
		fail(tdstest.SQL, "SELECT COUNT")
		reader, err := db.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = reader.Count(t.Context(), database.Query{Table: "tblChat"})
		check(err)
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFewerRowsThanWereSentAreNoticed(t *testing.T) {
	s, db, before := filled(t, usual(t))
	s.Intercept(func(r tdstest.Request) tdstest.Action {
		if r.Kind == tdstest.Load {
			return tdstest.Action{Lose: 1}
		}
		return tdstest.Action{}
	})
	err := importRows(t.Context(), db)
	wantID(t, err, failure.DatabaseFailed)
	if !strings.Contains(err.Error(), "39 of 40 rows of tblChat") {
		t.Errorf("got %v", err)
	}
	s.Intercept(nil)
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Error("the database changed")
	}
}

func TestADeadlockIsTriedAgainWhereNothingHappensTwice(t *testing.T) {
	options := usual(t)
	options.NoSnapshot = true
	s, db, before := filled(t, options)
	deadlocks := func(text string, times int) *int {
		count := 0
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			if r.Kind != tdstest.SQL || !strings.Contains(r.Text, text) {
				return tdstest.Action{}
			}
			count++
			if count > times {
				return tdstest.Action{}
			}
			return tdstest.Action{Error: 1205}
		})
		return &count
	}
	deadlocks("FROM dbo.[tblChat]", 2)
	if got := databasetest.Dump(t, db); !reflect.DeepEqual(before, got) {
		t.Error("what was read after two deadlocks differs")
	}
	deadlocks("INFORMATION_SCHEMA", 2)
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	count := deadlocks("UPDATE", 1)
	wantID(t, importRows(t.Context(), db), failure.DatabaseDeadlock)
	if *count != 1 {
		t.Errorf("an update was tried %d times", *count)
	}
	count = deadlocks("FROM dbo.[tblNode]", 100)
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	wantID(t, reader.Rows(t.Context(), database.Query{Table: "tblNode"}, func([]any) error { return nil }), failure.DatabaseDeadlock)
	if *count != 3 {
		t.Errorf("reading was tried %d times", *count)
	}
}

func TestADatabaseWithoutSnapshotIsolationIsReadAndSaidSo(t *testing.T) {
	options := usual(t)
	options.NoSnapshot = true
	_, db, before := filled(t, options)
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if reader.OneMoment() || !strings.Contains(reader.Isolation(), "does not allow snapshot isolation") || !reflect.DeepEqual(before, databasetest.Read(t, reader)) {
		t.Errorf("got %t, %s", reader.OneMoment(), reader.Isolation())
	}
}

func TestSnapshotIsolationThatIsSwitchedOffMeanwhileIsDoneWithout(t *testing.T) {
	s, db, before := filled(t, usual(t))
	refused := false
	s.Intercept(func(r tdstest.Request) tdstest.Action {
		if r.Kind == tdstest.SQL && strings.Contains(r.Text, "INFORMATION_SCHEMA") && !refused {
			refused = true
			return tdstest.Action{Error: 3952}
		}
		return tdstest.Action{}
	})
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if !refused || reader.OneMoment() || !reflect.DeepEqual(before, databasetest.Read(t, reader)) {
		t.Errorf("refused %t, one moment %t", refused, reader.OneMoment())
	}
}

func TestAServerThatFallsSilentIsNotWaitedForForEver(t *testing.T) {
	s, db, before := filled(t, usual(t))
	hasty := trusting
	hasty.Silence = 200 * time.Millisecond
	for _, kind := range []tdstest.Kind{tdstest.LogIn, tdstest.Load, tdstest.Commit} {
		s.Intercept(func(r tdstest.Request) tdstest.Action { return tdstest.Action{Deaf: r.Kind == kind} })
		impatient, err := connect(t, s, hasty)
		if err == nil {
			err = importRows(t.Context(), impatient)
		}
		var f *failure.Error
		if !errors.As(err, &f) || failure.KindOf(f.ID).ExitCode != failure.ExitUnreachable || f.Hint == "" {
			t.Errorf("silent at %s: %v", kind, err)
		}
	}
	s.Intercept(nil)
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Error("the database changed")
	}
}

func TestACancelledContextStopsALoginAndAStatement(t *testing.T) {
	s, db, _ := filled(t, usual(t))
	for _, kind := range []tdstest.Kind{tdstest.LogIn, tdstest.SQL} {
		ctx, cancel := context.WithCancel(t.Context())
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			if r.Kind != kind || (kind == tdstest.SQL && !strings.Contains(r.Text, "COUNT")) {
				return tdstest.Action{}
			}
			cancel()
			return tdstest.Action{Stall: true}
		})
		reader, err := db.Snapshot(ctx)
		if kind == tdstest.SQL {
			if err != nil {
				t.Fatal(err)
			}
			_, err = reader.Count(ctx, database.Query{Table: "tblChat"})
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %s: %v", kind, err)
		}
		cancel()
	}
}
