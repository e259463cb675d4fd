package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/database"
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
		{[]string{"chat", "categories", "--db-instance", from}, []string{"Category", "Projects"}},
		{[]string{"chat", "export", "--db-instance", from, "--file-name", file, "--report", filepath.Join(dir, "export.html")}, []string{"one read transaction of SQLite", "tblChat", " 60"}},
		{[]string{"chat", "verify", file}, []string{"whole: every sum", "Messages", "60", "tables/tblNode.jsonl"}},
		{[]string{"chat", "show", file}, []string{"Alpha", "Quiet", "2018-01-31 00:00:00 UTC"}},
		{[]string{"chat", "show", file, "--room", "alpha", "--limit", "20"}, []string{"sip:bob@example.test", "Message 18 of room 10"}},
		{[]string{"chat", "create-database", "--db-instance", to}, []string{"mgc"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if"}, []string{"would be imported; nothing was changed"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--report", filepath.Join(dir, "import.html")}, []string{"imported", "tblChat"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if"}, []string{"nothing to do"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if", "--replace"}, []string{"would be imported; nothing was changed", "Removed first"}},
		{[]string{"chat", "import", "--db-instance", to, "--file-name", file, "--replace"}, []string{"imported", "Removed first", " 60"}},
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

func TestWhatIsWrongWithAChatCommandIsSaid(t *testing.T) {
	dir := t.TempDir()
	from, file := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "chat.zip")
	if got := run(t, "chat", "export", "--db-instance", from, "--file-name", file); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bent := bytes.Clone(whole)
	bent[len(bent)/3] ^= 1
	plain, damaged, cut := write("plain.txt", []byte("hello")), write("bent.zip", bent), write("cut.zip", whole[:len(whole)/2])
	foreign := write("foreign.zip", append([]byte("PK\x05\x06"), make([]byte, 18)...))
	other := "sqlite:" + write("other.db", nil)
	export := func(args ...string) []string {
		return append([]string{"chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "new.zip")}, args...)
	}
	for _, one := range []struct {
		args []string
		code int
		id   string
		says string // in the message or the hint
	}{
		{[]string{"chat", "export", "--db-instance", from}, 2, "InvalidUsage", "--as-bytes"},
		{export("--as-bytes"), 2, "InvalidUsage", "not both"},
		{[]string{"chat", "export", "--file-name", file}, 2, "InvalidUsage", "--db-instance"},
		{export("--level", "Rooms"), 2, "InvalidUsage", "RoomDirectory"},
		{export("--start-date", "31/1/2018"), 2, "DateInvalid", "1/31/2018"},
		{export("--start-date", "2018-01-31", "--level", "user"), 2, "InvalidUsage", "--start-date"},
		{export("--start-date", "2018-01-31", "--level", "Category"), 2, "InvalidUsage", "--start-date"},
		{export("--disable-exported-nodes", "--level", "Category"), 2, "InvalidUsage", "exports none"},
		{export("--file-store", dir, "--level", "RoomDirectory"), 2, "InvalidUsage", "--file-store"},
		{[]string{"chat", "export", "--db-instance", from, "--as-bytes", "--disable-exported-nodes"}, 2, "InvalidUsage", "--file-name"},
		{export("--scope", "Projekts"), 4, "ScopeNotFound", `Did you mean \"Projects\"? There are: B\u00fcro \u65e5\u672c, Projects.`},
		{export("--scope", "Projects,Elsewhere"), 4, "ScopeNotFound", "Elsewhere"},
		{export("--scope", "Alpha"), 4, "ScopeNotFound", `category that it is in: \"Projects\"`},
		{export("--scope", " , "), 2, "InvalidUsage", "--scope"},
		{export("--file-store", filepath.Join(dir, "nothing")), 4, "FileNotFound", "PersistentChat"},
		{export("--report", filepath.Join(dir, "report.pdf")), 2, "InvalidUsage", "ends in .html for a page, or in .json"},
		{export("--report", filepath.Join(dir, "report")), 2, "InvalidUsage", "in which form it is to be: report"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", file, "--report", filepath.Join(dir, "report.zip")}, 2, "InvalidUsage", "ends in .html"},
		{export("--report", filepath.Join(dir, "nothing", "r.html")), 4, "FileNotFound", "Make the folder"},
		{[]string{"chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "nothing", "a.zip")}, 4, "FileNotFound", "Make the folder"},
		{[]string{"chat", "export", "--db-instance", from, "--file-name", dir}, 1, "FileNotWritable", "Name a file"},
		{[]string{"chat", "export", "--db-instance", other, "--file-name", file}, 1, "DatabaseNotPersistentChat", "mgc"},
		{[]string{"chat", "export", "--db-instance", "sqlite:" + plain, "--file-name", file}, 1, "DatabaseNotPersistentChat", "create-database"},
		{[]string{"chat", "export", "--db-instance", "sqlite:" + filepath.Join(dir, "nothing.db"), "--file-name", file}, 4, "DatabaseNotFound", "create-database"},
		{[]string{"chat", "export", "--db-instance", from, "--db-name", "mgccomp", "--file-name", file}, 1, "DatabaseNotPersistentChat", "--db-name"},
		{[]string{"chat", "export", "--db-instance", from, "--db-name", "mgcomp", "--file-name", file}, 2, "InvalidUsage", "mgccomp"},
		{[]string{"chat", "export", "--db-instance", from, "--file-name", strings.TrimPrefix(from, "sqlite:")}, 2, "InvalidUsage", "archive and the database cannot be the same file"},
		{export("--report", strings.TrimPrefix(from, "sqlite:")), 2, "InvalidUsage", "report and the database cannot be the same file"},
		{export("--report", filepath.Join(dir, ".", "new.zip")), 2, "InvalidUsage", "report and the archive cannot be the same file"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", file, "--report", file}, 2, "InvalidUsage", "report and the archive cannot be the same file"},
		{export("--start-date", ""), 2, "InvalidUsage", "leave it out"},
		{[]string{"chat", "export", "--db-instance", `sql1\`, "--file-name", file}, 2, "InvalidUsage", "server,port"},
		{[]string{"chat", "export", "--db-instance", "127.0.0.1,1", "--file-name", file}, 6, "DatabaseUnreachable", "server,port"},
		{[]string{"chat", "export", "--db-instance", from, "--as-bytes", "--disable-exported-nodes", "--start-date", "x"}, 2, "InvalidUsage", "--file-name"},
		{[]string{"chat", "import", "--db-instance", from}, 2, "InvalidUsage", "--byte-input"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", file, "--byte-input"}, 2, "InvalidUsage", "not both"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", plain}, 7, "ArchiveForeign", "chat export"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", foreign}, 7, "ArchiveForeign", "chat export"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", damaged}, 7, "ArchiveDamaged", "another copy"},
		{[]string{"chat", "import", "--db-instance", from, "--byte-input"}, 7, "ArchiveForeign", "chat export"},
		{[]string{"chat", "import", "--db-instance", from, "--file-name", filepath.Join(dir, "nothing.zip")}, 4, "FileNotFound", "path"},
		{[]string{"chat", "verify", damaged}, 7, "ArchiveDamaged", "another copy"},
		{[]string{"chat", "verify", cut}, 7, "Archive", "archive"},
		{[]string{"chat", "verify", dir}, 7, "ArchiveForeign", "no file"},
		{[]string{"chat", "verify"}, 2, "InvalidUsage", "--help"},
		{[]string{"chat", "show", file, "--room", "Alpa"}, 4, "RoomNotFound", `Did you mean \"Alpha\"?`},
		{[]string{"chat", "show", file, "--limit", "-1"}, 2, "ValueOutOfRange", "0 for all"},
		{[]string{"chat", "create-database", "--db-instance", from}, 5, "DatabaseTablesExist", "Name another"},
	} {
		t.Run(strings.Join(one.args, " "), func(t *testing.T) {
			before, _ := os.ReadFile(file)
			got := run(t, append(one.args, "--progress", "none")...)
			if got.code != one.code || got.stdout != "" || !strings.Contains(got.stderr, `"Id":"`+one.id) || !strings.Contains(got.stderr, one.says) || !strings.Contains(got.stderr, `"Hint":"`) {
				t.Errorf("want exit code %d, %s and %q, got %+v", one.code, one.id, one.says, got)
			}
			if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
				t.Error("the archive that was there changed")
			}
			if _, err := os.Stat(filepath.Join(dir, "new.zip")); err == nil {
				t.Error("an archive was left behind")
			}
		})
	}
}

func TestACancelledChatCommandLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	from, file := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "chat.zip")
	if got := run(t, "chat", "export", "--db-instance", from, "--file-name", file); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	to := filepath.Join(dir, "to.db")
	run(t, "chat", "create-database", "--db-instance", "sqlite:"+to)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "new.zip")}, {"chat", "verify", file},
		{"chat", "import", "--db-instance", "sqlite:" + to, "--file-name", file}, {"chat", "show", file},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(ctx, append(args, "--output", "json"), strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
		if code != 130 || stdout.Len() > 0 || !strings.Contains(stderr.String(), `"Id":"Cancelled"`) {
			t.Errorf("%v: exit code %d, %s%s", args, code, &stdout, &stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new.zip")); err == nil {
		t.Error("an archive was left behind")
	}
	if dump := databasetest.Dump(t, databasetest.Open(t, to)); len(dump) != 0 {
		t.Errorf("%d tables have rows", len(dump))
	}
}

// A script counts what is in a list, also where nothing is.
func TestAListWithoutEntriesIsAList(t *testing.T) {
	dir := t.TempDir()
	db, file := "sqlite:"+filepath.Join(dir, "empty.db"), filepath.Join(dir, "empty.zip")
	run(t, "chat", "create-database", "--db-instance", db)
	for _, args := range [][]string{
		{"chat", "export", "--db-instance", db, "--file-name", file}, {"chat", "verify", file}, {"chat", "import", "--db-instance", db, "--file-name", file},
	} {
		got := run(t, append(args, "--output", "json")...)
		if got.code != 0 || !strings.Contains(got.stdout, `"Tables":[]`) && !strings.Contains(got.stdout, `"Members":[]`) {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}

func TestEventsAndBytesDoNotMix(t *testing.T) {
	from := chatDatabase(t, filepath.Join(t.TempDir(), "from.db"))
	got := run(t, "chat", "export", "--db-instance", from, "--as-bytes", "--output", "events")
	if got.code != 2 || strings.Contains(got.stdout, "PK") {
		t.Errorf("got %+v", got)
	}
}

// broken is a standard output that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestAnArchiveThatStandardOutputDoesNotTakeIsSaidToBeNone(t *testing.T) {
	from := chatDatabase(t, filepath.Join(t.TempDir(), "from.db"))
	var stderr bytes.Buffer
	nothing := func(string) string { return "" }
	code := Run(t.Context(), []string{"chat", "export", "--db-instance", from, "--as-bytes", "--output", "json"}, strings.NewReader(""), broken{}, &stderr, nothing)
	if code != 1 || !strings.Contains(stderr.String(), "what came is no archive") || !strings.Contains(stderr.String(), `"Id":"FileNotWritable"`) {
		t.Errorf("exit code %d, %s", code, stderr.String())
	}
}

func TestAnArchiveTravelsAsBytes(t *testing.T) {
	dir := t.TempDir()
	from, to := chatDatabase(t, filepath.Join(dir, "from.db")), "sqlite:"+filepath.Join(dir, "to.db")
	archive := run(t, "chat", "export", "--db-instance", from, "--as-bytes", "--progress", "none")
	if archive.code != 0 || !strings.HasPrefix(archive.stdout, "PK") || archive.stderr != "" {
		t.Fatalf("exit code %d, %.20q, %s", archive.code, archive.stdout, archive.stderr)
	}
	feed(t, nil, "chat", "create-database", "--db-instance", to)
	got := feed(t, []byte(archive.stdout), "chat", "import", "--db-instance", to, "--byte-input", "--output", "json")
	if got.code != 0 || !strings.Contains(got.stdout, `{"Table":"tblChat","Rows":60,"Added":60`) {
		t.Errorf("got %+v", got)
	}
}

func TestAComplianceDatabaseTravelsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "from.db")
	db := databasetest.Open(t, path)
	if err := db.CreateSchema(t.Context(), schema.Compliance); err != nil {
		t.Fatal(err)
	}
	databasetest.Write(t, db, func(_ context.Context, w database.Writer) {
		databasetest.Fill(t, w, "tblComplianceData", [][]any{{int64(7), "2018-01-31 10:00:00", int64(1), int64(5), "ma-chan://a", nil, int64(3), "sip:a", "<x/>"}})
		databasetest.Fill(t, w, "tblComplianceFanout", [][]any{{int64(7), nil}, {int64(7), nil}})
	})
	file, to := filepath.Join(dir, "c.zip"), "sqlite:"+filepath.Join(dir, "to.db")
	for _, args := range [][]string{
		{"chat", "export", "--db-instance", "sqlite:" + path, "--db-name", "mgccomp", "--file-name", file},
		{"chat", "create-database", "--db-instance", to, "--db-name", "mgccomp"},
		{"chat", "import", "--db-instance", to, "--db-name", "mgccomp", "--file-name", file},
	} {
		if got := run(t, args...); got.code != 0 {
			t.Fatalf("%v gives %+v", args, got)
		}
	}
	if want, got := databasetest.Dump(t, db), databasetest.Dump(t, databasetest.Open(t, filepath.Join(dir, "to.db"))); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	databasetest.Write(t, db, func(ctx context.Context, w database.Writer) {
		if _, err := w.Update(ctx, "tblComplianceData", map[string]any{"cmplMessage": "another"}, nil); err != nil {
			t.Error(err)
		}
	})
	if got := run(t, "chat", "import", "--db-instance", "sqlite:"+path, "--file-name", file, "--progress", "none"); got.code != 1 || !strings.Contains(got.stderr, `"Id":"ImportClash"`) {
		t.Errorf("events of the same number give %+v", got)
	}
	if got := run(t, "chat", "export", "--db-instance", "sqlite:"+path, "--file-name", file, "--scope", "x", "--progress", "none"); got.code != 2 {
		t.Errorf("a scope gives %+v", got)
	}
}

func TestUploadedFilesTravelWithTheirRooms(t *testing.T) {
	dir := t.TempDir()
	from, file := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "chat.zip")
	name := databasetest.GUID(9, 1) + ".docx"
	databasetest.Write(t, databasetest.Open(t, filepath.Join(dir, "from.db")), func(ctx context.Context, w database.Writer) {
		for room, text := range map[int64]string{10: "ma-filelink:report.docx " + name, 11: "ma-filelink:gone.docx " + databasetest.GUID(9, 2) + ".docx"} {
			databasetest.Fill(t, w, "tblChat", [][]any{{room, int64(24), int64(1), int64(2), int64(0), text, nil}})
		}
	})
	without := run(t, "chat", "export", "--db-instance", from, "--file-name", file, "--progress", "none")
	if without.code != 0 || !strings.Contains(without.stdout, `"FileLinks":2`) || !strings.Contains(without.stderr, "2 messages link to uploaded files") {
		t.Errorf("got %+v", without)
	}
	store, content := filepath.Join(dir, "store"), bytes.Repeat([]byte("content "), 100_000)
	folder := filepath.Join(store, strings.ToUpper(databasetest.GUID(2, 10)))
	for _, path := range []string{filepath.Join(folder, name), filepath.Join(store, databasetest.GUID(2, 99), "of-no-room.txt")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	when := time.Date(2018, 1, 31, 1, 2, 3, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(folder, name), when, when); err != nil {
		t.Fatal(err)
	}
	with := run(t, "chat", "export", "--db-instance", from, "--file-name", file, "--file-store", store, "--progress", "none")
	if with.code != 0 || !strings.Contains(with.stdout, `"Files":1,"FileBytes":800000,"FileLinks":1`) {
		t.Errorf("got %+v", with)
	}
	to, target := "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "target")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "chat", "create-database", "--db-instance", to)
	if got := run(t, "chat", "import", "--db-instance", to, "--file-name", file, "--what-if", "--file-store", target); got.code != 0 || !strings.Contains(got.stdout, `"Files":1`) {
		t.Errorf("got %+v", got)
	}
	if entries, err := os.ReadDir(target); err != nil || len(entries) != 0 {
		t.Errorf("--what-if wrote %v, %v", entries, err)
	}
	if got := run(t, "chat", "import", "--db-instance", to, "--file-name", file, "--file-store", target); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	back := filepath.Join(target, databasetest.GUID(2, 10), name)
	got, err := os.ReadFile(back)
	info, statErr := os.Stat(back)
	if err != nil || statErr != nil || !bytes.Equal(got, content) || !info.ModTime().Equal(when) {
		t.Errorf("%d bytes came back, %v, %v", len(got), err, statErr)
	}
	if got := run(t, "chat", "import", "--db-instance", to, "--file-name", file, "--file-store", target); got.code != 0 || !strings.Contains(got.stdout, `"NothingToDo":true`) || !strings.Contains(got.stdout, `"FilesSame":1`) {
		t.Errorf("got %+v", got)
	}
	if got := run(t, "chat", "import", "--db-instance", to, "--file-name", file, "--progress", "none"); got.code != 3 || !strings.Contains(got.stderr, "--file-store") {
		t.Errorf("an import that leaves files out gives %+v", got)
	}
}

func TestRoomsAreDisabledOnlyWhenTheArchiveIsThere(t *testing.T) {
	dir := t.TempDir()
	from := chatDatabase(t, filepath.Join(dir, "from.db"))
	disabled := func() (n int) {
		for _, node := range databasetest.Dump(t, databasetest.Open(t, filepath.Join(dir, "from.db")))["tblNode"] {
			n += int(node[9].(int64))
		}
		return n
	}
	if got := run(t, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "missing", "a.zip"), "--disable-exported-nodes"); got.code == 0 || disabled() != 1 {
		t.Errorf("%d rooms are disabled, %+v", disabled(), got)
	}
	got := run(t, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "a.zip"), "--disable-exported-nodes", "--scope", "Projects")
	if got.code != 0 || disabled() != 3 || !strings.Contains(got.stdout, `"Disabled":2`) {
		t.Errorf("%d rooms are disabled, %+v", disabled(), got)
	}
	got = run(t, "chat", "import", "--db-instance", from, "--file-name", filepath.Join(dir, "a.zip"), "--output", "table", "--progress", "none")
	if got.code != 0 || disabled() != 3 || !strings.Contains(got.stdout, "nothing to do: where archive and database differ, the database's stays") {
		t.Errorf("%d rooms are disabled, %+v", disabled(), got)
	}
}

func TestP26_SecretsOfADatabaseNeverLeave(t *testing.T) {
	const canary = "c4nary-s3cret"
	dir := t.TempDir()
	secrets := map[string]string{database.UserVariable: "someone", database.PasswordVariable: canary}
	for _, output := range []string{"json", "events", "table"} {
		var stdout, stderr bytes.Buffer
		args := []string{"chat", "export", "--db-instance", "127.0.0.1,1", "--file-name", filepath.Join(dir, "a.zip"), "--log-level", "debug", "--output", output}
		code := Run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(name string) string { return secrets[name] })
		if code != 6 || strings.Contains(stdout.String()+stderr.String(), canary) {
			t.Errorf("%s: exit code %d, %s%s", output, code, &stdout, &stderr)
		}
	}
	if got := run(t, "chat", "export", "--password", canary); got.code != 2 || strings.Contains(got.stderr, canary) {
		t.Errorf("a password as a flag gives %+v", got)
	}
}

