//go:build !windows

package service_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

// What is secret, and what the replicated files hold, stands in no log, however much is logged, in no
// answer, error or list of processes, and in no file of the service's own; not even when it is
// terminated with its stacks.
func TestP26_SecretsAndContentsNeverLeave(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	canaries := map[string]string{"password of SQL Server": "canary-sql-4711", "PFX password": "canary-pfx-4712", "wrong PFX password": "canary-pfx-4713", "broken key": "canary-key-4714"}
	password, wrong := filepath.Join(l.dir, "certs", "password"), filepath.Join(l.dir, "certs", "wrong password")
	broken, pfx := filepath.Join(l.dir, "certs", "broken.key"), filepath.Join(l.dir, "certs", "two.pfx")
	l.env = []string{"CSBACKUP_SQL_PASSWORD=" + canaries["password of SQL Server"], "CSBACKUP_SQL_USER=somebody"}
	l.check(errorsOf(os.WriteFile(password, []byte(canaries["PFX password"]+"\n"), 0o600), os.WriteFile(wrong, []byte(canaries["wrong PFX password"]), 0o600),
		os.WriteFile(broken, []byte("-----BEGIN PRIVATE KEY-----\n"+canaries["broken key"]+"\n-----END PRIVATE KEY-----\n"), 0o600), l.bundle(pfx, canaries["PFX password"])))
	for _, name := range []string{one, two, "ca"} {
		raw, err := os.ReadFile(filepath.Join(l.dir, "certs", name+".key"))
		l.check(err)
		block, _ := pem.Decode(raw)
		for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
			if !strings.HasPrefix(line, "-----") {
				canaries[fmt.Sprintf("key of %s, line %d", name, i)] = line
			}
		}
		canaries["bytes of the key of "+name] = fmt.Sprintf("%x", block.Bytes[len(block.Bytes)/2:][:16])
	}
	for _, word := range []string{"first", "second", "third", "foreign"} {
		canaries[word+" content"] = "canary-content-" + word
	}

	var told bytes.Buffer
	say := func(args ...string) {
		got := l.run(args...)
		told.WriteString(got.stdout + got.stderr)
	}
	debug := []string{"--log-level", "debug"}
	own := append([]string{"--certificate", pfx, "--ca", filepath.Join(l.dir, "certs", "ca.pem"), "--password-file", password}, debug...)
	for i := range 12 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), fmt.Sprint(canaries["first content"], i))
	}
	first, second := l.serve(one, debug...), l.serve(two, own...)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.write(one, "CollabContent/m/s1", canaries["second content"]) // a conflict
	l.write(two, "CollabContent/m/s1", canaries["third content"])
	l.synced(one)
	l.synced(two)
	say("versions", "list", "--pool-fqdn", two)
	say("versions", "restore", "--pool-fqdn", two, "--path", "CollabContent/m/s1")
	say("configuration", "get")
	say("configuration", "set", "--authorized-local-accounts", "")
	say("status", "--pool-fqdn", one, "--output", "events", "--log-level", "debug")
	for i := range 11 {
		l.check(os.Remove(filepath.Join(l.tree(one), fmt.Sprintf("CollabContent/m/s%d", i+1))))
	}
	l.until("the loss is noticed", func() bool { return strings.Contains(l.status(one).Reason, "loss brake") })
	say("loss", "show", "--pool-fqdn", one)
	say("status", "--pool-fqdn", one)
	say("status", "--pool-fqdn", two, "--output", "table")
	for _, flags := range [][]string{{"--certificate", pfx, "--password-file", wrong}, {"--private-key", broken}} {
		p := l.start(one, append(append(flags, debug...), "--state-dir", filepath.Join(l.dir, "none"), "--listen", "127.0.0.1:0")...)
		if err := <-p.ended; err == nil {
			t.Errorf("a service starts with %v", flags)
		}
		p.ended <- nil
	}
	for _, p := range []*process{first, second} {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.Process.Pid))
		if err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
		told.Write(line)
	}
	l.stop(second)
	l.check(os.WriteFile(filepath.Join(l.dir, "state", two, "DataConf.index"), []byte(canaries["foreign content"]), 0o600))
	second = l.serve(two, own...)
	l.check(os.Remove(filepath.Join(l.dir, "state", two, "DataConf.index.damaged-1")))
	for _, p := range []*process{first, second} {
		l.until("something of debugging is in the log", func() bool { return strings.Contains(l.logOf(p), "level=DEBUG") })
		l.check(p.Process.Signal(syscall.SIGQUIT))
		p.ended <- <-p.ended
		if text := l.logOf(p); !strings.Contains(text, "goroutine ") {
			t.Errorf("there is no stack in %.2000s", text)
		}
	}

	seek := func(where string, text []byte) {
		for what, canary := range canaries {
			if bytes.Contains(text, []byte(canary)) {
				t.Errorf("the %s stands in %s", what, where)
			}
		}
	}
	seek("what was told", told.Bytes())
	seen := 0
	l.check(filepath.WalkDir(l.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join(l.dir, "certs") || path == l.tree(one) || path == l.tree(two) || entry.Name() == "Versions" || entry.Name() == "Temp"):
			return fs.SkipDir // where they belong
		case entry.Type().IsRegular():
			raw, err := os.ReadFile(path)
			seek(path, raw)
			seen++
			return err
		}
		return nil
	}))
	if seen < 10 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// bundle writes the second pool's key and certificate as a PFX.
func (l *lab) bundle(path, password string) error {
	certs := filepath.Join(l.dir, "certs")
	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, two+".pem"), filepath.Join(certs, two+".key"))
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	raw, err := pkcs12.Modern.Encode(pair.PrivateKey, leaf, nil, password)
	return errorsOf(err, os.WriteFile(path, raw, 0o600))
}
