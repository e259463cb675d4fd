package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/failure"
)

func TestMessagesAreFoundInATerminal(t *testing.T) {
	dir := t.TempDir()
	from, file := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "chat.zip")
	if got := run(t, "chat", "export", "--db-instance", from, "--file-name", file); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	for _, one := range []struct {
		args  []string
		count int
		want  string // in each line
	}{
		{[]string{"message 18 of ROOM 10"}, 1, `"ChatId":18`}, {[]string{"message", "of", "room", "10", "--limit", "0"}, 3, `"Room":"Alpha"`}, {[]string{"mess", "--limit", "7"}, 7, `"Text":"Message`},
		{[]string{"mess ", "--limit", "7"}, 0, ""}, {[]string{"nowhere"}, 0, ""}, {[]string{"--room", "alpha", "--limit", "0"}, 20, `"Room":"Alpha"`},
		{[]string{"message", "--person", "bob@example", "--limit", "0", "--room", "Projects / Alpha"}, 1, `sip:bob@example.test`},
		{[]string{"--since", "2018-01-31", "--until", "2018-01", "--limit", "1"}, 1, `"Time":"2018-01-31T`},
	} {
		for _, source := range []string{file, from} {
			got := run(t, append([]string{"chat", "search", source}, one.args...)...)
			lines := strings.Count(got.stdout, "\n")
			if got.code != 0 || lines != one.count || strings.Count(got.stdout, one.want) < lines {
				t.Errorf(
					"%v in %s: %d lines, not %d, with %q: %+v",
					one.args,
					source,
					lines,
					one.count,
					one.want,
					got,
				)
			}
		}
	}
	got := run(t, "chat", "search", file, "message", "--limit", "2", "--output", "table")
	if got.code != 0 || !strings.Contains(got.stdout, "messages, the latest first, of which these are 2") ||
		!strings.Contains(got.stdout, "Author") {
		t.Errorf("got %+v", got)
	}
	for _, one := range []struct {
		args []string
		code int
		id   failure.ID
	}{
		{[]string{file}, 2, failure.InvalidUsage}, {[]string{file, "!?"}, 2, failure.InvalidUsage}, {[]string{file, "x", "--limit", "-1"}, 2, failure.OutOfRange}, {[]string{}, 2, failure.InvalidUsage},
		{[]string{file, "x", "--since", "soon"}, 2, failure.DateInvalid}, {[]string{file, "x", "--room", "nowhere"}, 4, failure.RoomNotFound}, {[]string{file, "x", "--person", "nobody"}, 2, failure.InvalidUsage},
		{[]string{filepath.Join(dir, "none.zip"), "x"}, 4, failure.FileNotFound}, {[]string{"sqlite:" + filepath.Join(dir, "none.db"), "x"}, 4, failure.DatabaseNotFound},
		{[]string{filepath.Join(dir, "from.db"), "x"}, 7, failure.ArchiveForeign},
	} {
		if got := run(t, append([]string{"chat", "search"}, one.args...)...); got.code != one.code ||
			got.stdout != "" ||
			!strings.Contains(got.stderr, `"Id":"`+string(one.id)+`"`) {
			t.Errorf("%v gives %+v, not %d %s", one.args, got, one.code, one.id)
		}
	}
}

func TestAnArchiveIsBrowsedUntilTheCommandIsStopped(t *testing.T) {
	dir := t.TempDir()
	from, file := chatDatabase(t, filepath.Join(dir, "from.db")), filepath.Join(dir, "chat.zip")
	if got := run(t, "chat", "export", "--db-instance", from, "--file-name", file); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	before, err := os.ReadFile(filepath.Join(dir, "from.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	for _, source := range []string{file, from} {
		ctx, stop := context.WithCancel(context.Background())
		reader, writer := io.Pipe()
		var stderr bytes.Buffer
		done := make(chan int, 1)
		go func() {
			done <- Run(ctx, []string{"chat", "browse", source, "--output", "json"}, strings.NewReader(""), writer, &stderr, func(string) string { return "" })
			writer.Close()
		}()
		line, err := bufio.NewReader(reader).ReadBytes('\n')
		var serving struct {
			URL                     string `json:"Url"`
			Rooms, People, Messages int64
		}
		if err != nil || json.Unmarshal(line, &serving) != nil || serving.Messages != 60 {
			t.Fatalf("%s: %q, %v, %s", source, line, err, &stderr)
		}
		for path, want := range map[string]string{"index.html": "Alpha", "rooms/10/index.html": "Projects", "search.html?q=message+18": `<mark>18</mark>`} {
			answer, err := http.Get(strings.Replace(serving.URL, "index.html", path, 1))
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(page), want) {
				t.Errorf("%s of %s: %d, %v, %.300s", path, source, answer.StatusCode, err, page)
			}
		}
		stop()
		if code := <-done; code != 0 {
			t.Errorf("browsing %s ends with %d: %s", source, code, &stderr)
		}
		if _, err := http.Get(serving.URL); err == nil {
			t.Error("it goes on after it was stopped")
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "from.db")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("browsing has changed the database: %v", err)
	}
	for _, args := range [][]string{{file, "--listen", "0.0.0.0:0"}, {file, "--listen", "127.0.0.1"}, {}, {file, "more"}} {
		if got := run(t, append([]string{"chat", "browse"}, args...)...); got.code != 2 || got.stdout != "" {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}