// hosted sends one request through the PowerShell door, with a line of bytes behind it where there are some.
func hosted(t *testing.T, request string, content []byte) (lines []map[string]any) {
	t.Helper()
	stdin, open := io.Pipe()
	defer open.Close()
	go func() {
		_, _ = io.WriteString(open, request+"\n")
		if content != nil {
			_, _ = io.WriteString(open, base64.StdEncoding.EncodeToString(content)+"\n")
		}
	}()
	var stdout, stderr bytes.Buffer
	Run(t.Context(), []string{"host"}, stdin, &stdout, &stderr, func(string) string { return "" })
	for line := range strings.Lines(stdout.String()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, event)
	}
	return lines
}

func TestThePowerShellDoorCarriesArchives(t *testing.T) {
	dir := t.TempDir()
	from, to := chatDatabase(t, filepath.Join(dir, "from.db")), "sqlite:"+filepath.Join(dir, "to.db")
	run(t, "chat", "create-database", "--db-instance", to)
	last := func(lines []map[string]any) string {
		return fmt.Sprint(lines[len(lines)-1]["type"], lines[len(lines)-1]["Id"])
	}
	exported := hosted(t, `{"protocol":1,"command":"chat export","parameters":{"DBInstance":"`+from+`","AsBytes":true,"Scope":["Projects"],"StartDate":"2018-01-31T00:00:00.0000000Z","Level":"All"}}`, nil)
	var archive []byte
	progress := false
	for _, event := range exported {
		progress = progress || event["type"] == "progress" && event["Completed"] == true
		if event["type"] == "bytes" {
			piece, err := base64.StdEncoding.DecodeString(event["base64"].(string))
			if err != nil {
				t.Fatal(err)
			}
			archive = append(archive, piece...)
		}
		if event["type"] == "object" {
			t.Errorf("an export as bytes gives an object: %v", event)
		}
	}
	if last(exported) != "result<nil>" || !progress || !bytes.HasPrefix(archive, []byte("PK")) {
		t.Fatalf("%d bytes, ends with %s", len(archive), last(exported))
	}
	for _, whatIf := range []string{"true", "false"} {
		got := hosted(t, `{"protocol":1,"command":"chat import","parameters":{"DBInstance":"`+to+`","ByteInput":true,"WhatIf":`+whatIf+`}}`, archive)
		if last(got) != "result<nil>" {
			t.Fatalf("got %v", got)
		}
	}
	if n := len(databasetest.Dump(t, databasetest.Open(t, filepath.Join(dir, "to.db")))["tblChat"]); n != 40 {
		t.Errorf("%d messages", n)
	}
	for request, id := range map[string]string{
		`{"protocol":1,"command":"chat export","parameters":{"DBInstance":"` + from + `"}}`:                                              "InvalidUsage",
		`{"protocol":1,"command":"chat export","parameters":{"DBInstance":"` + from + `","FileName":"x.zip","StartDate":"31/1/2018"}}`:   "DateInvalid",
		`{"protocol":1,"command":"chat verify","parameters":{"FileName":"` + filepath.ToSlash(filepath.Join(dir, "nothing.zip")) + `"}}`: "FileNotFound",
	} {
		if got := hosted(t, request, nil); last(got) != "error"+id {
			t.Errorf("%s ends with %s", request, last(got))
		}
	}
}

