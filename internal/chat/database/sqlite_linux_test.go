package database_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

func TestAnSQLiteFileOnAFullDiskStaysAsItWas(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("SKIPPED: a small disk cannot be mounted here, which needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	db := create(t, databasetest.Open(t, filepath.Join(folder, "chat.db")))
	databasetest.Sample(t, db)
	before := databasetest.Dump(t, db)
	w, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := make([][]any, 800)
	for i := range rows {
		rows[i] = []any{int64(1), int64(1000 + i), int64(i), int64(2), int64(0), strings.Repeat("full ", 2000), nil}
	}
	table, _ := schema.Lookup("tblChat")
	_, err = w.Insert(t.Context(), table.Name, table.ColumnNames(), databasetest.Each(rows))
	if err == nil {
		err = w.Commit()
	}
	var f *failure.Error
	if !errors.As(err, &f) || !strings.Contains(f.Hint, "room") {
		t.Errorf("a full disk is told as %v", err)
	}
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, databasetest.Dump(t, db)) {
		t.Error("the database changed")
	}
}
