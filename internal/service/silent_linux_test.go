package service_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// silence makes a folder in which every look at what is below waits until it is told to end: a mount of
// which the automounter does not answer.
func (l *lab) silence(at string) (end func()) {
	l.t.Helper()
	read, write, err := os.Pipe()
	l.check(err)
	l.check(os.Mkdir(at, 0o755))
	daemon := exec.Command("sleep", "1000") // in whose process group nobody waits
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := daemon.Start(); err != nil {
		l.t.Skipf("this takes the program sleep: %v", err)
	}
	end = func() {
		if mount, err := os.Open(at); err == nil {
			const catatonic = 0x9362 // whatever waits is told that there is nothing
			_ = unix.IoctlSetInt(int(mount.Fd()), catatonic, 0)
			mount.Close()
		}
		_ = errorsOf(read.Close(), write.Close(), syscall.Unmount(at, syscall.MNT_DETACH), daemon.Process.Kill())
		_ = daemon.Wait()
	}
	l.t.Cleanup(end)
	if err := syscall.Mount("silent", at, "autofs", 0, fmt.Sprintf("fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", write.Fd(), daemon.Process.Pid)); err != nil {
		l.t.Skipf("this takes root and autofs: %v", err)
	}
	return end
}

// firstThread is the state of the thread that the system wakes for a signal, as proc(5) writes it.
func (l *lab) firstThread(p *process) string {
	l.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/stat", p.Process.Pid))
	l.check(err)
	_, rest, _ := strings.Cut(string(raw), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

// A store that does not answer, as a share whose server is gone, is told with what to do, by a service that
// runs and by one that starts; nothing else waits for it, and the work goes on once it answers.
func TestP24_AStoreThatHangs(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	end := l.silence(filepath.Join(l.dir, "mounts"))
	l.write(one, "CollabContent/m/s", "content")
	first := l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)

	away := l.store(one) + "-away"
	l.check(errorsOf(os.Rename(l.store(one), away), os.Symlink(filepath.Join(l.dir, "mounts", "share", "pool1"), l.store(one))))
	told := func() bool {
		s := l.status(one)
		return s.ExportStatus == "ErrorState" && s.ImportStatus == "ErrorState" && strings.Contains(s.Reason, l.store(one)+" of "+one+" has not answered since 20") &&
			strings.Contains(s.Reason, "mount it anew")
	}
	l.until("it is told", told)
	l.write(two, "CollabContent/m/t", "made meanwhile")
	l.until("the partner is told, too", func() bool {
		s := l.status(two)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "has not answered since")
	})
	// Any disk may hold it for a moment; this store would for ever.
	l.until("the thread that hears signals does not wait for the store", func() bool { return l.firstThread(first) != "D" })
	if took := l.stop(first); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	l.serve(one)
	l.until("it is told from the start", told)
	for _, args := range [][]string{{"versions", "list"}, {"loss", "show"}} {
		if got := l.run(append(args, "--pool-fqdn", one)...); got.code != 1 || !strings.Contains(got.stderr, "StoreUnavailable") || got.stdout != "" {
			t.Errorf("%v gives %+v", args, got)
		}
	}
	l.must("sync", "--pool-fqdn", one)

	l.check(errorsOf(os.Remove(l.store(one)), os.Rename(away, l.store(one))))
	end()
	l.until("all is well again", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	l.wantAlike()
	if now := l.content(one); len(now) != 2 {
		t.Errorf("pool 1 has %v", now)
	}
}
