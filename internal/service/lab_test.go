//go:build !windows

package service_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"csbackup/internal/loopback"
)

const (
	one  = "pool1.contoso.com"
	two  = "pool2.contoso.com"
	conf = "ConfServices.DataConf"
	// patience bounds every wait; nothing waits that long unless it fails.
	patience = 3 * time.Minute
)

var built struct {
	sync.Once
	path string
	err  error
}

// executable builds csbackup once for all tests of the package.
func executable(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		var dir string
		if dir, built.err = os.MkdirTemp("", "csbackup"); built.err != nil {
			return
		}
		built.path = filepath.Join(dir, "csbackup")
		if out, err := exec.Command("go", "build", "-o", built.path, "csbackup/cmd/csbackup").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// TestMain lets more tests run at once than there are processors: they wait for processes.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == fmt.Sprint(runtime.GOMAXPROCS(0)) {
		if err := f.Value.Set("10"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// lab is two pools on this machine, served by real processes.
type lab struct {
	t   *testing.T
	dir string
	exe string
	env []string // more of the environment of what is run
	// account runs the services that are started, where it is not this one.
	account uint32
}

// process is one running service.
type process struct {
	*exec.Cmd
	log     string
	runtime string
	ended   chan error
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, exe: executable(t)}
	var err error
	if l.dir, err = os.MkdirTemp("", "lab"); err != nil { // short: a socket's path may have about 100 bytes
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(l.dir) })
	l.topology(one, two)
	for _, pool := range []string{one, two} {
		l.must("certificate", "create", "--dir", filepath.Join(l.dir, "certs"), "--pool-fqdn", pool)
		for _, folder := range []string{"CollabContent", "CollabMetadata"} {
			l.check(os.MkdirAll(filepath.Join(l.tree(pool), folder), 0o755))
		}
	}
	return l
}

// topology writes the file that pairs two pools, each at a free address.
func (l *lab) topology(pools ...string) {
	var text strings.Builder
	text.WriteString("pools:\n")
	for i, pool := range pools {
		fmt.Fprintf(&text, "  - {fqdn: %s, backupPool: %s, service: https://%s, fileStore: %s, serviceIds: {WebServices: 1-WebServices-%s, BackupService: 1-BackupService-3, ApplicationServer: 1-ApplicationServer-1}}\n",
			pool, pools[1-i], freeAddress(l.t), l.store(pool), pool[4:5])
	}
	l.check(os.WriteFile(filepath.Join(l.dir, "pools.yaml"), []byte(text.String()), 0o600))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (l *lab) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) store(pool string) string {
	return filepath.Join(l.dir, strings.TrimSuffix(pool, ".contoso.com"))
}
func (l *lab) tree(pool string) string {
	return filepath.Join(l.store(pool), "1-WebServices-"+pool[4:5])
}

func (l *lab) environment(runtimeDir string) []string {
	return append(append(os.Environ(), l.env...), "CSBACKUP_TOPOLOGY="+filepath.Join(l.dir, "pools.yaml"), "CSBACKUP_RUNTIME_DIR="+runtimeDir)
}

type outcome struct {
	code           int
	stdout, stderr string
}

// run runs a command as a person would type it.
func (l *lab) run(args ...string) outcome { return l.runAt(filepath.Join(l.dir, "run"), args...) }

func (l *lab) runAt(runtimeDir string, args ...string) outcome {
	cmd := exec.Command(l.exe, args...)
	cmd.Env = l.environment(runtimeDir)
	return l.finish(cmd)
}

// runAs runs a command as another user.
func (l *lab) runAs(user uint32, args ...string) outcome {
	cmd := exec.Command(l.exe, args...)
	cmd.Env = l.environment(filepath.Join(l.dir, "run"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	return l.finish(cmd)
}

func (l *lab) finish(cmd *exec.Cmd) outcome {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		l.t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (l *lab) must(args ...string) outcome {
	l.t.Helper()
	got := l.run(args...)
	if got.code != 0 {
		l.t.Fatalf("%v gives %+v", args, got)
	}
	return got
}

// start starts a pool's service and does not wait for it; more replaces or adds flags.
func (l *lab) start(pool string, more ...string) *process {
	l.t.Helper()
	certs := filepath.Join(l.dir, "certs")
	p := &process{runtime: filepath.Join(l.dir, "run"), ended: make(chan error, 1)}
	args := append([]string{"serve", "--pool-fqdn", pool, "--state-dir", filepath.Join(l.dir, "state", pool),
		"--certificate", filepath.Join(certs, pool+".pem"), "--ca", filepath.Join(certs, "ca.pem")}, more...)
	if !slices.Contains(more, "--password-file") && !slices.Contains(more, "--private-key") { // a PFX holds its key
		args = append(args, "--private-key", filepath.Join(certs, pool+".key"))
	}
	for i, one := range more {
		if one == "--runtime-dir" {
			p.runtime = more[i+1]
		}
	}
	log, err := os.CreateTemp(l.dir, pool+"-*.log")
	l.check(err)
	defer log.Close()
	p.log = log.Name()
	p.Cmd = exec.Command(l.exe, args...)
	p.Env, p.Stdout, p.Stderr = l.environment(p.runtime), log, log
	if l.account != 0 {
		p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: l.account, Gid: l.account}}
	}
	l.check(p.Start())
	go func() { p.ended <- p.Wait() }()
	l.t.Cleanup(func() {
		if l.t.Failed() {
			text, _ := os.ReadFile(p.log)
			l.t.Logf("the log of %s:\n%s", pool, text)
		}
		_ = p.Process.Signal(syscall.SIGCONT)
		_ = p.Process.Kill()
		select {
		case <-p.ended:
		case <-time.After(patience):
		}
	})
	return p
}

// serve starts a pool's service and waits until it answers.
func (l *lab) serve(pool string, more ...string) *process {
	l.t.Helper()
	p := l.start(pool, more...)
	l.until(pool+" answers", func() bool { return l.runAt(p.runtime, "status", "--pool-fqdn", pool).code == 0 })
	return p
}

var stopped = regexp.MustCompile(`time=(\S+) level=\w+ msg="?stopped `)

// stop ends a service kindly and tells how long that took. A service that says that it has stopped may have
// to wait for what the system still writes to a slow disk: that is none of its time.
func (l *lab) stop(p *process) time.Duration {
	l.t.Helper()
	begun := time.Now()
	l.check(p.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.ended:
		p.ended <- err
		if err != nil {
			l.t.Errorf("a service that was told to stop ends with %v", err)
		}
	case <-time.After(patience):
		l.t.Fatal("the service does not stop")
	}
	if said := stopped.FindStringSubmatch(l.logOf(p)); said != nil {
		when, err := time.Parse(time.RFC3339, said[1])
		l.check(err)
		return when.Sub(begun)
	}
	return time.Since(begun)
}

// until waits for something to come true.
func (l *lab) until(what string, done func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("it did not come about that %s; %s: %+v; %s: %+v", what, one, l.run("status", "--pool-fqdn", one), two, l.run("status", "--pool-fqdn", two))
		}
	}
}

