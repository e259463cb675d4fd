package psmodule

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/loopback"
	"csbackup/internal/settings"
	"csbackup/scripts/chatdata"
)

const (
	pool1 = "pool1.contoso.com"
	pool2 = "pool2.contoso.com"
)

// lab is a pair of pools whose services are processes of the real program.
type lab struct {
	t           *testing.T
	dir         string
	executable  string
	environment []string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab") // short: a socket's path may have about 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &lab{t: t, dir: dir, executable: build(t, "csbackup/cmd/csbackup")}
	var text strings.Builder
	text.WriteString("pools:\n")
	for i, pool := range []string{pool1, pool2} {
		address, err := loopback.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "  - fqdn: %s\n    backupPool: %s\n    service: https://%s\n    fileStore: %s\n", pool, []string{pool2, pool1}[i], address, filepath.ToSlash(filepath.Join(dir, pool)))
		fmt.Fprintf(&text, "    serviceIds: {WebServices: 1-WebServices-%d, BackupService: 1-BackupService-%d, ApplicationServer: 1-ApplicationServer-%d}\n", i+1, i+3, i+1)
		for _, folder := range []string{"CollabContent", "CollabMetadata"} {
			if err := os.MkdirAll(filepath.Join(dir, pool, fmt.Sprintf("1-WebServices-%d", i+1), folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	topology := filepath.Join(dir, "pools.yaml")
	if err := os.WriteFile(topology, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.environment = []string{"CSBACKUP_TOPOLOGY=" + topology, "CSBACKUP_RUNTIME_DIR=" + filepath.Join(dir, "run")}
	return l
}

func (l *lab) client() *client {
	return &client{t: l.t, executable: l.executable, environment: l.environment, patience: usual}
}

// call runs a command that must succeed.
func (l *lab) call(command string, parameters map[string]any) outcome {
	l.t.Helper()
	got := l.client().call(command, parameters)
	if got.id != "" || got.code != 0 || got.killed {
		l.t.Fatalf("%s with %v gives %+v", command, parameters, got)
	}
	return got
}

// start runs both services until the test ends, and waits until they answer.
func (l *lab) start() {
	l.t.Helper()
	for _, pool := range []string{pool1, pool2} {
		certificates := filepath.Join(l.dir, "certs")
		l.call("certificate create", map[string]any{"Dir": certificates, "PoolFqdn": pool})
		cmd := exec.Command(l.executable, "serve", "--pool-fqdn", pool, "--state-dir", filepath.Join(l.dir, "state", pool), "--certificate", filepath.Join(certificates, pool+".pem"),
			"--private-key", filepath.Join(certificates, pool+".key"), "--ca", filepath.Join(certificates, "ca.pem"))
		cmd.Env = append(os.Environ(), l.environment...)
		log := &tail{}
		cmd.Stderr = log
		if err := cmd.Start(); err != nil {
			l.t.Fatal(err)
		}
		l.t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
			if l.t.Failed() {
				l.t.Logf("the service of %s said: %s", pool, log)
			}
		})
	}
	for _, pool := range []string{pool1, pool2} {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			got := l.client().call("status", map[string]any{"PoolFqdn": pool})
			if got.id == "" {
				break
			}
			if time.Now().After(deadline) {
				l.t.Fatalf("the service of %s does not answer: %+v", pool, got)
			}
		}
	}
}

func TestThePairAnswersTheModule(t *testing.T) {
	l := newLab(t)
	long := time.Now().Add(-time.Hour)
	for i := range 20 {
		name := filepath.Join(l.dir, pool1, "1-WebServices-1", "CollabContent", fmt.Sprintf("slide%d.bin", i))
		if err := os.WriteFile(name, bytes.Repeat([]byte{byte(i)}, 10_000), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.client().call("status", map[string]any{"PoolFqdn": pool1}); got.id == "" || len(got.objects) != 0 || got.code != 6 {
		t.Errorf("a service that does not run gives %+v", got)
	}
	got := l.call("configuration get", map[string]any{})
	if !slices.Equal(keysIn(got.objects), propertiesOf(settings.Settings{})) || got.objects[0]["SyncInterval"] != "00:02:00" {
		t.Errorf("without a service the settings are %+v", got)
	}
	l.start()

	if got := l.call("relationship", map[string]any{"PoolFqdn": "POOL1.contoso.com", "LocalStore": true, "Force": true}); len(got.objects) != 1 || got.objects[0]["BackupPoolFqdn"] != pool2 {
		t.Errorf("the relationship is %+v", got)
	}
	if got := l.call("sync", map[string]any{"PoolFqdn": pool1, "BackupModule": "dataconf", "Force": true}); len(got.objects) != 0 || len(got.progress) != 0 {
		t.Errorf("a sync gives %+v", got)
	}
	l.call("sync", map[string]any{"PoolFqdn": pool2, "Wait": true})
	got = l.call("sync", map[string]any{"PoolFqdn": pool1, "Wait": true})
	if len(got.objects) != 0 || len(got.progress) == 0 || !got.progress[len(got.progress)-1].Completed {
		t.Errorf("a sync that waits gives %+v", got)
	}
	if _, err := os.Stat(filepath.Join(l.dir, pool2, "1-WebServices-2", "CollabContent", "slide19.bin")); err != nil {
		t.Errorf("after the sync: %v", err)
	}
	got = l.call("status", map[string]any{"PoolFqdn": pool1, "Category": "UserData", "Force": false})
	if len(got.objects) != 1 || !slices.Equal(keysIn(got.objects), propertiesOf(admin.Status{})) || got.objects[0]["OverallExportStatus"] != "FinalState" {
		t.Errorf("the status is %+v", got)
	}
	modules := got.objects[0]["BackupModules"].([]any)
	if len(modules) != 2 || !slices.Equal(keysIn([]map[string]any{modules[1].(map[string]any)}), propertiesOf(admin.ModuleStatus{})) {
		t.Errorf("the modules are %v", modules)
	}
	if conf := modules[1].(map[string]any); conf["Identity"] != "ConfServices.DataConf" || conf["ExportStatus"] != "FinalState" || conf["ImportStatus"] != "NormalState" {
		t.Errorf("after both syncs the module is %v", conf)
	}
	l.call("configuration set", map[string]any{"Identity": "global", "SyncInterval": "00:05:00", "MaxConcurrentCalls": 7, "EnableRgsBackupService": true,
		"AuthorizedUniversalGroups": []string{"a", "b"}, "AuthorizedLocalAccounts": []string{}, "Force": true})
	got = l.call("configuration get", map[string]any{"Identity": "GLOBAL"})
	if o := got.objects[0]; o["SyncInterval"] != "00:05:00" || o["MaxConcurrentCalls"] != 7.0 || o["EnableRgsBackupService"] != true || !reflect.DeepEqual(o["AuthorizedUniversalGroups"], []any{"a", "b"}) {
		t.Errorf("the settings are %v", o)
	}
	l.call("configuration reset", map[string]any{"Identity": "global", "Force": true})
	if got = l.call("configuration get", map[string]any{"Filter": "g*"}); got.objects[0]["SyncInterval"] != "00:02:00" {
		t.Errorf("after the reset the settings are %v", got.objects)
	}
	l.call("versions list", map[string]any{"PoolFqdn": pool1})
	l.call("loss show", map[string]any{"PoolFqdn": pool1})

	for _, one := range []struct {
		command    string
		parameters map[string]any
		id         string
		code       int
	}{
		{"status", map[string]any{"PoolFqdn": "pool9.contoso.com"}, "PoolNotFound", 4},
		{"status", map[string]any{"PoolFqdn": ""}, "InvalidUsage", 2},
		{"status", map[string]any{"PoolFqdn": pool1, "BackupModule": "Nothing"}, "UnknownModule", 2},
		{"status", map[string]any{"PoolFqdn": pool1, "Category": "Users"}, "UnknownCategory", 2},
		{"sync", map[string]any{"PoolFqdn": "pool'\"1`$(reboot);\n*?[a]"}, "PoolNotFound", 4},
		{"relationship", map[string]any{"PoolFqdn": strings.Repeat("x", 100_000)}, "PoolNotFound", 4},
		{"configuration set", map[string]any{"SyncInterval": "00:00:00.0000003"}, "SettingsInvalid", 2},
		{"configuration set", map[string]any{"SyncInterval": "00:00:04"}, "ValueOutOfRange", 2},
		{"configuration set", map[string]any{}, "InvalidUsage", 2},
		{"configuration reset", map[string]any{"Identity": "site:x"}, "InvalidUsage", 2},
		{"configuration get", map[string]any{"Identity": "global", "Filter": "*"}, "InvalidUsage", 2},
		{"no such command", map[string]any{}, "InvalidUsage", 2},
	} {
		got := l.client().call(one.command, one.parameters)
		if got.id != one.id || got.code != one.code || got.failure.Message == "" || got.failure.Hint == "" || got.failure.Category == "" || len(got.objects) > 0 {
			t.Errorf("%s with %.100q gives %+v", one.command, fmt.Sprint(one.parameters), got)
		}
	}
	if got := l.client().send("\xef\xbb\xbf" + `{"protocol":1,"command":"version"}` + "\r\n"); got.id != "" || len(got.objects) != 1 {
		t.Errorf("a request with a byte order mark gives %+v", got)
	}
}

func keysIn(objects []map[string]any) []string {
	var names []string
	for name := range objects[0] {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return names
}

// order is the order of all properties; JSON objects in Go have none.
var order = slices.Concat(propertiesOf(admin.Status{}), propertiesOf(admin.ModuleStatus{}), propertiesOf(settings.Settings{}))

// database makes an embedded chat database and fills it.
func (l *lab) database(name string, fill func(db database.Database)) string {
	l.t.Helper()
	instance := "sqlite:" + filepath.Join(l.dir, name)
	l.call("chat create-database", map[string]any{"DBInstance": instance})
	if fill != nil {
		fill(databasetest.Open(l.t, filepath.Join(l.dir, name)))
	}
	return instance
}

func TestChatDataTravelsThroughTheDoor(t *testing.T) {
	l := newLab(t)
	source := l.database("source.db", func(db database.Database) { databasetest.Sample(t, db) })
	archive := filepath.Join(l.dir, "chat [x].zip")

	got := l.call("chat export", map[string]any{"DBInstance": source, "FileName": archive, "Level": "All", "Report": filepath.Join(l.dir, "export.html"), "StartDate": "2017-12-31T23:00:00.0000000Z"})
	if len(got.objects) != 1 || got.objects[0]["Rows"].(float64) == 0 {
		t.Errorf("the export gives %+v", got)
	}
	l.call("chat export", map[string]any{"DBInstance": source, "FileName": filepath.Join(l.dir, "scoped.zip"), "Scope": []string{"Projects"}})
	got = l.call("chat export", map[string]any{"DBInstance": source, "AsBytes": true})
	if len(got.content) == 0 || string(got.content[:2]) != "PK" {
		t.Fatalf("the archive as bytes is %d bytes", len(got.content))
	}
	packed := got.content

	target := l.database("target.db", nil)
	got = l.call("chat import", map[string]any{"DBInstance": target, "FileName": archive, "WhatIf": true})
	added := 0.0
	for _, table := range got.objects[0]["Tables"].([]any) {
		added += table.(map[string]any)["Added"].(float64)
	}
	if got.objects[0]["WhatIf"] != true || added == 0 {
		t.Errorf("the dry run gives %+v", got)
	}
	c := l.client()
	c.bytes = base64.StdEncoding.EncodeToString(packed) + "\n"
	got = c.call("chat import", map[string]any{"DBInstance": target, "ByteInput": true, "Report": filepath.Join(l.dir, "import.html")})
	if got.id != "" || len(got.objects) != 1 || got.objects[0]["NothingToDo"] == true {
		t.Errorf("the import gives %+v", got)
	}
	if got = l.call("chat import", map[string]any{"DBInstance": target, "FileName": archive}); got.objects[0]["NothingToDo"] != true {
		t.Errorf("the second import gives %+v", got.objects)
	}
	want, have := databasetest.Dump(t, databasetest.Open(t, filepath.Join(l.dir, "source.db"))), databasetest.Dump(t, databasetest.Open(t, filepath.Join(l.dir, "target.db")))
	if !reflect.DeepEqual(want["tblChat"], have["tblChat"]) || len(want["tblChat"]) != databasetest.SampleMessages {
		t.Errorf("%d messages went in and %d came out, or not the same", len(want["tblChat"]), len(have["tblChat"]))
	}

	broken := filepath.Join(l.dir, "broken.zip")
	if err := os.WriteFile(broken, packed[:len(packed)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		command    string
		parameters map[string]any
		id         string
		code       int
	}{
		{"chat import", map[string]any{"DBInstance": target, "FileName": broken}, "ArchiveDamaged", 7},
		{"chat import", map[string]any{"DBInstance": target, "FileName": archive + "x"}, "FileNotFound", 4},
		{"chat import", map[string]any{"DBInstance": target}, "InvalidUsage", 2},
		{"chat export", map[string]any{"DBInstance": "sqlite:" + filepath.Join(l.dir, "none.db"), "FileName": archive}, "DatabaseNotFound", 4},
		{"chat export", map[string]any{"DBInstance": source, "FileName": filepath.Join(l.dir, "no", "x.zip")}, "FileNotFound", 4},
		{"chat export", map[string]any{"DBInstance": source, "FileName": archive, "Scope": []string{"$(x)'\"*"}}, "ScopeNotFound", 4},
		{"chat export", map[string]any{"DBInstance": source, "FileName": archive, "StartDate": "yesterday"}, "DateInvalid", 2},
	} {
		got := l.client().call(one.command, one.parameters)
		if got.id != one.id || got.code != one.code || got.failure.Message == "" || got.failure.Hint == "" || len(got.objects) > 0 {
			t.Errorf("%s with %v gives %+v", one.command, one.parameters, got)
		}
	}
	c = l.client()
	c.bytes = "this is no base64!\n"
	if got := c.call("chat import", map[string]any{"DBInstance": target, "ByteInput": true}); got.id == "" || got.code == 0 {
		t.Errorf("bytes that are none give %+v", got)
	}
	c.bytes = base64.StdEncoding.EncodeToString(packed[:1000]) // and then standard input ends
	c.stop = func(event) bool { return true }
	if got := c.call("chat import", map[string]any{"DBInstance": target, "ByteInput": true}); got.killed {
		t.Errorf("bytes that break off give %+v", got)
	}
}

// names lists a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestAStoppedCallLeavesNothingBehind(t *testing.T) {
	l := newLab(t)
	log := filepath.Join(l.dir, "log.tsv")
	if err := os.WriteFile(log, []byte(strings.Repeat("room\t1507466702\tanna\twhat a person says\n", 50_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := chatdata.Read(log)
	if err != nil {
		t.Fatal(err)
	}
	source := l.database("source.db", func(db database.Database) {
		if err := data.Load(t.Context(), db, 1, func(int64) {}); err != nil {
			t.Fatal(err)
		}
	})
	packed := l.call("chat export", map[string]any{"DBInstance": source, "AsBytes": true}).content
	target := l.database("target.db", nil)
	empty := databasetest.Dump(t, databasetest.Open(t, filepath.Join(l.dir, "target.db")))
	out, temporary := filepath.Join(l.dir, "out"), filepath.Join(l.dir, "tmp")
	for _, folder := range []string{out, temporary} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	callers := filepath.Join(temporary, "csbackup-"+strings.Repeat("0a", 16))
	if err := errors.Join(os.Mkdir(callers, 0o700), os.WriteFile(filepath.Join(callers, "import.zip"), packed, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		command    string
		parameters map[string]any
		bytes      string
		temporary  string
	}{
		{"chat import", map[string]any{"DBInstance": target, "FileName": filepath.Join(callers, "import.zip")}, "", callers},
		{"chat export", map[string]any{"DBInstance": source, "FileName": filepath.Join(out, "chat.zip")}, "", ""},
		{"chat export", map[string]any{"DBInstance": source, "AsBytes": true}, "", ""},
		{"chat import", map[string]any{"DBInstance": target, "ByteInput": true}, base64.StdEncoding.EncodeToString(packed) + "\n", ""},
	} {
		c := l.client()
		c.temporary = one.temporary
		c.environment = append(slices.Clone(c.environment), "TMPDIR="+temporary, "TMP="+temporary)
		c.bytes = one.bytes
		var stopped time.Time
		c.stop = func(e event) bool {
			stopped = time.Now()
			return e.Type == "progress" || e.Type == "bytes"
		}
		got := c.call(one.command, one.parameters)
		t.Logf("%s with %v ended %v after it was stopped", one.command, one.parameters, time.Since(stopped))
		left := append(names(t, out), names(t, temporary)...)
		if got.killed || got.code != 130 || len(left) > 0 {
			t.Errorf("a stopped %s gives %.500q and leaves %v", one.command, fmt.Sprintf("%+v", got), left)
		}
	}
	if now := databasetest.Dump(t, databasetest.Open(t, filepath.Join(l.dir, "target.db"))); !reflect.DeepEqual(now, empty) {
		t.Error("a stopped import has changed the database")
	}
}

func TestAStoppedWaitEndsAtOnceAndTheServiceGoesOn(t *testing.T) {
	l := newLab(t)
	long := time.Now().Add(-time.Hour)
	for i := range 400 {
		name := filepath.Join(l.dir, pool1, "1-WebServices-1", "CollabContent", fmt.Sprintf("slide%d.bin", i))
		if err := os.WriteFile(name, bytes.Repeat([]byte{byte(i)}, 1000), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	l.start()
	c := l.client()
	c.stop = func(e event) bool { return e.Type == "progress" }
	if got := c.call("sync", map[string]any{"PoolFqdn": pool1, "Wait": true}); got.killed || got.code != 130 && got.code != 0 {
		t.Errorf("a stopped wait gives %+v", got)
	}
	l.call("sync", map[string]any{"PoolFqdn": pool1, "Wait": true})
}

// A PowerShell that is killed closes nothing in order: both pipes break at once.
func TestAnExportWhoseCallerIsGoneLeavesNothingBehind(t *testing.T) {
	l := newLab(t)
	source := l.database("source.db", func(db database.Database) { databasetest.Sample(t, db) })
	out := filepath.Join(l.dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(l.executable, "host")
	cmd.Env = append(os.Environ(), l.environment...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	reader.Close() // before the request, so that already the first event finds nobody
	_, _ = fmt.Fprintf(stdin, `{"protocol":1,"command":"chat export","parameters":{"DBInstance":%q,"FileName":%q}}`+"\n", source, filepath.Join(out, "chat.zip"))
	defer stdin.Close()
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait() // the exit code tells it
	if code := cmd.ProcessState.ExitCode(); code <= 0 || len(names(t, out)) > 1 {
		t.Errorf("it ends with exit code %d and leaves %v", code, names(t, out))
	}
}
