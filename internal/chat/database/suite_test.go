package database_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// whole lacks nothing.
var whole = databasetest.Server{LatestTime: databasetest.LatestTime}

// suite is what both engines must do, as far as the server's limits; open gives an empty database.
func suite(t *testing.T, limits databasetest.Server, open func(t *testing.T) database.Database) {
	t.Run("every type keeps its extremes", func(t *testing.T) { extremes(t, limits, open(t)) })
	t.Run("the sample comes back as it was", func(t *testing.T) { sample(t, open(t)) })
	t.Run("a rollback leaves everything as it was", func(t *testing.T) { rollback(t, limits, open(t)) })
	t.Run("creation refuses existing tables", func(t *testing.T) { creationRefuses(t, open(t)) })
	t.Run("a reader sees one moment while others write", func(t *testing.T) { oneMoment(t, open(t)) })
	t.Run("conditions, order and counts", func(t *testing.T) { conditions(t, open(t)) })
	t.Run("updates", func(t *testing.T) { updates(t, open(t)) })
	t.Run("unfit values are refused", func(t *testing.T) { unfit(t, open(t)) })
	t.Run("not a chat database", func(t *testing.T) { notChat(t, open(t)) })
	t.Run("a cancelled context ends the work", func(t *testing.T) { cancelled(t, open(t)) })
	t.Run("an error of the caller comes back as it is", func(t *testing.T) { callerErrors(t, open(t)) })
}

func create(t *testing.T, db database.Database) database.Database {
	t.Helper()
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	return db
}

func wantID(t *testing.T, err error, id failure.ID) {
	t.Helper()
	var f *failure.Error
	if !errors.As(err, &f) || f.ID != id || f.Hint == "" {
		t.Fatalf("got %v, want a %s with a hint", err, id)
	}
}

func extremes(t *testing.T, limits databasetest.Server, db database.Database) {
	for _, name := range []string{schema.Chat, schema.Compliance} {
		if err := db.CreateSchema(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("\U0001F600é\x00 ", 300000)
	tables := map[string][][]any{
		"tblRoleType":       {{int64(math.MinInt32), "", int64(math.MinInt64)}, {int64(math.MaxInt32), strings.Repeat("\U0001F600", 128), int64(math.MaxInt64)}},
		"tblPrincipalType":  {{int64(math.MinInt16), "a", int64(0), int64(1)}, {int64(math.MaxInt16), "b", int64(1), int64(0)}},
		"tblSystemRevision": {{int64(-1)}},
		"tblConfig":         {{"long", long, databasetest.GUID(0xffffffff, 0xffffffffffff)}, {"null", nil, databasetest.GUID(0, 0)}},
		"tblComplianceData": {
			{int64(1), "1900-01-01 00:00:00", int64(1), int64(0), "", nil, int64(0), "", nil},
			{int64(2), "2079-06-06 23:59:00", int64(11), int64(math.MaxInt64), "u", int64(7), int64(-1), "v", ""}},
		"tblComplianceState": {{int64(0), int64(-1), "0001-01-01 00:00:00"}, {int64(1), int64(-1), limits.LatestTime}},
		"tblServerIdentity": {{int64(1), "a", "1753-01-01 00:00:00"}, {int64(2), "b", "9999-12-31 23:59:59.9970000"},
			{int64(3), "c", "2016-02-29 12:34:56.0030000"}, {int64(4), "d", nil}},
	}
	for i, text := range databasetest.HardTexts() {
		tables["tblChat"] = append(tables["tblChat"], []any{int64(1), int64(i), int64(i), int64(2), int64(1), text, nil})
	}
	tables["tblChat"] = append(tables["tblChat"], []any{int64(2), int64(0), int64(0), int64(2), int64(0), "rtf", ""}, []any{int64(2), int64(1), int64(0), int64(2), int64(0), "rtf", strings.Repeat(`{\rtf1 \u233?}`, 10000)})
	databasetest.Write(t, db, func(_ context.Context, w database.Writer) {
		for table, rows := range tables {
			databasetest.Fill(t, w, table, rows)
		}
	})
	dump := databasetest.Dump(t, db)
	for table, rows := range tables {
		same(t, table, dump[table], rows)
	}
}

func same(t *testing.T, table string, got, want [][]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", table, len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s row %d:\n got %.300q\nwant %.300q", table, i, got[i], want[i])
		}
	}
}