func TestAnExportThatLeavesSomethingOutSaysSoAndDisablesNothing(t *testing.T) {
	dir := t.TempDir()
	from, store := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "store")
	folder := filepath.Join(store, databasetest.GUID(2, 10))
	if err := os.MkdirAll(filepath.Join(folder, "a folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(secret, []byte("not of the room"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(folder, "link.txt")); err != nil {
		t.Skip("this system makes no links: " + err.Error())
	}
	page := filepath.Join(dir, "report.html")
	got := run(t, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "a.zip"), "--file-store", store, "--disable-exported-nodes", "--report", page, "--progress", "none")
	if got.code != 3 || !strings.Contains(got.stdout, `"LeftOut":["`) || !strings.Contains(got.stdout, `"Disabled":0`) || !strings.Contains(got.stdout, `"Files":0`) {
		t.Errorf("got %+v", got)
	}
	for _, text := range []string{`"Id":"PartlyDone"`, "No room was disabled", "link.txt", "a folder"} {
		if !strings.Contains(got.stderr, text) {
			t.Errorf("%q is not told: %s", text, got.stderr)
		}
	}
	if content, err := os.ReadFile(page); err != nil || !bytes.Contains(content, []byte("link.txt")) {
		t.Errorf("the report does not name the file: %v", err)
	}
	if got := run(t, "chat", "verify", filepath.Join(dir, "a.zip")); got.code != 0 {
		t.Errorf("the archive is not whole: %+v", got)
	}
}

