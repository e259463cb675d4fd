package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"csbackup/internal/failure"
)

func TestJSONIsASCIIAndReadsBackTheSame(t *testing.T) {
	for _, text := range []string{"plain", "Größe", "日本", "😀 beyond the first plane", "\x00\x1f\u2028\u007f", "<&>", "quote \" back \\"} {
		line, err := Line(map[string]string{"Text": text})
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }); i >= 0 || bytes.Count(line, []byte("\n")) != 1 {
			t.Errorf("%q becomes %q", text, line)
		}
		var back map[string]string
		if err := json.Unmarshal(line, &back); err != nil || back["Text"] != text {
			t.Errorf("%q comes back as %q (%v)", text, back["Text"], err)
		}
	}
}

type pair struct {
	PoolFqdn string
	Backlog  int64
}

type several []pair

func (s several) Items() []any { return Items(s) }

func (s several) Tables() []Table {
	table := Table{Title: "Pools", Header: []string{"Pool", "Backlog"}}
	for _, one := range s {
		table.Rows = append(table.Rows, []string{one.PoolFqdn, Number(one.Backlog)})
	}
	return []Table{table}
}

func TestEachOutputShowsTheSame(t *testing.T) {
	oops := failure.New(failure.PoolNotFound, "pöol", "There is no pool \"pöol\"", "Look in the topology.")
	for _, one := range []struct {
		name           string
		make           func(Options) Output
		outcome        error
		stdout, stderr string
	}{
		{"json", NewJSON, nil, "{\"PoolFqdn\":\"p1\",\"Backlog\":1234567}\n{\"PoolFqdn\":\"p2\",\"Backlog\":0}\n", "WARNING: take care\n"},
		{"json with an error", NewJSON, oops, "{\"PoolFqdn\":\"p1\",\"Backlog\":1234567}\n{\"PoolFqdn\":\"p2\",\"Backlog\":0}\n",
			"WARNING: take care\n" + `{"schema":1,"type":"error","Id":"PoolNotFound","Category":"ObjectNotFound","Message":"There is no pool \"p\u00f6ol\"","Hint":"Look in the topology.","Target":"p\u00f6ol"}` + "\n"},
		{"events", func(o Options) Output { return NewEvents(o.Stdout) }, nil,
			`{"schema":1,"type":"warning","message":"take care"}` + "\n" + `{"schema":1,"type":"verbose","message":"a step"}` + "\n" +
				`{"schema":1,"type":"object","object":{"PoolFqdn":"p1","Backlog":1234567}}` + "\n" + `{"schema":1,"type":"object","object":{"PoolFqdn":"p2","Backlog":0}}` + "\n" +
				`{"schema":1,"type":"result"}` + "\n", ""},
		{"table", NewTables, oops, "Pools\n Pool  Backlog   \n─────────────────\n p1    1,234,567 \n p2    0         \n",
			"WARNING: take care\ncsbackup: There is no pool \"pöol\". Look in the topology. (PoolNotFound)\n"},
	} {
		t.Run(one.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			output := one.make(Options{Stdout: &stdout, Stderr: &stderr})
			output.Warning("take care")
			output.Verbose("a step")
			output.Progress(Progress{Activity: "Working", Done: 1})
			if one.name == "events" {
				text := strings.SplitAfter(stdout.String(), "\n")
				if !strings.Contains(text[2], `"type":"progress","Activity":"Working","Status":"","Done":1`) {
					t.Errorf("no progress event: %q", text)
				}
				stdout.Reset()
				stdout.WriteString(text[0] + text[1])
			}
			if err := output.Object(several{{"p1", 1234567}, {"p2", 0}}); err != nil {
				t.Fatal(err)
			}
			if err := output.Close(one.outcome); err != nil {
				t.Fatal(err)
			}
			if stdout.String() != one.stdout || stderr.String() != one.stderr {
				t.Errorf("got\n%s--\n%s\nwant\n%s--\n%s", &stdout, &stderr, one.stdout, one.stderr)
			}
		})
	}
}

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	var stdout, stderr bytes.Buffer
	output := NewTables(Options{Stdout: &stdout, Stderr: &stderr, Verbose: true})
	hostile := "a\x1b[2Jb\nc\rd\u202ee"
	output.Warning(hostile)
	output.Verbose(hostile)
	if err := output.Object(several{{hostile, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := output.Close(failure.New(failure.FileNotFound, "", hostile, hostile)); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(stdout.String()+stderr.String(), "\x1b\r\u202e") || strings.Count(stderr.String(), "\n") != 3 {
		t.Errorf("got %q and %q", &stdout, &stderr)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestAnOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	o := Options{Stdout: broken{}, Stderr: &bytes.Buffer{}}
	for _, output := range []Output{NewJSON(o), NewTables(o), NewEvents(o.Stdout)} {
		if err := output.Object(pair{}); err == nil {
			t.Errorf("%T writes to a closed stream without an error", output)
		}
	}
	if err := NewEvents(o.Stdout).Close(nil); err == nil {
		t.Error("a result that could not be written is no error")
	}
}

func TestProgressIsThinnedButItsEndIsNot(t *testing.T) {
	thin := newThinner(time.Hour)
	shown := []bool{}
	for _, p := range []Progress{{Activity: "a"}, {Activity: "a"}, {Activity: "b"}, {Activity: "a", Completed: true}} {
		shown = append(shown, thin.due(p))
	}
	if want := []bool{true, false, true, true}; !equal(shown, want) {
		t.Errorf("got %v, want %v", shown, want)
	}
}

func equal(a, b []bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestPlainLinesTellHowFarWorkHasCome(t *testing.T) {
	var stderr bytes.Buffer
	output := NewJSON(Options{Stdout: &bytes.Buffer{}, Stderr: &stderr, Progress: PlainLines})
	output.Progress(Progress{Activity: "Synchronizing p1", Status: "NonSteadyState", Done: 1000, Total: 20000, Unit: "files", Bytes: 1 << 20, TotalBytes: 3 << 20, SecondsLeft: 90})
	output.Progress(Progress{Activity: "Synchronizing p1", Done: 20000, Total: 20000, Unit: "files", Completed: true})
	want := "Synchronizing p1, 1,000 of 20,000 files, 1.0 MiB of 3.0 MiB, NonSteadyState, 1m30s left\nSynchronizing p1, 20,000 of 20,000 files, done\n"
	if stderr.String() != want {
		t.Errorf("got %q, want %q", &stderr, want)
	}
}

func TestBarsEndWithTheCommand(t *testing.T) {
	var stdout, stderr bytes.Buffer
	output := NewTables(Options{Stdout: &stdout, Stderr: &stderr, Progress: Bars, Width: 100})
	output.Progress(Progress{Activity: "Working", Done: 1, Total: 3})
	output.Warning("take care")
	output.Progress(Progress{Activity: "Working", Done: 3, Total: 3, Completed: true})
	output.Progress(Progress{Activity: "Another", Done: 1})
	done := make(chan error, 1)
	go func() { done <- output.Close(nil) }()
	select {
	case err := <-done:
		if err != nil || !strings.Contains(stderr.String(), "take care") || !strings.Contains(stderr.String(), "Working, 3 of 3") || stdout.Len() != 0 {
			t.Errorf("%v, %q", err, &stderr)
		}
	case <-time.After(time.Minute):
		t.Fatal("the bars do not end")
	}
}

func TestAnyObjectHasATable(t *testing.T) {
	text, err := render(struct {
		Name string
		List []string
		None *int
	}{"x", []string{"a"}, nil}, 0)
	if want := "Name : x\nList : [\"a\"]\nNone : \n"; err != nil || text != want {
		t.Errorf("got %q (%v), want %q", text, err, want)
	}
}
