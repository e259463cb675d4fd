package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/database/databasetest"
)

func TestAScopeTakesTheCategoryOfExactlyThatNameOrSaysWhichOne(t *testing.T) {
	dir := t.TempDir()
	category := func(n, name string) string {
		return "INSERT INTO tblNode SELECT " + n + ", '" + databasetest.GUID(2, 100) + n + "', 1, 1, '" + name + "', '', 1, 1, 1, 0, 4, 6, NULL, 2, 1, 2, 1, NULL"
	}
	from := loose(t, filepath.Join(dir, "from.db"), strings.ReplaceAll(strings.Join([]string{
		category("21", "Sales"), category("22", "Sales "), category("23", "Sales, north"), category("24", " Sales"), category("25", "Support "),
	}, ";"), databasetest.GUID(2, 100), databasetest.GUID(2, 100)[:34]))
	for _, one := range []struct {
		scope string
		code  int
		names string // in the result
		says  string
	}{
		{"Sales", 0, `[{"guid":"` + databasetest.GUID(2, 100)[:34] + `21","name":"Sales"}]`, ""},
		{"Sales ", 0, `"name":"Sales "}]`, ""},
		{" Sales", 0, `"name":" Sales"}]`, ""},
		{"Sales, north", 0, `[{"guid":"` + databasetest.GUID(2, 100)[:34] + `23","name":"Sales, north"}]`, ""},
		{"Sales ,Projects", 0, `"name":"Sales "}]`, ""},
		{"Sales, Projects", 0, `"name":"Projects"},{"guid":"` + databasetest.GUID(2, 100)[:34] + `21","name":"Sales"}]`, ""},
		{"SALES", 4, "", `\"Sales\", \"Sales \"`},
		{"Sales  ", 4, "", "Write the name exactly"},
		{"support", 0, `"name":"Support "}]`, `There is no category "support"; "Support " was taken for it`},
		{"PROJECTS  ", 0, `"name":"Projects"}]`, `"Projects" was taken for it`},
	} {
		got := run(t, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "a.zip"), "--scope", one.scope, "--progress", "none", "--output", "json")
		if got.code != one.code || !strings.Contains(got.stdout, one.names) || !strings.Contains(got.stderr, one.says) || one.says == "" && strings.Contains(got.stderr, "taken") {
			t.Errorf("--scope %q gives %+v", one.scope, got)
		}
	}
}