func TestAReportSaysWhatAManagerAsks(t *testing.T) {
	dir := t.TempDir()
	from, to, file := chatDatabase(t, filepath.Join(dir, "from.db")), "sqlite:"+filepath.Join(dir, "to.db"), filepath.Join(dir, "chat.zip")
	report := func(name string, args ...string) string {
		path := filepath.Join(dir, name)
		if got := run(t, append(args, "--report", path)...); got.code != 0 {
			t.Fatalf("%v gives %+v", args, got)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	page := report("export.HTML", "chat", "export", "--db-instance", from, "--file-name", file)
	run(t, "chat", "create-database", "--db-instance", to)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	imported := report("import.htm", "chat", "import", "--db-instance", to, "--file-name", file, "--what-if")
	for name, text := range map[string]string{"export": page, "import": imported} {
		for _, want := range []string{time.Now().UTC().Format("2006"), host, "csbackup (devel)", file, sum, from, "<dd>60</dd>", "Messages per ", "The largest rooms", "Messages <small>tblChat</small>"} {
			if !strings.Contains(text, want) {
				t.Errorf("the report of the %s does not say %q", name, want)
			}
		}
	}
	for _, want := range []string{"All that was asked for is in the archive.", "Not included: ", ", because "} {
		if strings.Count(page, want) != 1 && want != ", because " || !strings.Contains(page, want) {
			t.Errorf("the report does not say once: %q", want)
		}
	}
	part := report("part.html", "chat", "export", "--db-instance", from, "--file-name", file, "--start-date", "2018-02-01", "--scope", "Projects")
	if !strings.Contains(part, "messages before 2018-02-01 00:00:00 UTC, because only later ones were asked for") || !strings.Contains(part, "because only the named categories were asked for") {
		t.Error("the report of a part does not say what is not in it")
	}
	var result struct {
		Source   string
		Messages int64
	}
	text := report("export.json", "chat", "export", "--db-instance", from, "--file-name", file)
	if err := json.Unmarshal([]byte(text), &result); err != nil || result.Source != from || result.Messages != 60 || strings.Count(text, "\n") != 1 {
		t.Errorf("the result as JSON is %q, %v", text, err)
	}
}
