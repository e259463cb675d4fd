package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/command"
	"csbackup/internal/failure"

	"github.com/spf13/cobra"
)

const pools = `pools:
  - fqdn: pool1.contoso.com
    backupPool: pool2.contoso.com
    service: https://127.0.0.1:1
    fileStore: %DIR%/pool1
    serviceIds: {WebServices: 1-WebServices-1, BackupService: 1-BackupService-3, ApplicationServer: 1-ApplicationServer-1}
  - fqdn: pool2.contoso.com
    backupPool: pool1.contoso.com
    service: https://127.0.0.1:2
    fileStore: %DIR%/pool2
    serviceIds: {WebServices: 1-WebServices-2, BackupService: 1-BackupService-4, ApplicationServer: 1-ApplicationServer-2}
`

// outcome is what a person or a script sees of one run.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "pools.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(pools, "%DIR%", filepath.ToSlash(dir))), 0o600); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) string {
		return map[string]string{"CSBACKUP_TOPOLOGY": path, "CSBACKUP_RUNTIME_DIR": dir}[name]
	}
	var stdout, stderr bytes.Buffer
	code := Run(context.Background(), args, strings.NewReader(""), &stdout, &stderr, lookup)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestMistakesInTheFlagsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"nothing"}, {"configuration"}, {"configuration", "sett"}, {"status"}, {"status", "--pool-fqdn"},
		{"status", "--pool-fqdn", "pool1.contoso.com", "extra"}, {"status", "--nothing"}, {"version", "--output", "xml"},
		{"version", "--log-level", "loud"}, {"configuration", "set"}, {"configuration", "set", "--sync-interval", "00:00:04"},
		{"configuration", "set", "--sync-interval", "3"}, {"configuration", "set", "--max-concurrent-calls", "many"},
		{"configuration", "get", "--identity", "Site"}, {"configuration", "get", "--identity", "global", "--filter", "*"},
		{"status", "--pool-fqdn", "pool1.contoso.com", "--backup-module", "DataCon"},
		{"status", "--pool-fqdn", "pool1.contoso.com", "--category", "Users"},
		{"status", "--pool-fqdn", "pool1.contoso.com", "--category", "CMS", "--backup-module", "DataConf"},
		{"versions", "restore", "--pool-fqdn", "pool1.contoso.com"}, {"loss", "confirm", "--pool-fqdn", "pool1.contoso.com"},
		{"certificate", "create"}, {"certificate", "create", "--dir", "x"}, {"completion", "tcsh"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			got := run(t, args...)
			if got.code != 2 || got.stdout != "" {
				t.Errorf("exit code %d, standard output %q, want 2 and nothing; %s", got.code, got.stdout, got.stderr)
			}
			var object struct{ Id, Message, Hint string }
			if err := json.Unmarshal([]byte(got.stderr), &object); err != nil || object.Id == "" || object.Message == "" || object.Hint == "" {
				t.Errorf("standard error is not one JSON object with an Id: %q (%v)", got.stderr, err)
			}
			table := run(t, append(args, "--output", "table")...)
			if lines := strings.Count(table.stderr, "\n"); !slices.Contains(args, "--output") && lines != 1 {
				t.Errorf("the error for people has %d lines: %q", lines, table.stderr)
			}
		})
	}
}

func TestRelationshipWorksWhileThePoolIsDown(t *testing.T) {
	got := run(t, "relationship", "--pool-fqdn", "POOL1.contoso.com")
	if want := "{\"PoolFqdn\":\"pool1.contoso.com\",\"BackupPoolFqdn\":\"pool2.contoso.com\"}\n"; got.code != 0 || got.stdout != want || got.stderr != "" {
		t.Errorf("got %+v, want %q", got, want)
	}
	if got := run(t, "relationship", "--pool-fqdn", "pool3.contoso.com"); got.code != 4 || got.stdout != "" || !strings.Contains(got.stderr, `"Id":"PoolNotFound"`) {
		t.Errorf("an unknown pool gives %+v", got)
	}
}

// A pool without a partner has no service that could be started: that is what is said.
func TestAPoolWithoutAPartnerIsAnErrorOfItsOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pools.yaml")
	if err := os.WriteFile(file, []byte("pools:\n  - {fqdn: pool9.contoso.com, service: https://fe9.contoso.com:5077, fileStore: /srv/lync/pool9, serviceIds: {WebServices: 1-WebServices-1, BackupService: 1-BackupService-3, ApplicationServer: 1-ApplicationServer-1}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"sync"}, {"relationship"}, {"versions", "list"}, {"loss", "show"}} {
		got := run(t, append(args, "--pool-fqdn", "pool9.contoso.com", "--topology", file)...)
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, `"Id":"PoolNotPaired"`) {
			t.Errorf("%v gives %+v", args, got)
		}
	}
	if got := run(t, "configuration", "get", "--topology", file, "--output", "events"); got.code != 0 || strings.Contains(got.stdout, "pool9") {
		t.Errorf("its settings: %+v", got)
	}
}