type moduleStatus struct {
	Identity, ExportStatus, ImportStatus, Reason         string
	Backlog, BacklogBytes, Conflicts, Suspects           int64
	LastExportTime, LastImportTime, LastAcknowledgedTime *time.Time
}

func (l *lab) status(pool string) moduleStatus {
	l.t.Helper()
	return l.statusAt(filepath.Join(l.dir, "run"), pool)
}

func (l *lab) statusAt(runtimeDir, pool string) moduleStatus {
	l.t.Helper()
	got := l.runAt(runtimeDir, "status", "--pool-fqdn", pool, "--backup-module", conf, "--output", "json")
	var s struct{ BackupModules []moduleStatus }
	if got.code != 0 || json.Unmarshal([]byte(got.stdout), &s) != nil || len(s.BackupModules) != 1 {
		l.t.Fatalf("status gives %+v", got)
	}
	return s.BackupModules[0]
}

// synced asks for a full comparison and waits until all of it has arrived.
func (l *lab) synced(pool string) {
	l.t.Helper()
	l.must("sync", "--pool-fqdn", pool, "--backup-module", conf)
	l.until(pool+" is in FinalState", func() bool { return l.status(pool).ExportStatus == "FinalState" })
}

// write puts a file into a pool's content, with a time that lies back.
func (l *lab) write(pool, name, content string) {
	l.t.Helper()
	path := filepath.Join(l.tree(pool), name)
	l.check(os.MkdirAll(filepath.Dir(path), 0o755))
	l.check(os.WriteFile(path, []byte(content), 0o644))
	when := time.Now().Add(-time.Hour).Truncate(time.Second)
	l.check(os.Chtimes(path, when, when))
}

// place is write for a large file, in one step: whoever looks meanwhile never sees, nor sends, a part of it.
func (l *lab) place(pool, name, content string) {
	l.t.Helper()
	made := filepath.Join(l.dir, "made")
	when := time.Now().Add(-time.Hour).Truncate(time.Second)
	l.check(errorsOf(os.WriteFile(made, []byte(content), 0o644), os.Chtimes(made, when, when), os.Rename(made, filepath.Join(l.tree(pool), name))))
}

// content is a pool's replicated tree: names, bytes and modification times.
func (l *lab) content(pool string) map[string]string {
	l.t.Helper()
	found := map[string]string{}
	root := l.tree(pool)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, root+"/")] = fmt.Sprintf("%s %d", raw, info.ModTime().UnixNano())
		return err
	})
	if os.IsNotExist(err) {
		return found
	}
	l.check(err)
	return found
}

// temporary are the names of the files that are on their way into a pool's store. The service's own small
// files pass through the same folder, as its marker does when a cycle begins: they are not meant.
func (l *lab) temporary(pool string) []string {
	l.t.Helper()
	var found []string
	temp := filepath.Join(l.store(pool), "1-BackupService-3", "BackupStore", "DataConf", "Temp")
	err := filepath.WalkDir(temp, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err): // it was put in its place meanwhile, or nothing ever came
			return nil
		case err == nil && !entry.IsDir() && (strings.HasPrefix(entry.Name(), "in-") || strings.HasPrefix(entry.Name(), "part-")):
			found = append(found, entry.Name())
		}
		return err
	})
	l.check(err)
	return found
}

func (l *lab) wantAlike() {
	l.t.Helper()
	if a, b := l.content(one), l.content(two); !maps.Equal(a, b) {
		l.t.Fatalf("the trees differ:\n%v\n%v", a, b)
	}
}

func (l *lab) logOf(p *process) string {
	l.t.Helper()
	text, err := os.ReadFile(p.log)
	l.check(err)
	return string(text)
}
