package database_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

func conditions(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, c := range []struct {
		table  string
		column string
		op     database.Operator
		values []any
		want   int64
	}{
		{"tblChat", "channelId", database.Equal, []any{int64(10)}, 20},
		{"tblChat", "channelId", database.NotEqual, []any{int64(10)}, 40},
		{"tblChat", "chatDate", database.MoreEqual, []any{databasetest.Ticks + 36000000001}, 57},
		{"tblChat", "chatDate", database.More, []any{databasetest.Ticks + 36000000001}, 54},
		{"tblChat", "chatDate", database.Less, []any{databasetest.Ticks + 36000000001}, 3},
		{"tblChat", "chatDate", database.LessEqual, []any{databasetest.Ticks + 36000000001}, 6},
		{"tblChat", "channelId", database.In, []any{int64(10), int64(12), int64(99)}, 40},
		{"tblChat", "channelId", database.In, nil, 0},
		{"tblChat", "rtf", database.IsNull, nil, 51},
		{"tblChat", "rtf", database.NotNull, nil, 9},
		{"tblNode", "nodeGuid", database.In, []any{databasetest.GUID(2, 1), databasetest.GUID(2, 12)}, 2},
		{"tblNode", "nodeName", database.In, []any{"Alpha", "Ωmega \U0001F600", "'; DROP TABLE tblNode --"}, 2},
		{"tblPrincipalInvites", "createdOn", database.More, []any{"2018-01-31 12:00:00"}, 1},
	} {
		q := database.Query{Table: c.table, Where: []database.Condition{{Column: c.column, Operator: c.op, Values: c.values}}}
		if n, err := reader.Count(t.Context(), q); n != c.want || err != nil {
			t.Errorf("%s %s %s %v: %d, %v; want %d", c.table, c.column, c.op, c.values, n, err, c.want)
		}
	}
	var names []any
	q := database.Query{Table: "tblNode", Columns: []string{"nodeName", "nodeID"}, OrderBy: []string{"parentID", "nodeID"},
		Where: []database.Condition{{Column: "nodeType", Operator: database.Equal, Values: []any{int64(0)}}, {Column: "disabled", Operator: database.Equal, Values: []any{int64(0)}}}}
	err = reader.Rows(t.Context(), q, func(row []any) error {
		names = append(names, row[0], row[1])
		return nil
	})
	if want := []any{"Alpha", int64(10), "Quiet", int64(11)}; err != nil || !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, %v", names, err)
	}
	for _, q := range []database.Query{
		{Table: "tblNothing"}, {Table: "tblNode", Columns: []string{"nodeID; DROP TABLE tblNode"}}, {Table: "tblNode", OrderBy: []string{"x"}},
		{Table: "tblNode", Columns: []string{"nodeID", "nodeID"}},
		{Table: "tblNode", Where: []database.Condition{{Column: "nodeID", Operator: "= 1 OR 1", Values: []any{int64(1)}}}},
		{Table: "tblNode", Where: []database.Condition{{Column: "nodeID", Operator: database.Equal, Values: []any{"1"}}}},
		{Table: "tblNode", Where: []database.Condition{{Column: "parentID", Operator: database.Equal, Values: []any{nil}}}},
	} {
		err := reader.Rows(t.Context(), q, func([]any) error { return nil })
		wantID(t, err, failure.DatabaseFailed)
	}
}

