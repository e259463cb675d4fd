package psmodule

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// event is one line of an answer.
type event struct {
	Schema                                int
	Type                                  string
	Protocol                              int
	Version, Message                      string
	Object                                map[string]any
	Base64                                []byte
	Activity                              string
	Done                                  int64
	Completed                             bool
	ID                                    string `json:"Id"`
	Category, Hint, Target                string
	Status, Unit                          string
	Total, Bytes, TotalBytes, SecondsLeft int64
}

// outcome is what a call of the executable came to, as the module sees it.
type outcome struct {
	id         string // of the failure; "" without one
	failure    event
	fatal      bool // nothing else can go on
	objects    []map[string]any
	warnings   []string
	progress   []event
	content    []byte
	code       int
	killed     bool // it did not end by itself when its standard input was closed
	diagnostic string
}

// patience is how long the client waits, and for what; the module has 30 s, 60 s and 1.5 s. Here the
// last is long: a machine that is busy with tests is no failure of the program.
type patience struct{ greeting, line, end time.Duration }

var usual = patience{time.Minute, 2 * time.Minute, 30 * time.Second}

const (
	longestLine = 8 << 20
	mostObjects = 10_000
)

// client calls an executable as the module does: one request, events up to the last one, and then
// its standard input is closed. It is written by the protocol's page, not after the module.
type client struct {
	t           *testing.T
	executable  string
	environment []string
	patience    patience
	// stop, if set, is asked after each event whether the caller has had enough.
	stop func(event) bool
	// bytes follow the request.
	bytes string
	// temporary is the caller's own folder for the call.
	temporary string
}

// call runs one command.
func (c *client) call(command string, parameters map[string]any) outcome {
	c.t.Helper()
	request, err := json.Marshal(map[string]any{"protocol": 1, "command": command, "parameters": parameters, "temporary": c.temporary})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(string(request) + "\n" + c.bytes)
}

// send writes a request as it is.
func (c *client) send(request string) outcome {
	c.t.Helper()
	cmd := exec.Command(c.executable, "host")
	cmd.Env = append(os.Environ(), c.environment...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	var diagnostic tail
	cmd.Stderr = &diagnostic
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(stdin, request) }() // one that does not read must not hold us
	lines := make(chan string)
	ended := make(chan struct{})
	defer close(ended)
	go readLines(stdout, lines, ended)

	var o outcome
	o.read(c, lines)
	stdin.Close()
	go func() {
		for range lines { // what comes after the last line is of no interest
		}
	}()
	var killed atomic.Bool
	timer := time.AfterFunc(c.patience.end, func() {
		killed.Store(true)
		_ = cmd.Process.Kill()
	})
	_ = cmd.Wait() // the exit code tells it
	timer.Stop()
	o.killed, o.code, o.diagnostic = killed.Load(), cmd.ProcessState.ExitCode(), diagnostic.String()
	return o
}

func readLines(from io.Reader, to chan<- string, ended <-chan struct{}) {
	defer close(to)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if at := bytes.IndexByte(data, '\n'); at >= 0 {
			return at + 1, data[:at], nil
		}
		return 0, nil, nil // half a line is none
	})
	for lines.Scan() {
		select {
		case to <- lines.Text():
		case <-ended:
			return
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		to <- "too long"
	}
}

func (o *outcome) fail(id string, fatal bool) { o.id, o.fatal = id, fatal }

// read takes the answer up to its end.
func (o *outcome) read(c *client, lines <-chan string) {
	first := true
	wait := c.patience.greeting
	for {
		var line string
		var more bool
		select {
		case line, more = <-lines:
		case <-time.After(wait):
			o.fail("ExecutableSilent", first)
			return
		}
		if !more {
			o.fail("AnswerIncomplete", first)
			return
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Type == "" {
			o.fail("AnswerUnreadable", first)
			return
		}
		for i := range len(line) {
			if line[i] >= 0x80 {
				c.t.Errorf("an answer is not in ASCII: %q", line)
				break
			}
		}
		if first {
			if e.Type != "hello" {
				o.fail("AnswerUnreadable", true)
				return
			}
			if e.Schema != 1 || e.Protocol != 1 {
				o.fail("ProtocolMismatch", true)
				return
			}
			first, wait = false, c.patience.line
			continue
		}
		if o.take(e) || c.stop != nil && c.stop(e) {
			return
		}
	}
}

// take carries out one event and tells whether it was the last.
func (o *outcome) take(e event) bool {
	switch e.Type {
	case "object":
		if len(o.objects) >= mostObjects {
			o.fail("AnswerUnreadable", false)
			return true
		}
		o.objects = append(o.objects, e.Object)
	case "warning":
		o.warnings = append(o.warnings, e.Message)
	case "progress":
		o.progress = append(o.progress, e)
	case "bytes":
		o.content = append(o.content, e.Base64...)
	case "error":
		o.failure = e
		o.fail(e.ID, false)
		return true
	case "result":
		return true
	}
	return false
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(text), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.text)
}

