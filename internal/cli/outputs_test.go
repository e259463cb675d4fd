package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/database/tdstest"
)

// exportedSample makes an mgc with the sample, its archive, and an empty mgc to import it into.
func exportedSample(t *testing.T) (dir, from, to, file string) {
	t.Helper()
	dir = t.TempDir()
	from, to, file = chatDatabase(t, filepath.Join(dir, "from.db")), "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "chat.zip")
	for _, args := range [][]string{{"chat", "export", "--db-instance", from, "--file-name", file}, {"chat", "create-database", "--db-instance", to}} {
		if got := run(t, args...); got.code != 0 {
			t.Fatalf("%v gives %+v", args, got)
		}
	}
	return dir, from, to, file
}

func write(t *testing.T, path, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func link(t *testing.T, old, path string) string {
	t.Helper()
	if err := os.Symlink(old, path); err != nil {
		t.Skip("skipped, as this system makes no links: " + err.Error())
	}
	return path
}

func TestAReportThatCannotBeWrittenIsToldBeforeAnythingIsChanged(t *testing.T) {
	dir, from, to, file := exportedSample(t)
	folder := filepath.Join(dir, "folder.html")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	places := []string{folder, link(t, write(t, filepath.Join(dir, "page.html"), "", 0o600), filepath.Join(dir, "link.html")), link(t, filepath.Join(dir, "nowhere"), filepath.Join(dir, "loose.html"))}
	if runtime.GOOS != "windows" {
		places = append(places, link(t, os.DevNull, filepath.Join(dir, "null.html")))
	}
	source := databasetest.Dump(t, databasetest.Open(t, strings.TrimPrefix(from, "sqlite:")))
	for _, place := range places {
		archive := filepath.Join(dir, "new.zip")
		for _, args := range [][]string{
			{"chat", "import", "--db-instance", to, "--file-name", file, "--report", place},
			{"chat", "export", "--db-instance", from, "--file-name", archive, "--disable-exported-nodes", "--report", place},
			{"chat", "export", "--db-instance", from, "--file-name", place, "--disable-exported-nodes"},
		} {
			if got := run(t, append(args, "--progress", "none")...); got.code != 1 || !strings.Contains(got.stderr, `"Id":"FileNotWritable"`) || got.stdout != "" {
				t.Errorf("%v gives %+v", args, got)
			}
		}
		if _, err := os.Lstat(archive); err == nil {
			t.Errorf("an archive was made, and its report had no place at %s", place)
		}
	}
	if n := len(databasetest.Dump(t, databasetest.Open(t, strings.TrimPrefix(to, "sqlite:")))); n != 0 {
		t.Errorf("%d tables have rows", n)
	}
	if !reflect.DeepEqual(source, databasetest.Dump(t, databasetest.Open(t, strings.TrimPrefix(from, "sqlite:")))) {
		t.Error("the source changed")
	}
}

// spoiler is a standard error that removes a folder with the first thing that is said: between the proof of the
// outputs and the end of the work.
type spoiler struct {
	bytes.Buffer
	folder string
}

func (s *spoiler) Write(b []byte) (int, error) {
	_ = os.RemoveAll(s.folder)
	return s.Buffer.Write(b)
}

func TestWhatFailsWhenTheWorkIsDoneMakesItPartlyDone(t *testing.T) {
	dir, from, to, file := exportedSample(t)
	gone := filepath.Join(dir, "gone")
	for _, args := range [][]string{
		{"chat", "import", "--db-instance", to, "--file-name", file, "--report", filepath.Join(gone, "r.html")},
		{"chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "new.zip"), "--report", filepath.Join(gone, "r.html")},
	} {
		if err := os.Mkdir(gone, 0o700); err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		stderr := &spoiler{folder: gone}
		code := Run(t.Context(), append(args, "--output", "json"), strings.NewReader(""), &stdout, stderr, func(string) string { return "" })
		if code != 3 || !strings.Contains(stdout.String(), `"Table":"tblChat"`) || !strings.Contains(stderr.String(), "but the report was not written") || !strings.Contains(stderr.String(), `"Id":"PartlyDone"`) {
			t.Errorf("%v: exit code %d, %s%s", args, code, &stdout, stderr)
		}
	}
	if n := len(databasetest.Dump(t, databasetest.Open(t, strings.TrimPrefix(to, "sqlite:")))["tblChat"]); n != databasetest.SampleMessages {
		t.Errorf("%d messages", n)
	}
	var stderr bytes.Buffer
	code := Run(t.Context(), []string{"chat", "import", "--db-instance", to, "--file-name", file, "--output", "json"}, strings.NewReader(""), broken{}, &stderr, func(string) string { return "" })
	if code != 3 || !strings.Contains(stderr.String(), "could not be shown") {
		t.Errorf("a result that cannot be shown: exit code %d, %s", code, &stderr)
	}
}

func TestTwoSpellingsOfOneFileAreRefused(t *testing.T) {
	dir, from, to, file := exportedSample(t)
	real := filepath.Join(dir, "real")
	if err := os.Mkdir(real, 0o700); err != nil {
		t.Fatal(err)
	}
	alias := link(t, real, filepath.Join(dir, "alias"))
	hard := filepath.Join(dir, "hard.html")
	if err := os.Link(file, hard); err != nil {
		t.Skip("skipped, as this system makes no hard links: " + err.Error())
	}
	inDatabase, linked := strings.TrimPrefix(from, "sqlite:"), link(t, strings.TrimPrefix(from, "sqlite:"), filepath.Join(dir, "linked.db"))
	export := []string{"chat", "export", "--db-instance", from}
	for _, args := range [][]string{
		append(export, "--file-name", filepath.Join(real, "out.zip"), "--report", filepath.Join(alias, "out.zip")),
		append(export, "--file-name", filepath.Join(real, "out.zip"), "--report", real+"/./out.zip"),
		append(export, "--file-name", inDatabase+"-wal"), append(export, "--file-name", inDatabase+"-journal"),
		append(export, "--file-name", filepath.Join(real, "out.zip"), "--report", inDatabase+"-shm"),
		append(export, "--file-name", file, "--report", hard),
		append(export, "--file-name", filepath.Join(real, "a.log"), "--log-file", filepath.Join(alias, "a.log")),
		{"chat", "export", "--db-instance", "sqlite:" + linked, "--file-name", inDatabase + "-wal"},
		{"chat", "import", "--db-instance", to, "--file-name", file, "--report", hard},
		{"chat", "import", "--db-instance", to, "--file-name", strings.TrimPrefix(to, "sqlite:")},
	} {
		if got := run(t, append(args, "--force", "--progress", "none")...); got.code != 2 || !strings.Contains(got.stderr, "cannot be the same file") {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}

func TestOnlyAnEarlierOutputIsReplaced(t *testing.T) {
	dir, from, to, file := exportedSample(t)
	script := write(t, filepath.Join(dir, "run.html"), "#!/bin/sh\necho hello\n", 0o755)
	empty := write(t, filepath.Join(dir, "empty"), "", 0o644)
	page, result := filepath.Join(dir, "page.html"), filepath.Join(dir, "result.json")
	data := write(t, filepath.Join(dir, "data.json"), `{"name":"something else"}`, 0o644)
	export := func(args ...string) []string {
		return append([]string{"chat", "export", "--db-instance", from}, args...)
	}
	for _, one := range []struct {
		args []string
		code int
	}{
		{export("--file-name", script), 5},
		{export("--file-name", filepath.Join(dir, "new.zip"), "--report", script), 5},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--report", script}, 5},
		{export("--file-name", file, "--report", page), 0},
		{export("--file-name", file, "--report", page), 0}, // both are earlier outputs now
		{export("--file-name", page), 5},
		{export("--file-name", file, "--report", result), 0},
		{export("--file-name", file, "--report", result), 0},
		{export("--file-name", file, "--report", data), 5},
		{export("--file-name", empty), 0},
	} {
		got := run(t, append(one.args, "--progress", "none")...)
		if got.code != one.code || one.code == 5 && (!strings.Contains(got.stderr, `"Id":"FileExists"`) || !strings.Contains(got.stderr, "--force")) {
			t.Errorf("%v gives %+v", one.args, got)
		}
	}
	if content, err := os.ReadFile(script); err != nil || !strings.HasPrefix(string(content), "#!/bin/sh") {
		t.Errorf("the script was replaced: %.40q, %v", content, err)
	}
	if got := run(t, export("--file-name", script, "--force")...); got.code != 0 {
		t.Errorf("with --force: %+v", got)
	}
}

func TestACommitOfUnknownOutcomeIsLookedInto(t *testing.T) {
	dir, _, _, file := exportedSample(t)
	for _, one := range []struct {
		action tdstest.Action
		code   int
		says   string // in the report
	}{
		{tdstest.Action{CutDone: true}, 0, "The archive is in the database."},
		{tdstest.Action{Cut: true}, 6, "It is not known whether all was written or nothing."},
		{tdstest.Action{Error: 1105}, 1, "Nothing was changed."},
	} {
		s := tdstest.Start(t, tdstest.Options{})
		lookup := func(name string) string {
			return map[string]string{"CSBACKUP_SQL_USER": "sa", "CSBACKUP_SQL_PASSWORD": "secret"}[name]
		}
		page := filepath.Join(dir, "report.html")
		do := func(args ...string) outcome {
			var stdout, stderr bytes.Buffer
			args = append(args, "--db-instance", fmt.Sprintf("%s,%d", s.Host, s.Port), "--encrypt", "false", "--output", "json")
			return outcome{Run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, lookup), stdout.String(), stderr.String()}
		}
		if got := do("chat", "create-database"); got.code != 0 {
			t.Fatalf("got %+v", got)
		}
		s.Intercept(func(r tdstest.Request) tdstest.Action {
			if r.Kind == tdstest.Commit {
				return one.action
			}
			return tdstest.Action{}
		})
		got := do("chat", "import", "--file-name", file, "--report", page)
		content, err := os.ReadFile(page)
		if got.code != one.code || err != nil || !strings.Contains(string(content), one.says) || strings.Contains(string(content), "Nothing was changed") != (one.code == 1) {
			t.Errorf("%+v gives %+v, %v, and a report without %q", one.action, got, err, one.says)
		}
		if one.code == 6 && (!strings.Contains(got.stderr, `"Id":"DatabaseOutcomeUnknown"`) || !strings.Contains(got.stderr, "--what-if")) {
			t.Errorf("it is not said how to find out: %s", got.stderr)
		}
	}
}
