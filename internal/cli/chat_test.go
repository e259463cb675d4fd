package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
)

// chatDatabase makes an mgc with the sample and gives its --db-instance.
func chatDatabase(t *testing.T, path string) string {
	t.Helper()
	db := databasetest.Open(t, path)
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	databasetest.Sample(t, db)
	return "sqlite:" + path
}

// feed is run with standard input.
func feed(t *testing.T, stdin []byte, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Run(context.Background(), args, bytes.NewReader(stdin), &stdout, &stderr, func(string) string { return "" })
	return outcome{code, stdout.String(), stderr.String()}
}

func TestChatFromOneDatabaseToAnother(t *testing.T) {
	dir := t.TempDir()
	from, to, file := chatDatabase(t, filepath.Join(dir, "from.db")), "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "chat.zip")
	for _, step := range []struct {
		args []string
		want []string // in what is printed
	}{
		{[]string{"chat", "export", "--db-instance", from, "--file-name", file, "--report", filepath.Join(dir, "export.html")}, []string{"one read transaction of SQLite", "tblChat", " 60"}},
		{[]string{"chat", "verify", file}, []string{"whole: every sum", "Messages", "60", "tables/tblNode.jsonl"}},
		{[]string{"chat", "show", file}, []string{"Alpha", "Quiet", "2018-01-31 00:00:00 UTC"}},
		{[]string{"chat", "show", file, "--room", "alpha", "--limit", "20"}, []string{"sip:bob@example.test", "Message 18 of room 10"}},
		{[]string{"chat", "create-database", "--db-instance", to}, []string{"mgc"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if"}, []string{"would be imported; nothing was changed"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--report", filepath.Join(dir, "import.html")}, []string{"imported", "tblChat"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if"}, []string{"nothing to do"}},
	} {
		got := run(t, append(step.args, "--output", "table")...)
		if got.code != 0 {
			t.Fatalf("%v gives %+v", step.args, got)
		}
		for _, text := range step.want {
			if !strings.Contains(got.stdout, text) {
				t.Errorf("%v prints no %q:\n%s", step.args, text, got.stdout)
			}
		}
	}
	one, two := databasetest.Dump(t, databasetest.Open(t, filepath.Join(dir, "from.db"))), databasetest.Dump(t, databasetest.Open(t, filepath.Join(dir, "to.db")))
	for _, name := range []string{"tblChat", "tblNode", "tblPrincipal", "tblPrincipalRole"} {
		if !reflect.DeepEqual(one[name], two[name]) || len(one[name]) == 0 {
			t.Errorf("%s differs", name)
		}
	}
	for _, name := range []string{"export.html", "import.html"} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(page, []byte("tblChat")) {
			t.Errorf("the report %s says %.100q, %v", name, page, err)
		}
	}
}