var (
	building    sync.Mutex
	buildDir    string
	executables = map[string]string{}
)

// build compiles a program of the project, once for all tests.
func build(t *testing.T, program string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	if executables[program] == "" {
		path := filepath.Join(buildDir, filepath.Base(program)+exeSuffix())
		build := exec.Command("go", "build", "-o", path, program)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s cannot be built: %v\n%s", program, err, output)
		}
		executables[program] = path
	}
	return executables[program]
}

func exeSuffix() string {
	if os.PathSeparator == '\\' {
		return ".exe"
	}
	return ""
}

func TestMain(m *testing.M) {
	code := 1
	dir, err := os.MkdirTemp("", "host") // short: a socket's path may have about 100 bytes
	if err == nil {
		buildDir = dir
		code = m.Run()
		err = os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestAHostThatDoesWrongGivesOneClearFailureAndIsGone(t *testing.T) {
	fake := build(t, "csbackup/psmodule/tests/fakehost")
	short := patience{greeting: time.Minute, line: time.Minute, end: time.Second}
	impatient := patience{greeting: time.Second, line: time.Second, end: time.Second}
	for mode, want := range map[string]struct {
		id       string
		fatal    bool
		killed   bool
		patience patience
	}{
		"good":           {"", false, false, usual},
		"nonsense":       {"AnswerUnreadable", true, false, usual},
		"late-nonsense":  {"AnswerUnreadable", false, false, usual},
		"nothing":        {"AnswerIncomplete", true, false, usual},
		"no-result":      {"AnswerIncomplete", false, false, usual},
		"half":           {"AnswerIncomplete", false, false, usual},
		"crash":          {"AnswerIncomplete", false, false, usual},
		"gigabyte":       {"AnswerUnreadable", true, true, short},
		"late-gigabyte":  {"AnswerUnreadable", false, true, short},
		"other-protocol": {"ProtocolMismatch", true, false, usual},
		"wrong-progress": {"AnswerUnreadable", false, false, usual},
		"many-objects":   {"AnswerUnreadable", false, true, short},
		"error":          {"PoolNotFound", false, false, usual},
		"strange-error":  {"", false, false, usual},
		"steering":       {"", false, false, usual},
		"silent":         {"ExecutableSilent", true, true, impatient},
		"chatter":        {"", false, false, usual},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := &client{t: t, executable: fake, environment: []string{"FAKEHOST=" + mode}, patience: want.patience}
			got := c.call("status", map[string]any{"PoolFqdn": "pool1.contoso.com"})
			// An endless line ends by itself too, when nobody reads it any more.
			if got.id != want.id || got.fatal != want.fatal || got.killed && !want.killed || want.killed && !got.killed && !strings.Contains(mode, "gigabyte") && mode != "many-objects" {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

func TestAStoppedCallEndsTheHost(t *testing.T) {
	fake := build(t, "csbackup/psmodule/tests/fakehost")
	for mode, killed := range map[string]bool{"obedient": false, "stuck": true} {
		notes := filepath.Join(t.TempDir(), "notes")
		c := &client{t: t, executable: fake, environment: []string{"FAKEHOST=" + mode, "FAKEHOST_RECORD=" + notes}, patience: usual,
			stop: func(e event) bool { return e.Type == "alive" }}
		if killed {
			c.patience.end = time.Second
		}
		got := c.call("sync", map[string]any{"PoolFqdn": "pool1.contoso.com", "Wait": true})
		written, err := os.ReadFile(notes)
		if got.killed != killed || !killed && (err != nil || string(written) != "standard input ended\n") {
			t.Errorf("%s: %+v, %q (%v)", mode, got, written, err)
		}
	}
}
