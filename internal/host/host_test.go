package host

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"csbackup/internal/command"
	"csbackup/internal/failure"

	"github.com/spf13/pflag"
)

// probe is a command whose options hold one of each type.
type probe struct {
	PoolFqdn  string
	Limit     *int
	Force     bool
	Scope     []string
	ByteInput bool
	inner
	run func(ctx context.Context, env *command.Environment, p *probe) error
}

func (p *probe) TakesBytes() bool { return p.ByteInput }

type inner struct{ Certificate string }

func (p *probe) AddFlags(*pflag.FlagSet) {}

func (p *probe) Run(ctx context.Context, env *command.Environment) error {
	if p.run == nil {
		return env.Sink.Object(map[string]any{"PoolFqdn": p.PoolFqdn, "Limit": p.Limit, "Force": p.Force, "Scope": p.Scope, "Certificate": p.Certificate, "Topology": env.Topology})
	}
	return p.run(ctx, env, p)
}

func serve(ctx context.Context, stdin io.Reader, run func(context.Context, *command.Environment, *probe) error) (lines []map[string]any, raw string, err error) {
	var stdout bytes.Buffer
	err = Serve(ctx, Options{Stdin: stdin, Stdout: &stdout, Log: slog.New(slog.DiscardHandler), Lookup: func(string) string { return "" },
		Commands: map[string]func() command.Command{"a probe": func() command.Command { return &probe{run: run} }}})
	raw = stdout.String()
	for line := range strings.Lines(raw) {
		one := map[string]any{}
		if decodeErr := json.Unmarshal([]byte(line), &one); decodeErr != nil {
			one["broken"] = line
		}
		lines = append(lines, one)
	}
	return lines, raw, err
}

func TestARequestBecomesOptionsAndItsOutcomeEvents(t *testing.T) {
	request := `{"protocol":1,"command":"a probe","parameters":{"PoolFqdn":"p\"1","Limit":3,"Force":true,"Scope":["a","b"],"Certificate":null},"topology":"t.yaml"}` + "\n"
	lines, raw, err := serve(context.Background(), strings.NewReader(request), nil)
	if err != nil || len(lines) != 3 || lines[0]["type"] != "hello" || lines[0]["protocol"] != 1.0 || lines[2]["type"] != "result" {
		t.Fatalf("%v, %s", err, raw)
	}
	want := `{"schema":1,"type":"object","object":{"Certificate":"","Force":true,"Limit":3,"PoolFqdn":"p\"1","Scope":["a","b"],"Topology":"t.yaml"}}`
	if !strings.Contains(raw, want+"\n") {
		t.Errorf("got %s, want %s", raw, want)
	}
}

func TestWhoCallsThroughTheDoorIsAdvisedInItsWords(t *testing.T) {
	lines, raw, err := serve(context.Background(), strings.NewReader(`{"protocol":1,"command":"a probe"}`+"\n"), func(_ context.Context, env *command.Environment, _ *probe) error {
		env.Sink.Verbose(env.Word("Run csbackup sync --pool-fqdn p."))
		return fmt.Errorf("around it: %w", failure.New(failure.InvalidUsage, "x", "It is --scope", "Leave --scope out."))
	})
	if err == nil || len(lines) != 3 || lines[1]["message"] != "Run Invoke-CsBackupServiceSync -PoolFqdn p." || lines[2]["Hint"] != "Leave -Scope out." || lines[2]["Message"] != "It is --scope" {
		t.Errorf("%v, %s", err, raw)
	}
}

