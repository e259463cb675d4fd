package service_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// certify puts a certificate of the lab's authority in the place of one that it made, valid for so long
// from now, and gives its end as messages have it.
func (l *lab) certify(name string, life time.Duration) (end string) {
	l.t.Helper()
	certs := filepath.Join(l.dir, "certs")
	authority, err := tls.LoadX509KeyPair(filepath.Join(certs, "ca.pem"), filepath.Join(certs, "ca.key"))
	l.check(err)
	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, name+".pem"), filepath.Join(certs, name+".key"))
	l.check(err)
	leaf := *pair.Leaf
	leaf.SerialNumber = big.NewInt(time.Now().UnixNano())
	leaf.NotBefore, leaf.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(life)
	raw, err := x509.CreateCertificate(rand.Reader, &leaf, authority.Leaf, leaf.PublicKey, authority.PrivateKey)
	l.check(err)
	temp := filepath.Join(certs, "new")
	l.check(errorsOf(os.WriteFile(temp, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600), os.Rename(temp, filepath.Join(certs, name+".pem"))))
	return leaf.NotAfter.UTC().Format(time.RFC3339)
}

func wantAll(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: it lacks %q: %s", what, part, text)
		}
	}
}

// An expired certificate is named with its file, its date and the way out: by a service that starts with
// it, by one that goes on with it, by its partner, and by a command from elsewhere.
func TestP19_AnExpiredCertificateIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	certs := filepath.Join(l.dir, "certs")
	file := filepath.Join(certs, one+".pem")
	l.must("certificate", "create", "--dir", certs, "--client", "anna")
	l.certify(one, -time.Minute)
	p := l.start(one)
	<-p.ended
	p.ended <- nil
	if code := p.ProcessState.ExitCode(); code != 1 {
		t.Errorf("the service ends with %d", code)
	}
	wantAll(t, "serve", l.logOf(p), "CertificateInvalid", file+" has expired: it was valid until 20", "Put a new certificate and its key in the place of the old ones")

	l.certify(one, 13*24*time.Hour)
	l.write(one, "CollabContent/m/s", "content")
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	wantAll(t, "before the end", l.status(one).Reason, file+" is valid until 20")
	// A certificate that ends before the service has taken it up is none that it goes on with: one more is made then.
	for life, expired := 2*time.Second, false; !expired; life *= 2 {
		end := l.certify(one, life)
		l.until("the service says that its certificate has expired", func() bool {
			s := l.status(one)
			expired = s.ExportStatus == "ErrorState"
			return strings.Contains(s.Reason, file+" has expired: it was valid until "+end)
		})
	}
	wantAll(t, "status", l.status(one).Reason, "Put a new certificate and its key in the place of the old ones")
	l.until("the partner says so, too", func() bool {
		l.must("sync", "--pool-fqdn", two)
		s := l.status(two)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "certificate has expired") && strings.Contains(s.Reason, "Check that both certificates are valid")
	})
	elsewhere := filepath.Join(l.dir, "elsewhere")
	client := []string{"--ca", filepath.Join(certs, "ca.pem"), "--certificate", filepath.Join(certs, "anna.pem"), "--private-key", filepath.Join(certs, "anna.key")}
	got := l.runAt(elsewhere, append([]string{"status", "--pool-fqdn", one}, client...)...)
	if got.code != 6 || got.stdout != "" {
		t.Errorf("a command from elsewhere gives %+v", got)
	}
	wantAll(t, "status from elsewhere", got.stderr, "certificate has expired", "Check the certificates of both sides")

	l.certify(one, 1000*time.Hour) // the service goes on by itself
	l.synced(one)
	l.synced(two)
	l.certify("anna", -time.Minute)
	got = l.runAt(elsewhere, append([]string{"status", "--pool-fqdn", one}, client...)...)
	if got.code != 1 || got.stdout != "" {
		t.Errorf("a caller whose certificate has expired gets %+v", got)
	}
	wantAll(t, "an expired caller", got.stderr, "anna.pem has expired", "Put a new certificate")
}

