//go:build !windows

package service_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Two services of one pool on one store, from different state folders: the second is refused and says
// who holds the store; one that stood still for too long is replaced, and writes nothing afterwards.
func TestP23_OneActiveWriterPerPool(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	first := l.serve(one)
	l.write(one, "CollabContent/m/s", "content")
	l.must("sync", "--pool-fqdn", one)
	l.until("the first service has looked", func() bool { return l.status(one).Backlog > 0 })

	other := []string{"--state-dir", filepath.Join(l.dir, "other-state"), "--runtime-dir", filepath.Join(l.dir, "other"), "--listen", "127.0.0.1:0"}
	second := l.start(one, other...)
	<-second.ended
	second.ended <- nil
	if code := second.ProcessState.ExitCode(); code != 5 {
		t.Errorf("a second service ends with exit code %d", code)
	}
	if text := l.logOf(second); !strings.Contains(text, "InstanceRunning") && !strings.Contains(text, "Another Backup Service holds the file store of "+one+": process ") || !strings.Contains(text, " since ") {
		t.Errorf("it says: %s", text)
	}

	l.check(first.Process.Signal(syscall.SIGSTOP))
	second = l.serve(one, other...)
	l.check(first.Process.Signal(syscall.SIGCONT))
	l.until("the first service knows that it was replaced", func() bool {
		got := l.run("versions", "restore", "--pool-fqdn", one, "--id", "DataConf/none")
		l.must("sync", "--pool-fqdn", one)
		s := l.status(one)
		return got.code != 0 && s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "Another Backup Service holds the file store")
	})
	l.stop(second)
	l.until("the first service takes over again", func() bool {
		l.must("sync", "--pool-fqdn", one)
		return !strings.Contains(l.status(one).Reason, "Another Backup Service holds")
	})
	if took := l.stop(first); took.Seconds() > 10 {
		t.Errorf("stopping took %s", took)
	}
}
