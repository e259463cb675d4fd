package transfer_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/database/tdstest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
)

// connect opens the database of a small server, without encryption so that packets can be counted.
func connect(t testing.TB, s *tdstest.Server) (database.Database, error) {
	t.Helper()
	login := map[string]string{database.UserVariable: "sa", database.PasswordVariable: "secret"}
	instance, err := database.ParseInstance(fmt.Sprintf("%s,%d", s.Host, s.Port), "", func(name string) string { return login[name] }, database.Options{Encrypt: "false"})
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), instance)
	if err == nil {
		t.Cleanup(func() { db.Close() }) // the line may be cut
	}
	return db, err
}

func mustConnect(t testing.TB, s *tdstest.Server) database.Database {
	t.Helper()
	db, err := connect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// served is the engine of the SQL Server protocol.
func served(t testing.TB, made ...string) database.Database {
	t.Helper()
	db := mustConnect(t, tdstest.Start(t, tdstest.Options{}))
	create(t, db, made)
	return db
}

func create(t testing.TB, db database.Database, made []string) {
	t.Helper()
	for _, name := range made {
		if err := db.CreateSchema(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSuiteOverTheSQLServerProtocol(t *testing.T) { suite(t, served) }

func TestSuiteOnARealServer(t *testing.T) {
	open := databasetest.Real(t).Open
	suite(t, func(t testing.TB, made ...string) database.Database {
		db := open(t)
		create(t, db, made)
		return db
	})
}

// serverWithSample starts a server whose database already holds the sample, and gives an archive of a week later.
func serverWithSample(t *testing.T, options tdstest.Options) (s *tdstest.Server, later func(db database.Database) error, before func() map[string][][]any) {
	from := sample(t)
	first, _ := exported(t, from, transfer.ExportOptions{})
	aWeekLater(t, from)
	second, _ := exported(t, from, transfer.ExportOptions{})
	s = tdstest.Start(t, options)
	db := mustConnect(t, s)
	create(t, db, []string{schema.Chat})
	imported(t, db, first)
	return s, func(db database.Database) error {
		_, err := transfer.Import(t.Context(), db, second, transfer.ImportOptions{Target: "target"}, nil)
		return err
	}, func() map[string][][]any { return databasetest.Dump(t, mustConnect(t, s)) }
}

func TestP22_AnImportThatIsCutAtAnyPacketLeavesEverythingAsItWas(t *testing.T) {
	s, run, dump := serverWithSample(t, tdstest.Options{PacketSize: 4096})
	before := dump()
	for n := 1; ; n++ {
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			return tdstest.Action{Cut: r.Kind == tdstest.Packet && r.Packets == n}
		})
		db, err := connect(t, s)
		if err == nil {
			err = run(db)
		}
		s.Intercept(nil)
		if err == nil {
			if n < 50 {
				t.Errorf("only %d packets could be cut", n)
			}
			return
		}
		if failure.KindOf(failure.Of(err).ID).ExitCode != failure.ExitUnreachable {
			t.Errorf("cut at packet %d: %v", n, err)
		}
		if wantSame(t, dump(), before); t.Failed() {
			t.Fatalf("cut at packet %d", n)
		}
	}
}

func TestP22_RowsThatAreLostOrACommitThatIsRefusedChangeNothing(t *testing.T) {
	s, run, dump := serverWithSample(t, tdstest.Options{})
	before := dump()
	for name, action := range map[string]func(tdstest.Request) tdstest.Action{
		"a message is lost": func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Load && strings.Contains(r.Text, "tblChat") {
				return tdstest.Action{Lose: 1}
			}
			return tdstest.Action{}
		},
		"the log is full": func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Load && strings.Contains(r.Text, "tblLastChatId") {
				return tdstest.Action{Error: 9002, Message: "The transaction log for database 'mgc' is full"}
			}
			return tdstest.Action{}
		},
		"the commit is refused": func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Commit {
				return tdstest.Action{Error: 3930, Message: "The current transaction cannot be committed"}
			}
			return tdstest.Action{}
		},
	} {
		s.Intercept(action)
		err := run(mustConnect(t, s))
		s.Intercept(nil)
		if err == nil || failure.Of(err).Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if wantSame(t, dump(), before); t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestADeadlockIsTriedAgain(t *testing.T) {
	for lost, wanted := range map[int]bool{1: true, 10: false} {
		s, run, _ := serverWithSample(t, tdstest.Options{})
		left := lost
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Load && strings.Contains(r.Text, "tblNode") && left > 0 {
				left--
				return tdstest.Action{Error: 1205, Message: "was deadlocked on lock resources with another process"}
			}
			return tdstest.Action{}
		})
		err := run(mustConnect(t, s))
		if wanted != (err == nil) || (err != nil && !failure.IsID(err, failure.DatabaseDeadlock)) {
			t.Errorf("after %d lost deadlocks: %v", lost, err)
		}
	}
}

// A server that does not allow snapshot isolation is read all the same, and the result says what that means.
func TestWithoutSnapshotIsolationTheResultSaysSo(t *testing.T) {
	s := tdstest.Start(t, tdstest.Options{NoSnapshot: true})
	db := mustConnect(t, s)
	create(t, db, []string{schema.Chat})
	databasetest.Sample(t, db)
	a, result := exported(t, db, transfer.ExportOptions{})
	if result.OneMoment || !strings.Contains(result.Isolation, "moments") || a.Manifest().Isolation != result.Isolation {
		t.Errorf("got %+v", result)
	}
}

func TestAnExportIsCancelledWhileTheServerStalls(t *testing.T) {
	s := tdstest.Start(t, tdstest.Options{})
	db := mustConnect(t, s)
	create(t, db, []string{schema.Chat})
	databasetest.Sample(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.Intercept(func(r tdstest.Request) tdstest.Action {
		if r.Kind == tdstest.SQL && strings.Contains(r.Text, "tblPreference") && !strings.Contains(r.Text, "COUNT") {
			cancel()
			return tdstest.Action{Stall: true}
		}
		return tdstest.Action{}
	})
	_, err := transfer.Export(ctx, db, io.Discard, transfer.ExportOptions{Source: "source", Level: schema.LevelAll}, nil)
	if failure.Of(err).ID != failure.Cancelled {
		t.Errorf("got %v", err)
	}
}
