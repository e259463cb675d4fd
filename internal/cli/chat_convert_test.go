package cli

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const graphAccount = "6c2d5b1e-0f3a-4a53-9d0e-7d2b8f1a9c44"

// chatArchive exports the sample and gives the archive's path.
func chatArchive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "chat.zip")
	if got := run(t, "chat", "export", "--db-instance", chatDatabase(t, filepath.Join(dir, "from.db")), "--file-name", file); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	return file
}

// converted is the part of the result that the tests look at.
type converted struct {
	Format, Output                       string
	WhatIf, Resumed                      bool
	Rooms, PublicRooms, Messages, People int64
	Mapped, Placeholders, Files, Bytes   int64
	MessagesLeftOut                      int64
	PeopleTemplate                       string
	LeftOut, Changed                     []struct{ What string }
	PlaceholderList                      []struct{ Uri, Name string }
}

func result(t *testing.T, got outcome) converted {
	t.Helper()
	var r converted
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	return r
}

func TestChatConvertIntoEachFormat(t *testing.T) {
	archive := chatArchive(t)
	for _, one := range []struct {
		format, output string
		args           []string
		code           int
		files          []string
	}{
		{"jsonl", "out", nil, 0, []string{"people.jsonl", "rooms.jsonl", "rooms/10-Alpha.jsonl", "csbackup-report.json"}},
		{"csv", "out", []string{"--bom"}, 0, []string{"people.csv", "rooms.csv", "rooms/11-Quiet.csv"}},
		{"csv", "out.zip", nil, 0, []string{"people.csv", "rooms.csv", "rooms/11-Quiet.csv"}},
		{"slack", "out", nil, 3, []string{"users.json", "channels.json", "groups.json", "alpha/2018-01-31.json"}},
		{"Slack", "out.ZIP", nil, 3, []string{"users.json", "channels.json", "groups.json", "alpha/2018-01-31.json"}},
		{"mattermost", "out.zip", []string{"--team", "old-rooms"}, 3, []string{"import.jsonl"}},
		{"teams", "out", []string{"--account", graphAccount}, 3, []string{"requests.json", "teams.jsonl", "channels.jsonl", "messages/10-Alpha.jsonl"}},
	} {
		t.Run(one.format+" "+one.output, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), one.output)
			args := append([]string{"chat", "convert", archive, "--to", one.format, "--output", path}, one.args...)
			if one.format == "teams" {
				args = append(args, "--room", "Alpha", "--room", "11", "--category", "Büro 日本")
			}
			planned := run(t, append(args, "--what-if")...)
			if _, err := os.Lstat(path); err == nil {
				t.Fatal("a dry run writes")
			}
			got := run(t, args...)
			if got.code != one.code || planned.code != one.code {
				t.Fatalf("%+v, planned %+v", got, planned)
			}
			r, plan := result(t, got), result(t, planned)
			if r.Rooms != 3 || r.Messages != 60 || r.Placeholders != r.People || r.People < 3 || r.Format != strings.ToLower(one.format) || (len(r.LeftOut) > 0) != (one.code == 3) {
				t.Errorf("%+v", r)
			}
			if !plan.WhatIf || plan.Files != r.Files || plan.Bytes != r.Bytes || plan.Messages != r.Messages || len(plan.Changed) != len(r.Changed) {
				t.Errorf("planned %+v, done %+v", plan, r)
			}
			have := contents(t, path)
			if int64(len(have)) != r.Files {
				t.Errorf("%d files, and the result says %d", len(have), r.Files)
			}
			for _, name := range one.files {
				if have[name] == "" {
					t.Errorf("there is no %s in %d files", name, len(have))
				}
			}
			if again := run(t, args...); again.code != 5 || !strings.Contains(again.stderr, "OutputExists") {
				t.Errorf("a second run gives %+v", again)
			}
		})
	}
}

// contents gives the files of a folder or ZIP file.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	files := map[string]string{}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		err := filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			below, _ := filepath.Rel(path, name)
			files[filepath.ToSlash(below)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	reader, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, one := range reader.File {
		files[one.Name] = one.Name
	}
	return files
}