func TestAStoppedServiceIsAnErrorAndNoObject(t *testing.T) {
	for _, args := range [][]string{
		{"status", "--pool-fqdn", "pool1.contoso.com"}, {"sync", "--pool-fqdn", "pool1.contoso.com"},
		{"versions", "list", "--pool-fqdn", "pool1.contoso.com"}, {"loss", "show", "--pool-fqdn", "pool1.contoso.com"},
		{"configuration", "reset"}, {"configuration", "set", "--sync-interval", "00:05:00"},
	} {
		got := run(t, args...)
		if got.code == 0 || got.code == 2 || got.stdout != "" || !strings.Contains(got.stderr, `"Hint":"`) {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}

func TestConfigurationGetAlwaysSucceeds(t *testing.T) {
	for _, args := range [][]string{{"configuration", "get"}, {"configuration", "get", "--topology", "/nowhere"}} {
		got := run(t, append(args, "--log-level", "info", "--progress", "none")...)
		if got.code != 0 || !strings.HasPrefix(got.stdout, `{"Identity":"Global","SyncInterval":"00:02:00"`) || !strings.Contains(got.stderr, "defaults") {
			t.Errorf("%v gives %+v", args, got)
		}
	}
	if got := run(t, "configuration", "get", "--filter", "site*"); got.code != 0 || got.stdout != "" {
		t.Errorf("a filter that does not match gives %+v", got)
	}
}

func TestPastedDashesWorkAsHyphens(t *testing.T) {
	for _, flag := range []string{"–pool-fqdn", "—pool-fqdn", "––pool-fqdn", "−pool-fqdn"} {
		if got := run(t, "relationship", flag, "pool1.contoso.com"); got.code != 0 {
			t.Errorf("%s gives %+v", flag, got)
		}
		if got := run(t, "relationship", flag+"=pool1.contoso.com"); got.code != 0 {
			t.Errorf("%s= gives %+v", flag, got)
		}
	}
	got := plainDashes(&cobra.Command{}, []string{"–h", "–not a flag", "–", "--", "–h"})
	if want := []string{"-h", "–not a flag", "–", "--", "–h"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsEndInResultOrError(t *testing.T) {
	if got := run(t, "version", "--output", "events"); got.code != 0 || !strings.HasSuffix(got.stdout, "{\"schema\":1,\"type\":\"result\"}\n") {
		t.Errorf("got %+v", got)
	}
	for _, args := range [][]string{{"status", "--output", "events"}, {"status", "--nothing", "--output=events"}} {
		if got := run(t, args...); got.code != 2 || !strings.HasPrefix(got.stdout, `{"schema":1,"type":"error","Id":"InvalidUsage"`) {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}

func TestACancelledCommandExits130(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stdin, open := io.Pipe()
	defer open.Close()
	go func() { _, _ = io.WriteString(open, "{\"protocol\":1,\"command\":\"wait\"}\n") }()
	var stdout, stderr bytes.Buffer
	s := &session{stdin: stdin, stdout: &stdout, stderr: &stderr, lookup: func(string) string { return "" },
		table: map[string]func() command.Command{"wait": func() command.Command { return waiting{} }}}
	root := &cobra.Command{Use: "csbackup", SilenceErrors: true, SilenceUsage: true}
	s.global.addFlags(root.PersistentFlags())
	s.add(root, leaf{path: "wait", use: "wait"})
	addHost(root, s)
	for _, args := range [][]string{{"wait"}, {"host"}} {
		root.SetArgs(args)
		if code := failure.ExitCode(root.ExecuteContext(ctx)); code != 130 {
			t.Errorf("%v gives exit code %d; %s%s", args, code, &stdout, &stderr)
		}
	}
}

// waiting is a command that does nothing until it is cancelled, and then reports what it was at.
type waiting struct{}

func (waiting) Run(ctx context.Context, _ *command.Environment) error {
	<-ctx.Done()
	return failure.Wrap(failure.ServiceUnreachable, "", "The call failed", "Try again.", ctx.Err())
}

func TestEveryCommandHasAnExampleAndStandsInTheTable(t *testing.T) {
	s := &session{table: command.Table()}
	root := newRoot(s)
	reached := map[string]bool{}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Example == "" {
			t.Errorf("%q has no example", cmd.CommandPath())
		}
		if cmd.Short == "" {
			t.Errorf("%q has no description", cmd.CommandPath())
		}
		reached[strings.TrimPrefix(cmd.CommandPath(), "csbackup ")] = true
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(root)
	for path := range s.table {
		if !reached[path] {
			t.Errorf("%q of the command table cannot be reached from the command line", path)
		}
	}
}

func TestALogFileThatCannotBeWrittenIsAnError(t *testing.T) {
	got := run(t, "version", "--log-file", filepath.Join(t.TempDir(), "missing", "log"))
	if got.code != 1 || !strings.Contains(got.stderr, `"Id":"FileNotWritable"`) {
		t.Errorf("got %+v", got)
	}
}

func TestTablesAreForPeople(t *testing.T) {
	got := run(t, "relationship", "--pool-fqdn", "pool1.contoso.com", "--output", "table")
	if want := "PoolFqdn       : pool1.contoso.com\nBackupPoolFqdn : pool2.contoso.com\n"; got.stdout != want {
		t.Errorf("got %q, want %q", got.stdout, want)
	}
}