func sample(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	dump := databasetest.Dump(t, db)
	if n := len(dump["tblChat"]); n != databasetest.SampleMessages {
		t.Errorf("%d messages", n)
	}
	if got := dump["tblADCookie"][0][2]; !reflect.DeepEqual(got, []byte{0, 1, 0xFF}) {
		t.Errorf("the image is %v", got)
	}
	hard := databasetest.HardTexts()
	for i, text := range hard {
		if got := dump["tblChat"][i][5]; got != text {
			t.Errorf("text %d is %q, want %q", i, got, text)
		}
	}
}

func rollback(t *testing.T, limits databasetest.Server, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	before := databasetest.Dump(t, db)
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	databasetest.Fill(t, w, "tblSystemRevision", [][]any{{int64(1)}})
	if _, err := w.Update(t.Context(), "tblNode", map[string]any{"nodeName": "x"}, nil); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Count(t.Context(), database.Query{Table: "tblSystemRevision"}); n != 2 || err != nil {
		t.Fatalf("the writer does not see its own rows: %d, %v", n, err)
	}
	if limits.LooseBulkLoads {
		_, err = w.Update(t.Context(), "tblLastInviteId", map[string]any{"prinID": int64(77)}, nil)
	} else {
		_, err = w.Insert(t.Context(), "tblLastInviteId", []string{"prinID", "lastInviteID"}, databasetest.Each([][]any{{int64(77), int64(1)}}))
	}
	if err == nil {
		err = w.Commit() // where references are checked last
	}
	wantID(t, err, failure.DatabaseValueUnfit)
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Fatal("the database changed")
	}
}

func creationRefuses(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	before := databasetest.Dump(t, db)
	wantID(t, db.CreateSchema(t.Context(), schema.Chat), failure.DatabaseTablesExist)
	if err := db.CreateSchema(t.Context(), "nothing"); err == nil {
		t.Fatal("made an unknown database")
	}
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Fatal("the database changed")
	}
}

func oneMoment(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if !reader.OneMoment() {
		t.Skip("this server does not allow snapshot isolation: " + reader.Isolation())
	}
	count := func() int64 {
		n, err := reader.Count(t.Context(), database.Query{Table: "tblChat"})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := count()
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range int64(20) {
			databasetest.Write(t, db, func(ctx context.Context, w database.Writer) {
				databasetest.Fill(t, w, "tblChat", [][]any{{int64(10), 1000 + i, int64(0), int64(2), int64(0), "late", nil}})
				if _, err := w.Update(ctx, "tblNode", map[string]any{"nodeName": "renamed"}, nil); err != nil {
					t.Error(err)
				}
			})
		}
	})
	for range 20 {
		if n := count(); n != first {
			t.Errorf("%d rows, then %d", first, n)
		}
		renamed, err := reader.Count(t.Context(), database.Query{Table: "tblNode", Where: []database.Condition{{Column: "nodeName", Operator: database.Equal, Values: []any{"renamed"}}}})
		if renamed != 0 || err != nil {
			t.Errorf("the reader sees %d new names, %v", renamed, err)
		}
	}
	writing.Wait()
	if n := count(); n != first {
		t.Errorf("%d rows, then %d", first, n)
	}
	if n := len(databasetest.Dump(t, db)["tblChat"]); int64(n) != first+20 {
		t.Errorf("%d rows afterwards", n)
	}
}
