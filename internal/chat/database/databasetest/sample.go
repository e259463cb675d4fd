package databasetest

import (
	"context"
	"path/filepath"
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// HardTexts are texts that programs tend to spoil: control characters with U+0000, astral characters,
// lone surrogates as WTF-8, combining and bidirectional characters, line ends, markup and formulas.
func HardTexts() []string {
	return []string{
		"", " ", "\x00", "a\x00b", "\x01\x02\x1b\x7f\u0080\u009f", "tab\tcr\rlf\ncrlf\r\n",
		"Grüße, 日本語, العربية, עברית, हिन्दी, ไทย", "\U0001F600 \U0001F469\u200D\U0001F4BB \U0010FFFF", "\uFFFE\uFFFF\uFEFF\uFFFD",
		"\xed\xa0\x80", "x\xed\xbf\xbfy", "\xed\xb0\x80\xed\xa0\x80", "e\u0301 \u202Eabc\u202C",
		"<b>&amp;</b> \"quoted\" 'single' \\ / %00 \\u0000", "=1+1", "{\\rtf1}", "NULL",
	}
}

// New makes an empty mgc in a file of the test and opens it.
func New(t testing.TB) database.Database {
	t.Helper()
	db := Open(t, filepath.Join(t.TempDir(), "mgc.db"))
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	return db
}

// Open opens an SQLite file, which need not be there yet.
func Open(t testing.TB, path string) database.Database {
	t.Helper()
	instance, err := database.ParseInstance("sqlite:"+path, "", func(string) string { return "" }, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, instance)
}

// opened opens an instance until the test ends.
func opened(t testing.TB, instance database.Instance) database.Database {
	t.Helper()
	db, err := database.Open(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Fill adds rows of a table, with values for all of its columns.
func Fill(t testing.TB, w database.Writer, table string, rows [][]any) {
	t.Helper()
	published, ok := schema.Lookup(table)
	if !ok {
		t.Fatalf("no table %s", table)
	}
	n, err := w.Insert(t.Context(), table, published.ColumnNames(), Each(rows))
	if err != nil || n != int64(len(rows)) {
		t.Fatalf("%s: %d of %d rows, %v", table, n, len(rows), err)
	}
}

// Each gives the rows one after the other, then nil, as Writer.Insert takes them.
func Each(rows [][]any) func() ([]any, error) {
	return func() ([]any, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}
}

// Dump reads every row of every published table that is there, by table, in the order of its columns.
func Dump(t testing.TB, db database.Database) map[string][][]any {
	t.Helper()
	reader, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}()
	return Read(t, reader)
}

// Read is Dump from an open source.
func Read(t testing.TB, source database.Source) map[string][][]any {
	t.Helper()
	there, err := source.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dump := map[string][][]any{}
	for _, name := range there.Tables {
		table, _ := schema.Lookup(name)
		order := table.Key
		if len(order) == 0 {
			order = orderable(table)
		}
		err := source.Rows(t.Context(), database.Query{Table: name, OrderBy: order}, func(row []any) error {
			kept := make([]any, len(row))
			for i, v := range row {
				if b, ok := v.([]byte); ok {
					v = append([]byte{}, b...)
				}
				kept[i] = v
			}
			dump[name] = append(dump[name], kept)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dump
}

func orderable(table schema.Table) []string {
	var names []string
	for _, c := range table.Columns {
		if c.Type != schema.Image {
			names = append(names, c.Name)
		}
	}
	return names
}

// Write runs fn in one transaction and commits it.
func Write(t testing.TB, db database.Database, fn func(ctx context.Context, w database.Writer)) {
	t.Helper()
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Rollback()
	fn(t.Context(), w)
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}
