package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/database/databasetest"
)

// loose makes an mgc with the sample whose tables have no keys and references, and runs statements on it.
func loose(t *testing.T, path string, statements ...string) string {
	t.Helper()
	instance := chatDatabase(t, path)
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(sql string) {
		if err := db.Exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("PRAGMA foreign_keys=OFF")
	prepared, _, err := db.Prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for prepared.Step() {
		names = append(names, prepared.ColumnText(0))
	}
	if err := prepared.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		run("CREATE TABLE loose AS SELECT * FROM " + name)
		run("DROP TABLE " + name)
		run("ALTER TABLE loose RENAME TO " + name)
	}
	for _, sql := range statements {
		run(sql)
	}
	return instance
}

func TestWhatAProofWouldRefuseAnExportRefusesWithTheRow(t *testing.T) {
	guid := databasetest.GUID
	for name, one := range map[string]struct {
		sql  string
		id   string
		says []string
	}{
		"nodeGuid":        {fmt.Sprintf("UPDATE tblNode SET nodeGuid = '%s' WHERE nodeID = 11", guid(2, 10)), "DatabaseKeyTwice", []string{guid(2, 10), "nodeID 10 and 11"}},
		"nodeID":          {"UPDATE tblNode SET nodeID = 10 WHERE nodeID = 11", "DatabaseKeyTwice", []string{"nodeID 10"}},
		"prinGuid":        {fmt.Sprintf("UPDATE tblPrincipal SET prinGuid = '%s' WHERE prinID = 3", guid(1, 2)), "DatabaseKeyTwice", []string{guid(1, 2), "prinID 2 and 3"}},
		"prinID":          {"UPDATE tblPrincipal SET prinID = 2 WHERE prinID = 3", "DatabaseKeyTwice", []string{"prinID 2"}},
		"prefLabel":       {"UPDATE tblPreference SET prefSeqID = 1", "DatabaseKeyTwice", []string{"anna.colours", "prefSeqID 1"}},
		"configLabel":     {"INSERT INTO tblConfig SELECT * FROM tblConfig", "DatabaseKeyTwice", []string{"configLabel", "pool"}},
		"siopID":          {"INSERT INTO tblSiopWhiteList SELECT * FROM tblSiopWhiteList", "DatabaseKeyTwice", []string{"siopID", guid(3, 1)}},
		"chatId":          {"UPDATE tblChat SET chatId = 7 WHERE chatId = 8 AND channelId = 11", "DatabaseKeyTwice", []string{"channelId 11, chatId 7"}},
		"a scope":         {"INSERT INTO tblScopePrincipal SELECT * FROM tblScopePrincipal WHERE scopeNodeID = 3", "DatabaseKeyTwice", []string{"scopeNodeID 3, scopePrinID 9"}},
		"a role type":     {"INSERT INTO tblRoleType SELECT * FROM tblRoleType WHERE rtypeID = 2", "DatabaseKeyTwice", []string{"rtypeID 2"}},
		"a text":          {"UPDATE tblChat SET chatDate = 'yesterday' WHERE channelId = 11 AND chatId = 5", "DatabaseValueUnfit", []string{"channelId 11, chatId 5", "chatDate"}},
		"a bit":           {"UPDATE tblNode SET disabled = 7 WHERE nodeID = 12", "DatabaseValueUnfit", []string{"nodeID 12", "disabled"}},
		"a missing value": {"UPDATE tblPrincipal SET prinUri = NULL WHERE prinID = 4", "DatabaseValueUnfit", []string{"prinID 4", "prinUri"}},
		"a long name":     {"UPDATE tblSiopWhiteList SET siopName = printf('%.60c', 'x')", "DatabaseValueUnfit", []string{guid(3, 1), "siopName"}},
		"no UTF-8":        {"UPDATE tblChat SET content = CAST(X'ff' AS TEXT) WHERE channelId = 12 AND chatId = 2", "DatabaseValueUnfit", []string{"channelId 12, chatId 2", "content"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, file := loose(t, filepath.Join(dir, "from.db"), one.sql), filepath.Join(dir, "chat.zip")
			got := run(t, "chat", "export", "--db-instance", from, "--file-name", file, "--progress", "none")
			if got.code != 1 || !strings.Contains(got.stderr, `"Id":"`+one.id+`"`) {
				t.Errorf("got %+v", got)
			}
			for _, text := range one.says {
				if !strings.Contains(got.stderr, text) {
					t.Errorf("it is not told of %s: %s", text, got.stderr)
				}
			}
			if _, err := os.Stat(file); err == nil {
				t.Error("an archive was made")
			}
		})
	}
}

func TestAMisplacedPageIsADamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "from.db")
	from := chatDatabase(t, path)
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO tblChat SELECT 10, i, i, 2, 0, printf('message %d %.100c', i, 'x'), NULL FROM n",
		"PRAGMA wal_checkpoint(TRUNCATE)",
	} {
		if err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const size = 16384
	one, other := bytes.Index(content, []byte("message 500 "))/size*size, bytes.Index(content, []byte("message 1200 "))/size*size
	if one <= 0 || other <= 0 || one == other {
		t.Fatalf("the messages stand in the pages at %d and %d", one, other)
	}
	page := bytes.Clone(content[one : one+size])
	copy(content[one:], content[other:other+size])
	copy(content[other:], page)
	write(t, path, string(content), 0o600)
	got := run(t, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "chat.zip"), "--progress", "none")
	if got.code != 1 || !strings.Contains(got.stderr, `"Id":"DatabaseDamaged"`) || !strings.Contains(got.stderr, "channelId 10, chatId ") {
		t.Errorf("got %+v", got)
	}
}

// What a source without keys and references may hold, and what becomes of it: the dry run and the real one say the same.
func TestADryRunPromisesWhatTheRealRunDoes(t *testing.T) {
	guid := databasetest.GUID
	for name, one := range map[string]struct {
		sql  string
		code int
		id   string
		says []string
	}{
		"a type":          {"DELETE FROM tblPrincipalType WHERE ptypeID = 9", 1, "ImportMissing", []string{"tblPrincipalType number 9", "principal ma-grp:"}},
		"an add-in":       {"DELETE FROM tblSiopWhiteList", 1, "ImportMissing", []string{"add-in " + guid(3, 1), "Alpha"}},
		"a setting":       {"DELETE FROM tblEnumValue WHERE valueID = 2", 1, "ImportMissing", []string{"tblEnumValue number 2", "Quiet"}},
		"an attribute":    {"DELETE FROM tblEnumAttribute WHERE attributeID = 1", 1, "ImportMissing", []string{"tblEnumAttribute number 1"}},
		"a role":          {"DELETE FROM tblRoleType WHERE rtypeID = 1", 1, "ImportMissing", []string{"tblRoleType number 1", "tblPrincipalRole"}},
		"a category":      {"DELETE FROM tblNode WHERE nodeID = 3", 3, "PartlyDone", []string{"nodeID 12", "The messages of", "prinRoleNodeID 12"}},
		"an upper one":    {"INSERT INTO tblNode SELECT 30, '" + guid(2, 30) + "', 99, 1, 'Lost', '', 1, 1, 1, 0, 4, 6, NULL, 2, 1, 2, 1, NULL; UPDATE tblNode SET parentID = 30 WHERE nodeID = 2", 3, "PartlyDone", []string{"nodeID 30", "nodeID 2", "nodeID 10", "nodeID 11"}},
		"a room's member": {"DELETE FROM tblPrincipal WHERE prinID = 9", 3, "PartlyDone", []string{"prinRolePrinID 9", "scopePrinID 9"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to, file := loose(t, filepath.Join(dir, "from.db"), one.sql), "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "chat.zip")
			for _, args := range [][]string{{"chat", "export", "--db-instance", from, "--file-name", file}, {"chat", "verify", file}, {"chat", "create-database", "--db-instance", to}} {
				if got := run(t, args...); got.code != 0 {
					t.Fatalf("%v gives %+v", args, got)
				}
			}
			args := []string{"chat", "import", "--db-instance", to, "--file-name", file, "--progress", "none"}
			plan, done := run(t, append(args, "--what-if")...), run(t, args...)
			for _, got := range []outcome{plan, done} {
				if got.code != one.code || !strings.Contains(got.stderr, `"Id":"`+one.id+`"`) {
					t.Errorf("got %+v", got)
				}
				for _, text := range one.says {
					if !strings.Contains(got.stderr, text) {
						t.Errorf("it is not told of %s: %s", text, got.stderr)
					}
				}
			}
			if again := run(t, args...); again.code != one.code {
				t.Errorf("the second time: %+v", again)
			}
		})
	}
}