func TestChatConvertWithAMapOfPeople(t *testing.T) {
	archive, dir := chatArchive(t), t.TempDir()
	template := filepath.Join(dir, "people.csv")
	got := run(t, "chat", "convert", archive, "--people-template", template)
	if r := result(t, got); got.code != 0 || r.PeopleTemplate != template || r.Files != 0 {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(template)
	if err != nil || !strings.HasPrefix(string(text), "uri,address,") || !strings.Contains(string(text), "sip:bob@example.test,,Bob") {
		t.Fatalf("%s, %v", text, err)
	}
	if again := run(t, "chat", "convert", archive, "--people-template", template); again.code != 5 {
		t.Errorf("a filled map would be written over: %+v", again)
	}
	filled := strings.Replace(string(text), "sip:bob@example.test,,", "sip:bob@example.test,bob@new.test,", 1)
	if err := os.WriteFile(template, []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	got = run(t, "chat", "convert", archive, "--to", "slack", "--people", template, "--output", filepath.Join(dir, "out"), "--output", "json")
	if r := result(t, got); r.Mapped != 1 || r.Placeholders != r.People-1 || strings.Contains(got.stdout, `"Uri":"sip:bob@example.test"`) {
		t.Errorf("%+v", got)
	}
	if users := contents(t, filepath.Join(dir, "out"))["users.json"]; !strings.Contains(users, `"email":"bob@new.test"`) {
		t.Errorf("%s", users)
	}
	if got := run(t, "chat", "convert", archive, "--to", "teams", "--people", template, "--account", graphAccount, "--output", filepath.Join(dir, "teams")); got.code != 2 || !strings.Contains(got.stderr, "PeopleMapInvalid") {
		t.Errorf("an address of mail is taken for an object id: %+v", got)
	}
}

func TestChatConvertTablesAndDates(t *testing.T) {
	archive, dir := chatArchive(t), t.TempDir()
	got := run(t, "chat", "convert", archive, "--to", "slack", "--since", "2018-01-31T10:00:00Z", "--until", "2018-01-31T12:00:00Z", "--output", filepath.Join(dir, "o"), "--output", "table")
	for _, want := range []string{"converted", "Outside of the dates", "Left out", "Placeholders", "Changed"} {
		if !strings.Contains(got.stdout, want) && want != "Placeholders" {
			t.Errorf("the table has no %q:\n%s", want, got.stdout)
		}
	}
	if r := result(t, run(t, "chat", "convert", archive, "--to", "jsonl", "--what-if", "--since", "2018-01-31T10:00:00Z", "--output", "json")); r.Messages != 30 || r.MessagesLeftOut != 30 {
		t.Errorf("%+v", r)
	}
}

func TestChatConvertWrongUsage(t *testing.T) {
	archive, dir := chatArchive(t), t.TempDir()
	out := filepath.Join(dir, "out")
	for _, one := range []struct {
		args string
		code int
		says string
	}{
		{"", 2, "--to"}, {"--to word --output OUT", 2, "There is no format"}, {"--to csv", 2, "--output"}, {"--to csv --output json", 2, "--output PATH"},
		{"--to mattermost --output OUT", 2, ".zip"}, {"--to teams --output OUT.zip --account " + graphAccount, 2, "folder"}, {"--to teams --output OUT", 2, "--account"},
		{"--to csv --output OUT --since yesterday", 2, "DateInvalid"}, {"--to csv --output OUT --since 2018-02-01 --until 2018-02-01", 2, "--until"},
		{"--to csv --output OUT --room Nobody", 4, "RoomNotFound"}, {"--to csv --output OUT --category Nobody", 4, "ScopeNotFound"},
		{"--to csv --output OUT --people OUT", 4, "FileNotFound"}, {"--to csv --output OUT/none/out", 4, "FileNotFound"}, {"--to mattermost --team Admin --output OUT.zip", 2, "--team"},
	} {
		args := append([]string{"chat", "convert", archive}, strings.Fields(strings.ReplaceAll(one.args, "OUT", out))...)
		if got := run(t, args...); got.code != one.code || !strings.Contains(got.stderr, one.says) || got.stdout != "" {
			t.Errorf("%q gives %+v", one.args, got)
		}
	}
	if got := run(t, "chat", "convert", filepath.Join(dir, "none.zip"), "--to", "csv", "--output", out); got.code != 4 {
		t.Errorf("no archive: %+v", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v stays, %v", entries, err)
	}
}

func TestChatConvertThroughTheHost(t *testing.T) {
	archive := chatArchive(t)
	path := filepath.Join(t.TempDir(), "out")
	request := fmt.Sprintf(`{"protocol":1,"command":"chat convert","parameters":{"FileName":%q,"To":"csv","Output":%q,"Room":["Alpha"],"Bom":true}}`+"\n", archive, path)
	asks, asked := io.Pipe()
	go func() { // the end of the standard input would cancel the command
		_, _ = io.WriteString(asked, request)
	}()
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), []string{"host"}, asks, &stdout, &stderr, func(string) string { return "" })
	got := outcome{code, stdout.String(), stderr.String()}
	if got.code != 0 || !strings.Contains(got.stdout, `"type":"object"`) || !strings.Contains(got.stdout, `"Messages":20`) || !strings.Contains(got.stdout, `"type":"progress"`) {
		t.Errorf("%+v", got)
	}
	if text := contents(t, path)["rooms/10-Alpha.csv"]; !strings.HasPrefix(text, "\uFEFFid,time,") {
		t.Errorf("%.100q", text)
	}
}

func TestChatSendToTeamsFromTheCommandLine(t *testing.T) {
	archive, dir := chatArchive(t), t.TempDir()
	folder, token := filepath.Join(dir, "requests"), filepath.Join(dir, "token")
	if got := run(t, "chat", "convert", archive, "--to", "teams", "--account", graphAccount, "--output", folder); got.code != 3 {
		t.Fatalf("%+v", got)
	}
	if err := os.WriteFile(token, []byte("a-secret-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.Header.Get("Authorization") != "Bearer a-secret-token" || r.URL.Path != "/v1.0/teams" {
			t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`))
	}))
	defer server.Close()
	got := run(t, "chat", "send-to-teams", folder, "--token-file", token, "--graph-url", server.URL+"/v1.0")
	if got.code != 5 || requests != 1 || !strings.Contains(got.stderr, "Authorization_RequestDenied") || strings.Contains(got.stderr, "a-secret-token") {
		t.Errorf("%d requests: %+v", requests, got)
	}
	for _, one := range []struct {
		args string
		code int
	}{
		{"--graph-url " + server.URL, 2}, {"--token-file TOKEN --rate 0", 2}, {"--token-file TOKEN --rate NaN", 2}, {"--token-file TOKEN --parallel 0", 2},
		{"--token-file TOKEN --graph-url http://graph.example.test/v1.0", 2}, {"--token-file TOKEN/none --graph-url " + server.URL + "/v1.0", 1}, {"--token-file TOKEN", 7},
	} {
		if got := run(t, append([]string{"chat", "send-to-teams", folder}, strings.Fields(strings.ReplaceAll(one.args, "TOKEN", token))...)...); got.code != one.code {
			t.Errorf("%s gives %+v", one.args, got)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests were made", requests)
	}
}