func TestAWrongRequestIsAnsweredWithOneError(t *testing.T) {
	for _, one := range []struct{ request, id string }{
		{"", "InvalidUsage"},
		{"\n", "InvalidUsage"},
		{"nonsense\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe"}`, "InvalidUsage"}, // cut off before its line feed
		{`[1]` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe"} {}` + "\n", "InvalidUsage"},
		{`{"command":"a probe"}` + "\n", "ProtocolMismatch"},
		{`{"protocol":2,"command":"a probe"}` + "\n", "ProtocolMismatch"},
		{`{"protocol":1.5,"command":"a probe"}` + "\n", "ProtocolMismatch"},
		{`{"protocol":"x","command":"a probe"}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"serve; rm"}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"Command":"a probe"}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","command":"a probe"}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":[]}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"poolfqdn":"x"}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"Nothing":1}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"PoolFqdn":1}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"Limit":1e99}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"PoolFqdn":"a","PoolFqdn":"b"}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"run":null}}` + "\n", "InvalidUsage"},
		{`{"protocol":1,"command":"a probe","parameters":{"PoolFqdn":"` + strings.Repeat("x", maxRequest) + `"}}` + "\n", "InvalidUsage"},
		{strings.Repeat("[", 1<<20-1) + "\n", "InvalidUsage"},
		{"{\"protocol\":1,\"command\":\"\xff\"}\n", "InvalidUsage"},
	} {
		ran := false
		lines, raw, err := serve(context.Background(), strings.NewReader(one.request), func(context.Context, *command.Environment, *probe) error {
			ran = true
			return nil
		})
		short := one.request[:min(len(one.request), 100)]
		if err == nil || ran || len(lines) != 2 || lines[1]["type"] != "error" || lines[1]["Id"] != one.id {
			t.Errorf("%q: ran %v, %v, %s", short, ran, err, raw)
		}
	}
}

func TestTheEndOfStandardInputCancels(t *testing.T) {
	reader, writer := io.Pipe()
	begun := make(chan struct{})
	go func() {
		_, _ = io.WriteString(writer, `{"protocol":1,"command":"a probe"}`+"\n")
		<-begun
		writer.Close()
	}()
	lines, raw, err := serve(context.Background(), reader, func(ctx context.Context, _ *command.Environment, _ *probe) error {
		close(begun)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("nobody cancelled")
		}
	})
	if failure.ExitCode(err) != failure.ExitCancelled || lines[len(lines)-1]["Id"] != "Cancelled" {
		t.Errorf("%v, %s", err, raw)
	}
}

func TestBytesThatNobodyWantsDoNotHideTheEndOfStandardInput(t *testing.T) {
	request := `{"protocol":1,"command":"a probe"}` + "\n" + strings.Repeat("QUJD", 1<<18) + "\nand more\n"
	lines, raw, err := serve(context.Background(), strings.NewReader(request), func(ctx context.Context, env *command.Environment, _ *probe) error {
		if n, err := io.Copy(io.Discard, env.Stdin); n != 0 || err != nil {
			return fmt.Errorf("%d bytes arrived, %v", n, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("nobody cancelled")
		}
	})
	if failure.ExitCode(err) != failure.ExitCancelled || lines[len(lines)-1]["Id"] != "Cancelled" {
		t.Errorf("%v, %s", err, raw)
	}
}

func TestAByteOrderMarkIsPassedOver(t *testing.T) {
	if _, raw, err := serve(context.Background(), strings.NewReader("\xef\xbb\xbf"+`{"protocol":1,"command":"a probe"}`+"\n"), nil); err != nil {
		t.Errorf("%v, %s", err, raw)
	}
}

// oneLineOnly is a caller who reads the greeting and is gone then.
type oneLineOnly struct{ lines int }

func (o *oneLineOnly) Write(line []byte) (int, error) {
	if o.lines++; o.lines > 1 {
		return 0, io.ErrClosedPipe
	}
	return len(line), nil
}

func TestACommandWithoutAReaderIsCancelled(t *testing.T) {
	stdin, open := io.Pipe()
	defer open.Close()
	go func() { _, _ = io.WriteString(open, `{"protocol":1,"command":"a probe"}`+"\n") }()
	err := Serve(context.Background(), Options{Stdin: stdin, Stdout: &oneLineOnly{}, Log: slog.New(slog.DiscardHandler), AliveEvery: time.Millisecond,
		Lookup: func(string) string { return "" }, Commands: map[string]func() command.Command{"a probe": func() command.Command {
			return &probe{run: func(ctx context.Context, _ *command.Environment, _ *probe) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Minute):
					return errors.New("nobody cancelled")
				}
			}}
		}}})
	if failure.ExitCode(err) != failure.ExitCancelled {
		t.Errorf("got %v", err)
	}
}