func updates(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	hard := databasetest.HardTexts()
	databasetest.Write(t, db, func(ctx context.Context, w database.Writer) {
		for i, text := range hard {
			n, err := w.Update(ctx, "tblChat", map[string]any{"content": text, "rtf": nil, "isAlert": int64(1)},
				[]database.Condition{{Column: "channelId", Operator: database.Equal, Values: []any{int64(11)}}, {Column: "chatId", Operator: database.Equal, Values: []any{int64(len(hard) - i)}}})
			if n != 1 || err != nil {
				t.Fatalf("%d rows, %v", n, err)
			}
		}
		set := map[string]any{"nodeGuid": databasetest.GUID(2, 99), "purgedOn": "2020-02-29 01:02:03.0030000", "nodeDesc": ""}
		n, err := w.Update(ctx, "tblNode", set, []database.Condition{{Column: "nodeID", Operator: database.Equal, Values: []any{int64(11)}}})
		if n != 1 || err != nil {
			t.Fatalf("%d rows, %v", n, err)
		}
		if n, err := w.Update(ctx, "tblADCookie", map[string]any{"adcContent": []byte{}}, nil); n != 1 || err != nil {
			t.Fatalf("%d rows, %v", n, err)
		}
	})
	dump := databasetest.Dump(t, db)
	for i, text := range hard {
		row := dump["tblChat"][20+len(hard)-i-1]
		if row[5] != text || row[6] != nil || row[4] != int64(1) {
			t.Errorf("text %d: got %q, want %q", i, row, text)
		}
	}
	for _, node := range dump["tblNode"] {
		if node[0] == int64(11) && (node[1] != databasetest.GUID(2, 99) || node[17] != "2020-02-29 01:02:03.0030000" || node[5] != "") {
			t.Errorf("got %q", node)
		}
	}
	if got, ok := dump["tblADCookie"][0][2].([]byte); !ok || len(got) != 0 {
		t.Errorf("an empty image came back as %v", dump["tblADCookie"][0][2])
	}
}

func unfit(t *testing.T, db database.Database) {
	create(t, db)
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Rollback()
	for _, row := range [][]any{
		{nil, "a", int64(0), int64(0)}, {int64(40000), "a", int64(0), int64(0)}, {int64(1), nil, int64(0), int64(0)}, {int64(1), "a", int64(2), int64(0)},
		{"1", "a", int64(0), int64(0)}, {int64(1), []byte("a"), int64(0), int64(0)}, {int64(1), "\xff", int64(0), int64(0)}, {1, "a", int64(0), int64(0)},
	} {
		_, err := w.Insert(t.Context(), "tblPrincipalType", []string{"ptypeID", "ptypeDesc", "ptypeIsSystemUser", "ptypeIsUser"}, databasetest.Each([][]any{row}))
		wantID(t, err, failure.DatabaseValueUnfit)
	}
	_, err = w.Update(t.Context(), "tblNode", map[string]any{"nodeGuid": "x"}, nil)
	wantID(t, err, failure.DatabaseValueUnfit)
}

func notChat(t *testing.T, db database.Database) {
	if err := db.CreateSchema(t.Context(), schema.Compliance); err != nil {
		t.Fatal(err)
	}
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	there, err := reader.Tables(t.Context())
	if err != nil || !reflect.DeepEqual(there.Databases, []string{schema.Compliance}) || there.Has("tblNode") || len(there.Missing) != 0 {
		t.Fatalf("got %+v, %v", there, err)
	}
}

func cancelled(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	before := databasetest.Dump(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	w, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	databasetest.Fill(t, w, "tblSystemRevision", [][]any{{int64(1)}})
	cancel()
	if _, err := w.Insert(ctx, "tblSystemRevision", []string{"sysRevision"}, databasetest.Each([][]any{{int64(5)}})); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := w.Commit(); err == nil {
		t.Fatal("committed after it was cancelled")
	}
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Fatal("the database changed")
	}
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Rows(ctx, database.Query{Table: "tblChat"}, func([]any) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func callerErrors(t *testing.T, db database.Database) {
	create(t, db)
	databasetest.Sample(t, db)
	mine := errors.New("mine")
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Rows(t.Context(), database.Query{Table: "tblChat"}, func([]any) error { return mine }); !errors.Is(err, mine) {
		t.Fatalf("got %v", err)
	}
	if _, err := w.Insert(t.Context(), "tblSystemRevision", []string{"sysRevision"}, func() ([]any, error) { return nil, mine }); !errors.Is(err, mine) {
		t.Fatalf("got %v", err)
	}
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
}
