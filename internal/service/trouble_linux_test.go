package service_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// volume mounts a small volume of its own at a folder, or skips the test.
func (l *lab) volume(at string, kib int) {
	l.t.Helper()
	l.check(os.MkdirAll(at, 0o755))
	l.mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%dk", kib))
}

func (l *lab) grow(at string, kib int) {
	l.t.Helper()
	l.check(syscall.Mount("tmpfs", at, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dk", kib)))
}

// fill writes until a volume has no room left.
func (l *lab) fill(at string) string {
	l.t.Helper()
	name := filepath.Join(at, "filler")
	f, err := os.Create(name)
	l.check(err)
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else {
			l.check(err)
		}
	}
	return name
}

// A full store volume stops the transfer before anything is written, names the volume and the amount,
// and goes on by itself once there is room.
func TestP11_AFullStore(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.check(os.RemoveAll(l.store(two)))
	l.volume(l.store(two), 2048)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), strings.Repeat("x", 400_000))
	}
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.must("sync", "--pool-fqdn", one)
	full := func(reason string) bool {
		return strings.Contains(reason, "The volume of the file store "+l.store(two)) && strings.Contains(reason, "bytes are free")
	}
	l.until("both sides say that the volume is full", func() bool {
		a, b := l.status(one), l.status(two)
		return a.ExportStatus == "ErrorState" && full(a.Reason) && b.ImportStatus == "ErrorState" && full(b.Reason)
	})
	if left := l.temporary(two); len(left) != 0 || len(l.names(two)) != 0 {
		t.Errorf("something was written: %v, %v", left, l.names(two))
	}
	l.grow(l.store(two), 64<<10)
	l.until("all is well again", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ImportStatus == "NormalState"
	})
	l.wantAlike()
}

// A full state volume is named, loses nothing, and the service goes on once there is room.
func TestP11_AFullStateVolume(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	state := filepath.Join(l.dir, "small")
	l.volume(state, 8192)
	l.serve(one)
	l.serve(two, "--state-dir", state)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	filler := l.fill(state)
	for i := range 2000 {
		l.write(one, fmt.Sprintf("CollabContent/meeting %d/%s-%d", i%50, strings.Repeat("long", 20), i), fmt.Sprint(i))
	}
	l.until("the full volume is named", func() bool {
		return strings.Contains(l.status(two).Reason, "The volume of the state folder "+state+" has no room left") ||
			strings.Contains(l.status(one).Reason, "The volume of the state folder "+state+" has no room left")
	})
	l.check(os.Remove(filler))
	l.grow(state, 64<<10)
	l.until("all is well again", func() bool {
		return len(l.names(two)) == 2000 && l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	l.wantAlike()
}

// A full log volume stops nothing.
func TestP11_AFullLogVolume(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	logs := filepath.Join(l.dir, "logs")
	l.volume(logs, 64)
	l.fill(logs)
	l.write(one, "CollabContent/m/s", "content")
	l.serve(one, "--log-file", filepath.Join(logs, "one.log"), "--log-level", "debug")
	l.serve(two)
	l.synced(one)
	l.wantAlike()
}

// The log goes to a file when one is named, in the form that is asked for.
func TestTheLogGoesToAFile(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	name := filepath.Join(l.dir, "service.log")
	p := l.serve(one, "--log-file", name, "--log-format", "json")
	l.stop(p)
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), `"msg":"serving","pool":"`+one) || l.logOf(p) != "" {
		t.Errorf("the file has %s (%v), standard error %q", text, err, l.logOf(p))
	}
}

// Whoever may not ask is told that, and nothing else.
func TestP19_NobodyElseMayAsk(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if os.Getuid() != 0 {
		t.Skip("this takes root, to run a command as somebody else")
	}
	l.serve(one)
	l.check(os.Chmod(l.dir, 0o755))
	l.check(os.Chmod(filepath.Join(l.dir, "pools.yaml"), 0o644))
	copied := filepath.Join(l.dir, "csbackup") // where everybody may run it
	l.check(os.Link(l.exe, copied))
	l.exe = copied
	for _, mode := range []os.FileMode{0o700, 0o755} {
		l.check(os.Chmod(filepath.Join(l.dir, "run"), mode))
		got := l.runAs(65534, "status", "--pool-fqdn", one)
		if got.code != 5 || !strings.Contains(got.stderr, "AccessDenied") || got.stdout != "" {
			t.Errorf("a stranger gets %+v", got)
		}
	}
	if got := l.runAs(65534, "serve", "--pool-fqdn", one, "--state-dir", filepath.Join(l.dir, "none")); got.code == 0 {
		t.Errorf("a stranger may serve: %+v", got)
	}
}

