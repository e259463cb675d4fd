package chatdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/database/databasetest"
)

const short = "red\t1507466702\tanna\thow\\tdo {you} do\\\\\\nfine\n" +
	"red\t1507466884\tBOB\t\U0001F600\n" +
	"blue\t1507482163\tanna\t\n"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.tsv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestALogBecomesADatabase(t *testing.T) {
	data, err := Read(write(t, short))
	if err != nil {
		t.Fatal(err)
	}
	db := databasetest.New(t)
	copies := int64(0)
	if err := data.Load(t.Context(), db, 2, func(int64) { copies++ }); err != nil {
		t.Fatal(err)
	}
	dump := databasetest.Dump(t, db)
	if copies != 2 || len(dump["tblChat"]) != 6 || len(dump["tblPrincipal"]) != 4 || len(dump["tblLastChatId"]) != 4 || len(dump["tblNode"]) != 9 {
		t.Errorf("%d copies, %d messages, %d principals, %d counters, %d nodes", copies, len(dump["tblChat"]), len(dump["tblPrincipal"]), len(dump["tblLastChatId"]), len(dump["tblNode"]))
	}
	if first := dump["tblChat"][0]; first[5] != "how\tdo {you} do\\\nfine" || first[2] != int64(636430635020000000) {
		t.Errorf("got %q", first)
	}
	if got := RTF("{\t\U0001F600é\n"); !strings.Contains(got, `\{\tab \u-10179?\u-8704?\u233?\par`) {
		t.Errorf("got %q", got)
	}
}

func TestALogThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"no tabs\n", "a\tyesterday\tb\tc\n", "a\t1\tb\n"} {
		if _, err := Read(write(t, text)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
