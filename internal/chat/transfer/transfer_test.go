package transfer_test

import (
	"bytes"
	"reflect"
	"testing"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
)

// exported writes an archive of a database and opens it.
func exported(t testing.TB, db database.Database, options transfer.ExportOptions) (*archive.Archive, transfer.ExportResult) {
	t.Helper()
	if options.Level == "" {
		options.Level = schema.LevelAll
	}
	options.Source = "source"
	var file bytes.Buffer
	result, err := transfer.Export(t.Context(), db, &file, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), "test.zip")
	if err != nil {
		t.Fatal(err)
	}
	return a, result
}

func imported(t testing.TB, db database.Database, a *archive.Archive) transfer.ImportResult {
	t.Helper()
	result, err := transfer.Import(t.Context(), db, a, transfer.ImportOptions{Target: "target", Archive: "test.zip"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// lasting is what of a database travels.
func lasting(t testing.TB, db database.Database) map[string][][]any {
	t.Helper()
	dump := databasetest.Dump(t, db)
	for name := range dump {
		if table, _ := schema.Lookup(name); !table.Travels() {
			delete(dump, name)
		}
	}
	return dump
}

// wantSame holds two dumps against each other, row by row.
func wantSame(t testing.TB, got, want map[string][][]any) {
	t.Helper()
	for _, name := range []string{schema.Chat, schema.Compliance} {
		for _, table := range schema.Tables(name) {
			a, b := got[table.Name], want[table.Name]
			if len(a) != len(b) {
				t.Errorf("%s has %d rows, want %d", table.Name, len(a), len(b))
			}
			for i := range min(len(a), len(b)) {
				if !reflect.DeepEqual(a[i], b[i]) {
					t.Errorf("%s row %d:\n got %.400q\nwant %.400q", table.Name, i, a[i], b[i])
					break
				}
			}
		}
	}
}

func TestRoundTripOfTheSample(t *testing.T) {
	from, to := databasetest.New(t), databasetest.New(t)
	databasetest.Sample(t, from)
	a, result := exported(t, from, transfer.ExportOptions{})
	if result.Messages != databasetest.SampleMessages || !result.OneMoment || len(result.LeftOut) != 0 || len(result.RoomIDs) != databasetest.SampleRooms {
		t.Errorf("got %+v", result)
	}
	first := imported(t, to, a)
	if first.NothingToDo || first.ClashCount != 0 || first.LeftOutCount != 0 {
		t.Errorf("got %+v", first)
	}
	wantSame(t, lasting(t, to), lasting(t, from))
	before := databasetest.Dump(t, to)
	second := imported(t, to, a)
	if !second.NothingToDo || second.ClashCount != 0 {
		t.Errorf("the second import did something: %+v", second)
	}
	wantSame(t, databasetest.Dump(t, to), before)
}
