package index

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// An index of the first version is brought to this one as a whole: what it knows stays, and it takes what is new.
func TestP25_AnOlderIndexIsBroughtToThisVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	connection, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := connection.EnableChecksums("main"); err != nil {
		t.Fatal(err)
	}
	err = connection.Exec(fmt.Sprintf(`PRAGMA application_id=%d; PRAGMA user_version=1; %s INSERT INTO meta VALUES('replica', x'0000000000000007');
INSERT INTO item VALUES(CAST('r' AS BLOB), CAST('f' AS BLOB), 1, 5, 6, zeroblob(32), x'', 9, 0, 0, 0, 0);
INSERT INTO pending VALUES(CAST('r/p' AS BLOB), 'held', 3, 2); INSERT INTO meta VALUES('head', CAST('9' AS BLOB))`, applicationID, schema))
	if err != nil {
		t.Fatal(err)
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		x, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		it, ok, err := x.Get("r/f")
		pending, _, pendingErr := x.PendingAt("r/p")
		version, versionErr := x.number("PRAGMA user_version")
		if err != nil || !ok || it.Size != 5 || it.Sequence != 9 || x.Replica() != 7 || x.Head() != 9 || pendingErr != nil || pending.Attempts != 2 ||
			versionErr != nil || version != schemaVersion {
			t.Errorf("%+v, %v, %v; %+v, %v; version %d, %v", it, ok, err, pending, pendingErr, version, versionErr)
		}
		if older, fresh := objects(t, x), objects(t, openNew(t)); !slices.Equal(older, fresh) {
			t.Errorf("it has %q, and a new one has %q", older, fresh)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func openNew(t *testing.T) *Index {
	t.Helper()
	x, err := Open(filepath.Join(t.TempDir(), "new.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// objects lists the tables, their columns and the indexes.
func objects(t *testing.T, x *Index) (names []string) {
	t.Helper()
	err := x.query("SELECT s.type || ' ' || s.name || ' ' || coalesce(c.name, '') FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c ORDER BY 1", nil, func(stmt *sqlite3.Stmt) error {
		names = append(names, stmt.ColumnText(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
