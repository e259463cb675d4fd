//go:build unix

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/sys/unix"
)

// processVariable makes the test's own executable the program.
const processVariable = "CSBACKUP_TEST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(processVariable) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signals()
	defer stop()
	fmt.Fprintln(os.NewFile(3, "ready"), "ready")
	os.Exit(Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// process is the program at work.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// start starts the program and waits until it hears signals. What change does comes before.
func start(t *testing.T, change func(*exec.Cmd), args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(exe, args...)}
	p.Env = append(os.Environ(), processVariable+"=1")
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	ready, told, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	p.ExtraFiles = []*os.File{told}
	if change != nil {
		change(p.Cmd)
	}
	if err := errors.Join(p.Start(), told.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	if n, err := ready.Read(make([]byte, 10)); n == 0 {
		t.Fatal(err, p.stderr.String())
	}
	return p
}

// ends waits for the end, which a signal that is not heard keeps from coming.
func (p *process) ends(t *testing.T) int {
	t.Helper()
	late := time.AfterFunc(30*time.Second, func() { _ = p.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// full gives the writing end of a pipe that takes nothing more, and whose reader stalls.
func full(t *testing.T) *os.File {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := unix.Write(ends[1], make([]byte, 4096)); err != nil {
			break
		}
	}
	if err := unix.SetNonblock(ends[1], false); err != nil {
		t.Fatal(err)
	}
	reader, writer := os.NewFile(uintptr(ends[0]), "reader"), os.NewFile(uintptr(ends[1]), "writer")
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return writer
}

// silent gives the reading end of a pipe whose writer says nothing.
func silent(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader
}

// locked holds the lock of a database that keeps everybody else out, until the test ends or unlock is called.
func locked(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"PRAGMA journal_mode=DELETE", "BEGIN EXCLUSIVE"} {
		if err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	open := true
	unlock = func() {
		if open {
			open = false
			if err := errors.Join(db.Exec("ROLLBACK"), db.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(unlock)
	return unlock
}

func TestTheFirstSignalEndsWhateverIsBlocked(t *testing.T) {
	dir, from, to, file := exportedSample(t)
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(dir, "held.db")
	chatDatabase(t, held)
	locked(t, held)
	request := func(text string) func(*exec.Cmd) {
		return func(c *exec.Cmd) {
			reader, writer, err := os.Pipe()
			if err == nil {
				_, err = writer.WriteString(text)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { reader.Close(); writer.Close() })
			c.Stdin = reader
		}
	}
	quiet := func(c *exec.Cmd) { c.Stdin = silent(t) }
	for name, one := range map[string]struct {
		change func(*exec.Cmd)
		args   []string
	}{
		"an archive that does not come":      {quiet, []string{"chat", "import", "--db-instance", to, "--byte-input"}},
		"a request that does not come":       {quiet, []string{"host"}},
		"a request's archive":                {request(`{"protocol":1,"command":"chat import","parameters":{"DBInstance":"` + to + `","ByteInput":true}}` + "\n"), []string{"host"}},
		"a reader of bytes that stalls":      {func(c *exec.Cmd) { c.Stdout = full(t) }, []string{"chat", "export", "--db-instance", from, "--as-bytes"}},
		"a reader of results that stalls":    {func(c *exec.Cmd) { c.Stdout = full(t) }, []string{"chat", "show", file}},
		"a reader of messages that stalls":   {func(c *exec.Cmd) { c.Stderr = full(t) }, []string{"chat", "import", "--db-instance", to, "--file-name", file, "--what-if"}},
		"a lock that is kept from a reader":  {nil, []string{"chat", "categories", "--db-instance", "sqlite:" + held}},
		"a lock that is kept from a writer":  {nil, []string{"chat", "import", "--db-instance", "sqlite:" + held, "--file-name", file}},
		"a lock that is kept from a creator": {nil, []string{"chat", "create-database", "--db-instance", "sqlite:" + held}},
		"a password that does not come": {func(c *exec.Cmd) {
			c.Env = append(c.Env, "CSBACKUP_SQL_USER=sa", "CSBACKUP_SQL_PASSWORD_FILE="+fifo)
		}, []string{"chat", "categories", "--db-instance", "127.0.0.1,1"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, one.change, append(one.args, "--output", "json")...)
			time.Sleep(200 * time.Millisecond) // so that it most likely is blocked; if not, it ends alike
			if err := p.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if code := p.ends(t); code != 130 || p.Stderr == &p.stderr && p.args()[0] != "host" && !strings.Contains(p.stderr.String(), `"Id":"Cancelled"`) {
				t.Errorf("exit code %d, %s%s", code, &p.stdout, &p.stderr)
			}
		})
	}
	for _, args := range [][]string{{"chat", "import", "--db-instance", to, "--file-name", fifo}, {"chat", "verify", fifo}, {"chat", "show", fifo}} {
		if got := run(t, args...); got.code != 7 || !strings.Contains(got.stderr, "is no file") {
			t.Errorf("%v gives %+v", args, got)
		}
	}
}

func (p *process) args() []string { return p.Args[1:] }

func TestWhateverEndsAnExportItsUnfinishedFileGoes(t *testing.T) {
	unfinished := func(dir string) []string {
		found, err := filepath.Glob(filepath.Join(dir, "*unfinished"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for name, end := range map[string]func(p *process, unlock func()) error{
		"SIGHUP":  func(p *process, _ func()) error { return p.Process.Signal(syscall.SIGHUP) },
		"SIGTERM": func(p *process, _ func()) error { return p.Process.Signal(syscall.SIGTERM) },
		"SIGINT":  func(p *process, _ func()) error { return p.Process.Signal(os.Interrupt) },
		"nobody reads what it says": func(_ *process, unlock func()) error {
			unlock()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from := chatDatabase(t, filepath.Join(dir, "from.db"))
			unlock := locked(t, filepath.Join(dir, "from.db"))
			p := start(t, func(c *exec.Cmd) {
				if name != "nobody reads what it says" {
					return
				}
				reader, writer, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { writer.Close() })
				reader.Close()
				c.Stderr = writer
			}, "chat", "export", "--db-instance", from, "--file-name", filepath.Join(dir, "chat.zip"))
			for len(unfinished(dir)) == 0 { // it waits for the database
				time.Sleep(time.Millisecond)
			}
			if err := end(p, unlock); err != nil {
				t.Fatal(err)
			}
			if code := p.ends(t); code != 130 {
				t.Errorf("exit code %d, %s", code, &p.stderr)
			}
			if left := unfinished(dir); len(left) > 0 {
				t.Errorf("there is %q", left)
			}
		})
	}
}
