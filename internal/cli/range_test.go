package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/database/databasetest"
)

func TestEveryTimeAndTextOfTheSchemaHasAForm(t *testing.T) {
	dir := t.TempDir()
	from, to, file := loose(t, filepath.Join(dir, "from.db"),
		fmt.Sprintf("INSERT INTO tblChat SELECT 11, 100, %d, 2, 0, CAST(X'61eda0bd62' AS TEXT), NULL", int64(math.MaxInt64)),
		fmt.Sprintf("INSERT INTO tblChat SELECT 11, 101, %d, 2, 0, 'the past', NULL", int64(math.MinInt64)),
		fmt.Sprintf("INSERT INTO tblChat SELECT 11, %d, 3155378975999999999, 2, 0, 'the last date', NULL", int64(math.MaxInt64)),
		"UPDATE tblChat SET chatDate = -1 WHERE channelId = 12",
		fmt.Sprintf("UPDATE tblNode SET nodeUpdatedOn = %d, nodeAddedOn = %d, nodeName = CAST(X'edb080' AS TEXT) WHERE nodeID = 12", int64(math.MaxInt64), int64(math.MinInt64)),
		fmt.Sprintf("UPDATE tblPrincipal SET prinUpdatedOn = %d, prinVerifiedOn = '9999-12-31 23:59:59.9970000'", int64(math.MaxInt64)),
	), "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "chat.zip")
	page := filepath.Join(dir, "page.html")
	for _, args := range [][]string{
		{"chat", "export", "--db-instance", from, "--file-name", file, "--report", page}, {"chat", "verify", file}, {"chat", "show", file}, {"chat", "show", file, "--room", "Quiet"},
		{"chat", "create-database", "--db-instance", to}, {"chat", "import", "--db-instance", to, "--file-name", file, "--what-if", "--report", page},
		{"chat", "import", "--db-instance", to, "--file-name", file, "--report", page}, {"chat", "categories", "--db-instance", to},
	} {
		for _, form := range []string{"json", "table", "events"} {
			got := run(t, append(args, "--output", form)...)
			if strings.Contains(got.stderr, `"Id":"DatabaseTablesExist"`) || strings.Contains(got.stdout, `"Id":"DatabaseTablesExist"`) || strings.Contains(got.stderr, "(DatabaseTablesExist)") {
				continue // it was made for the form before
			}
			if got.code != 0 {
				t.Errorf("%v as %s gives %+v", args, form, got)
			}
			for line := range strings.Lines(got.stdout) {
				if form != "table" && !json.Valid([]byte(line)) {
					t.Errorf("%v as %s gives %q", args, form, line)
				}
			}
		}
	}
	shown := run(t, "chat", "show", file, "--room", "Quiet", "--output", "json").stdout
	for _, want := range []string{
		`"Time":null,"Ticks":9223372036854775807,"Author":"sip:anna@example.test","Alert":false,"Text":"a\ud83db"}`,
		`"Time":null,"Ticks":-9223372036854775808,`, `"ChatId":9223372036854775807,"Time":"9999-12-31T23:59:59.9999999Z"`,
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not in %s", want, shown)
		}
	}
	if rooms := run(t, "chat", "show", file, "--output", "json").stdout; !strings.Contains(rooms, `{"Name":"\udc00","Guid":"`+databasetest.GUID(2, 12)) {
		t.Errorf("got %s", rooms)
	}
	if table := run(t, "chat", "show", file, "--room", "Quiet", "--output", "table").stdout; !strings.Contains(table, "29228-") || !strings.Contains(table, "-9223372036854775808 ticks") {
		t.Errorf("got %s", table)
	}
}
