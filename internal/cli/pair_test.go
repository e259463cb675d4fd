package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csbackup/internal/loopback"
)

// patience bounds every wait; nothing waits that long unless it fails.
const patience = time.Minute

// machine is a lab of two pools whose services run in this process.
type machine struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newMachine(t *testing.T) *machine {
	dir, err := os.MkdirTemp("", "pair") // short: a socket's path may have about 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text := strings.ReplaceAll(pools, "%DIR%", filepath.ToSlash(dir))
	for i := 1; i <= 2; i++ {
		address, err := loopback.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("https://127.0.0.1:%d\n", i), "https://"+address+"\n")
	}
	path := filepath.Join(dir, "pools.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &machine{t, dir, map[string]string{"CSBACKUP_TOPOLOGY": path, "CSBACKUP_RUNTIME_DIR": filepath.Join(dir, "run")}}
	if err := os.MkdirAll(m.env["CSBACKUP_RUNTIME_DIR"], 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) run(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := Run(context.Background(), args, strings.NewReader(""), &stdout, &stderr, func(name string) string { return m.env[name] })
	return outcome{code, stdout.String(), stderr.String()}
}

func (m *machine) must(args ...string) outcome {
	m.t.Helper()
	got := m.run(args...)
	if got.code != 0 {
		m.t.Fatalf("%v gives %+v", args, got)
	}
	return got
}

// serve runs a pool's service until the test ends and waits until it answers.
func (m *machine) serve(fqdn string) {
	m.t.Helper()
	certs := filepath.Join(m.dir, "certs")
	m.must("certificate", "create", "--dir", certs, "--pool-fqdn", fqdn)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		ended <- Run(ctx, []string{"serve", "--pool-fqdn", fqdn, "--state-dir", filepath.Join(m.dir, "state", fqdn),
			"--certificate", filepath.Join(certs, fqdn+".pem"), "--private-key", filepath.Join(certs, fqdn+".key"), "--ca", filepath.Join(certs, "ca.pem"),
		}, strings.NewReader(""), &bytes.Buffer{}, &stderr, func(name string) string { return m.env[name] })
	}()
	m.t.Cleanup(func() {
		stop()
		select {
		case code := <-ended:
			if code != 0 {
				m.t.Errorf("serve %s ends with exit code %d after it was stopped: %s", fqdn, code, &stderr)
			}
		case <-time.After(patience):
			m.t.Errorf("serve %s does not stop", fqdn)
		}
	})
	for deadline := time.Now().Add(patience); m.run("status", "--pool-fqdn", fqdn).code != 0; {
		if time.Now().After(deadline) {
			m.t.Fatalf("the service of %s does not answer: %+v", fqdn, m.run("status", "--pool-fqdn", fqdn))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAPersonPairsTwoPoolsFromTheCommandLine(t *testing.T) {
	m := newMachine(t)
	meeting := filepath.Join(m.dir, "pool1", "1-WebServices-1", "CollabContent", "meeting")
	for _, folder := range []string{meeting, filepath.Join(m.dir, "pool1", "1-WebServices-1", "CollabMetadata"),
		filepath.Join(m.dir, "pool2", "1-WebServices-2", "CollabContent"), filepath.Join(m.dir, "pool2", "1-WebServices-2", "CollabMetadata")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	slides := filepath.Join(meeting, "slides.bin")
	if err := os.WriteFile(slides, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(slides, long, long); err != nil {
		t.Fatal(err)
	}
	m.serve("pool1.contoso.com")
	m.serve("pool2.contoso.com")

	got := m.must("configuration", "set", "--sync-interval", "00:00:05")
	if got.stdout != "" || got.stderr != "" {
		t.Errorf("configuration set prints %+v", got)
	}
	if got := m.must("configuration", "get"); !strings.Contains(got.stdout, `"SyncInterval":"00:00:05"`) {
		t.Errorf("configuration get gives %+v", got)
	}
	if got := m.must("sync", "--pool-fqdn", "pool1.contoso.com"); got.stdout != "" || got.stderr != "" {
		t.Errorf("sync prints %+v", got)
	}
	got = m.must("sync", "--pool-fqdn", "pool1.contoso.com", "--backup-module", "dataconf", "--wait", "--progress", "none")
	if got.stdout != "" {
		t.Errorf("sync --wait prints %+v", got)
	}
	copied, err := os.ReadFile(filepath.Join(m.dir, "pool2", "1-WebServices-2", "CollabContent", "meeting", "slides.bin"))
	if err != nil || string(copied) != "first" {
		t.Fatalf("the partner has %q (%v)", copied, err)
	}
	var status struct {
		PoolFqdn, OverallExportStatus string
		BackupModules                 []struct{ Identity, ExportStatus string }
	}
	text := m.must("status", "--pool-fqdn", "pool1.contoso.com", "--category", "UserData").stdout
	if err := json.Unmarshal([]byte(text), &status); err != nil || status.PoolFqdn != "pool1.contoso.com" || len(status.BackupModules) != 2 {
		t.Errorf("status gives %s (%v)", text, err)
	}
	if got := m.must("status", "--pool-fqdn", "pool1.contoso.com", "--output", "table"); !strings.Contains(got.stdout, "FinalState") || !strings.Contains(got.stdout, "ago") && !strings.Contains(got.stdout, "just now") {
		t.Errorf("the table is\n%s", got.stdout)
	}
	if got := m.must("loss", "show", "--pool-fqdn", "pool1.contoso.com"); got.stdout != "" {
		t.Errorf("loss show gives %+v", got)
	}
	if got := m.run("loss", "confirm", "--pool-fqdn", "pool1.contoso.com", "--plan", "x"); got.code != 4 {
		t.Errorf("confirming nothing gives %+v", got)
	}
	if got := m.run("versions", "restore", "--pool-fqdn", "pool2.contoso.com", "--path", "CollabContent/none"); got.code != 4 {
		t.Errorf("restoring nothing gives %+v", got)
	}

	if err := os.WriteFile(slides, []byte("the second"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(slides, long, long.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// A file that was just written is left for a later cycle; it is whole on the partner then.
	versions := ""
	for deadline := time.Now().Add(patience); versions == "" && time.Now().Before(deadline); {
		m.must("sync", "--pool-fqdn", "pool1.contoso.com", "--wait", "--progress", "none")
		versions = m.must("versions", "list", "--pool-fqdn", "pool2.contoso.com").stdout
	}
	if !strings.Contains(versions, `"Path":"CollabContent/meeting/slides.bin"`) || strings.Count(versions, "\n") != 1 {
		t.Fatalf("the replaced version is not listed: %q", versions)
	}
	m.must("versions", "restore", "--pool-fqdn", "pool2.contoso.com", "--path", "CollabContent/meeting/slides.bin")
	if back, err := os.ReadFile(filepath.Join(m.dir, "pool2", "1-WebServices-2", "CollabContent", "meeting", "slides.bin")); err != nil || string(back) != "first" {
		t.Errorf("after the restore the partner has %q (%v)", back, err)
	}
	if got := m.must("configuration", "reset"); got.stdout != "" {
		t.Errorf("configuration reset prints %+v", got)
	}
	if got := m.must("configuration", "get"); !strings.Contains(got.stdout, `"SyncInterval":"00:02:00"`) {
		t.Errorf("after the reset the settings are %s", got.stdout)
	}
}