func TestTheCallerIsToldThatTheProgramLives(t *testing.T) {
	stdin, open := io.Pipe()
	defer open.Close()
	go func() { _, _ = io.WriteString(open, `{"protocol":1,"command":"a probe"}`+"\n") }()
	answer, stdout := io.Pipe()
	told := make(chan struct{})
	var rest []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(answer); lines.Scan(); {
			if lines.Text() == `{"schema":1,"type":"alive"}` {
				select {
				case <-told:
				default:
					close(told)
				}
				continue
			}
			rest = append(rest, lines.Text())
		}
	}()
	err := Serve(context.Background(), Options{Stdin: stdin, Stdout: stdout, Log: slog.New(slog.DiscardHandler), AliveEvery: time.Millisecond,
		Lookup: func(string) string { return "" }, Commands: map[string]func() command.Command{"a probe": func() command.Command {
			return &probe{run: func(context.Context, *command.Environment, *probe) error {
				select {
				case <-told:
					return nil
				case <-time.After(time.Minute):
					return errors.New("the caller heard nothing")
				}
			}}
		}}})
	stdout.Close()
	<-read
	if err != nil || len(rest) != 2 || rest[1] != `{"schema":1,"type":"result"}` {
		t.Errorf("%v, %q", err, rest)
	}
}

func TestBytesGoInAndOut(t *testing.T) {
	content := bytes.Repeat([]byte("archive\x00\xff"), 20_000)
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() {
		_, _ = io.WriteString(writer, `{"protocol":1,"command":"a probe","parameters":{"ByteInput":true}}`+"\n"+base64.StdEncoding.EncodeToString(content)+"\n")
	}()
	lines, _, err := serve(context.Background(), reader, func(_ context.Context, env *command.Environment, _ *probe) error {
		_, err := io.Copy(env.Stdout, env.Stdin)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var back []byte
	for _, line := range lines {
		if line["type"] == "bytes" {
			piece, err := base64.StdEncoding.DecodeString(line["base64"].(string))
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, piece...)
		}
	}
	if !bytes.Equal(back, content) {
		t.Errorf("%d bytes came back of %d", len(back), len(content))
	}
}

func TestEveryCommandCanBeAskedForByItsParameters(t *testing.T) {
	for path, create := range command.Table() {
		if err := fill(create(), path, json.RawMessage(`{"NoSuchParameter":1}`)); !failure.IsID(err, failure.InvalidUsage) {
			t.Errorf("%s: %v", path, err)
		}
	}
	set := &command.ConfigurationSet{}
	if err := fill(set, "configuration set", json.RawMessage(`{"SyncInterval":"00:05:00","EnableRgsBackupService":true,"AuthorizedUniversalGroups":["a"]}`)); err != nil ||
		set.SyncInterval.Duration() != 5*time.Minute || !*set.EnableRgsBackupService || (*set.AuthorizedUniversalGroups)[0] != "a" {
		t.Errorf("%v, %+v", err, set)
	}
	if err := fill(set, "configuration set", json.RawMessage(`{"SyncInterval":"soon"}`)); failure.ExitCode(err) != failure.ExitUsage {
		t.Errorf("a bad interval gives %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"protocol":1,"command":"status","parameters":{"PoolFqdn":"a"},"topology":"x"}`))
	f.Add([]byte(`{"protocol":1,"command":"configuration set","parameters":{"SyncInterval":"00:05:00"}}`))
	f.Add([]byte(`{"protocol":1,"command":"a","command":"b"}`))
	table := command.Table()
	f.Fuzz(func(t *testing.T, line []byte) {
		asked, err := parse(line, table)
		if err == nil && asked.command == nil {
			t.Error("neither a command nor an error")
		}
		if err != nil && failure.ExitCode(err) == 0 {
			t.Errorf("an error with exit code 0: %v", err)
		}
		var known *failure.Error
		if err != nil && !errors.As(err, &known) {
			t.Errorf("an error without an id: %v", err)
		}
	})
}