// A partner that is away is named, and so is one whose certificate is of another authority.
func TestAPartnerThatDoesNotAnswerIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.serve(one)
	l.until("the partner's absence is told", func() bool {
		s := l.status(one)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "cannot be reached")
	})
	foreign := filepath.Join(l.dir, "foreign")
	l.must("certificate", "create", "--dir", foreign, "--pool-fqdn", two)
	p := l.serve(two, "--ca", filepath.Join(foreign, "ca.pem"), "--certificate", filepath.Join(foreign, two+".pem"), "--private-key", filepath.Join(foreign, two+".key"))
	l.until("the wrong certificate is told", func() bool {
		l.must("sync", "--pool-fqdn", one)
		return strings.Contains(l.status(one).Reason, "do not trust each other")
	})
	l.stop(p)
	l.serve(two)
	l.synced(one)
}

// Names that are hard: as long as they may be, no text, alike but for their case or composition. Links
// are left out and named.
func TestP17_HardNamesTravelOrAreNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	hard := []string{strings.Repeat("n", 255), "bad\xff\xfename", "twin", "TWIN", "e\u0301", "\u00e9", "CON", "a:b", "trailing.", "trailing ", "new\nline", `\x41`}
	for _, name := range hard {
		l.write(one, "CollabContent/m/"+name, "content of "+name)
	}
	l.check(os.Symlink("/etc/passwd", filepath.Join(l.tree(one), "CollabContent", "m", "link")))
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	a, b := l.content(one), l.content(two)
	for _, name := range hard {
		if path := "CollabContent/m/" + name; a[path] == "" || a[path] != b[path] {
			t.Errorf("%q is %q here and %q there", name, a[path], b[path])
		}
	}
	if _, err := os.Lstat(filepath.Join(l.tree(two), "CollabContent", "m", "link")); err == nil {
		t.Error("the link was followed or copied")
	}
	if s := l.status(one); !strings.Contains(s.Reason, "not replicated: 1, such as \"CollabContent/m/link\"") {
		t.Errorf("what is left out is not named: %+v", s)
	}
	l.check(os.Remove(filepath.Join(l.tree(one), "CollabContent", "m", "bad\xff\xfename")))
	l.until("the deletion travels", func() bool { return l.content(two)["CollabContent/m/bad\xff\xfename"] == "" })
	if kept := l.must("versions", "list", "--pool-fqdn", two).stdout; !strings.Contains(kept, `"Path":"CollabContent/m/bad\\xff\\xfename"`) {
		t.Errorf("kept versions: %s", kept)
	}
	l.must("versions", "restore", "--pool-fqdn", two, "--path", `CollabContent/m/bad\xff\xfename`)
	l.until("it is back", func() bool { return l.content(one)["CollabContent/m/bad\xff\xfename"] != "" })
}

// A partner whose volume turned read-only is named as such, on both sides, with what to do there.
func TestP24_APartnersVolumeTurnsReadOnly(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.check(os.RemoveAll(l.store(two)))
	l.volume(l.store(two), 4096)
	l.write(one, "CollabContent/m/s", "content")
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.check(syscall.Mount("tmpfs", l.store(two), "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4096k"))
	l.write(one, "CollabContent/m/t", "made meanwhile")
	l.until("both sides name the volume", func() bool {
		a, b := l.status(one), l.status(two)
		named := "The volume of the file store " + l.store(two) + " of " + two + " is read-only"
		for _, s := range []moduleStatus{a, b} {
			if strings.Contains(s.Reason, "log-level") || strings.Contains(s.Reason, "The command failed") {
				t.Fatalf("a reason names the wrong thing: %s", s.Reason)
			}
		}
		return a.ExportStatus == "ErrorState" && strings.Contains(a.Reason, named) && b.ImportStatus == "ErrorState" && strings.Contains(b.Reason, named)
	})
	wantAll(t, "the advice", l.status(one).Reason, "mount it for writing")
	l.grow(l.store(two), 4096)
	l.until("all is well again", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ImportStatus == "NormalState"
	})
	l.wantAlike()
}