// A service whose certificate its partner does not accept says so, and not that the partner is none.
func TestP19_ACertificateThatThePartnerRefusesIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	foreign := filepath.Join(l.dir, "foreign")
	l.must("certificate", "create", "--dir", foreign, "--pool-fqdn", one)
	both := filepath.Join(l.dir, "both.pem")
	var all []byte
	for _, dir := range []string{filepath.Join(l.dir, "certs"), foreign} {
		raw, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		l.check(err)
		all = append(all, raw...)
	}
	l.check(os.WriteFile(both, all, 0o600))
	l.serve(two)
	l.serve(one, "--ca", both, "--certificate", filepath.Join(foreign, one+".pem"), "--private-key", filepath.Join(foreign, one+".key"))
	l.until("the refusal is told", func() bool {
		l.must("sync", "--pool-fqdn", one)
		return strings.Contains(l.status(one).Reason, "does not accept this one's certificate")
	})
}

// A store, or a folder in it, that the service's account may not use is named with what to do, and the
// service goes on once it may.
func TestAStoreWithoutRightsIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if os.Getuid() != 0 {
		t.Skip("this takes root, to run a service as somebody else")
	}
	const nobody = 65534
	l.write(one, "CollabContent/m/s", "content")
	l.write(one, "CollabContent/n/s", "content")
	copied := filepath.Join(l.dir, "csbackup") // where everybody may run it
	l.check(os.Link(l.exe, copied))
	root := l.exe
	l.exe = copied
	mine := func(path string) {
		l.check(filepath.Walk(path, func(name string, _ os.FileInfo, err error) error {
			return errorsOf(err, os.Chown(name, nobody, nobody))
		}))
	}
	l.check(errorsOf(os.Chmod(l.dir, 0o755), os.MkdirAll(filepath.Join(l.dir, "state", one), 0o700), os.Mkdir(filepath.Join(l.dir, "run"), 0o700)))
	for _, name := range []string{"certs", "pools.yaml", "state", "run"} {
		mine(filepath.Join(l.dir, name))
	}
	l.check(os.Chmod(l.store(one), 0o700))
	l.account = nobody
	l.start(one)
	l.account = 0
	l.exe = root
	l.until("the closed store is told", func() bool {
		got := l.run("status", "--pool-fqdn", one)
		return got.code == 0 && strings.Contains(got.stdout, "permission denied") && strings.Contains(got.stdout, l.store(one))
	})
	wantAll(t, "a closed store", l.status(one).Reason, "let the service's account read and change it")
	l.check(os.Chmod(l.store(one), 0o755))
	l.until("the store that cannot be written is told", func() bool {
		s := l.status(one)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "has no rights to a part of the file store "+l.store(one))
	})
	wantAll(t, "a store that cannot be written", l.status(one).Reason, "Give the service's account the right to read and change it")
	mine(l.store(one))
	l.check(os.Chmod(filepath.Join(l.tree(one), "CollabContent", "n"), 0))
	l.until("the closed folder is told", func() bool {
		l.must("sync", "--pool-fqdn", one)
		return strings.Contains(l.status(one).Reason, "could not be listed in full")
	})
	wantAll(t, "a closed folder", l.status(one).Reason, "CollabContent/n", "permission denied", "Let the service's account read it")
	l.check(os.Chmod(filepath.Join(l.tree(one), "CollabContent", "n"), 0o755))
	l.serve(two)
	l.until("all is well", func() bool { return l.status(one).ExportStatus == "FinalState" && len(l.names(two)) == 2 })
}

// Where the system's watches are used up, the store is scanned in every cycle; the status names the
// setting. The limit is one of a user namespace of its own: the machine's stays as it is.
func TestUsedUpWatchesAreNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const limit = "echo 3 > /proc/sys/user/max_inotify_watches"
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c", limit).CombinedOutput(); err != nil {
		t.Skipf("no user namespace can be made here: %v: %s", err, out)
	}
	for i := range 10 {
		l.write(one, fmt.Sprintf("CollabContent/m%d/s", i), "content")
	}
	script := filepath.Join(l.dir, "limited")
	l.check(os.WriteFile(script, []byte("#!/bin/sh\nexec unshare --user --map-root-user sh -c '"+limit+` && exec "$0" "$@"' '`+l.exe+"' \"$@\"\n"), 0o755))
	exe := l.exe
	l.exe = script
	p := l.start(one)
	l.exe = exe
	l.until(one+" answers", func() bool { return l.run("status", "--pool-fqdn", one).code == 0 })
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	wantAll(t, "the status", l.status(one).Reason, "fs.inotify.max_user_watches is used up; raise it with sysctl")
	l.write(one, "CollabContent/m3/new", "content")
	l.until("what is new is found all the same", func() bool { return len(l.names(two)) == 11 })
	wantAll(t, "the log", l.logOf(p), "fs.inotify.max_user_watches")
	l.check(p.Process.Signal(syscall.SIGTERM))
}
