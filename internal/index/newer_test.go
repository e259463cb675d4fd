package index_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"csbackup/internal/index"

	"github.com/ncruces/go-sqlite3"
)

func TestNewerVersionIsRefusedWithoutAWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	open(t, path).Close()
	c, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Exec("PRAGMA user_version=1000"), c.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open(path, index.Options{}); !errors.Is(err, index.ErrNewer) {
		t.Errorf("a newer index gives %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused index was changed (%v)", err)
	}
}
