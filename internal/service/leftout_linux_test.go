package service_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A sync that left something out ends with 3 and names it, whichever side could not take it; once all is taken it
// ends with 0.
func TestP27_ASyncThatLeftSomethingOutSaysSo(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(one, "CollabContent/m/s", "content")
	l.write(one, "CollabContent/x/s", "content")
	fifo := filepath.Join(l.tree(one), "CollabContent", "m", "pipe")
	l.check(syscall.Mkfifo(fifo, 0o644))
	l.check(os.Symlink("/etc", filepath.Join(l.tree(two), "CollabContent", "x"))) // nothing is put behind it
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	sync := []string{"sync", "--pool-fqdn", one, "--backup-module", conf, "--wait"}
	got := l.run(sync...)
	if got.code != 3 || !strings.Contains(got.stderr, "PartlyDone") || strings.TrimSpace(got.stdout) != "" {
		t.Errorf("a sync that left something out gives %+v", got)
	}
	wantAll(t, "the error", got.stderr, "CollabContent/m/pipe", two+" could not take", "CollabContent/x/s")
	l.check(errorsOf(os.Remove(fifo), os.Remove(filepath.Join(l.tree(two), "CollabContent", "x"))))
	l.until("all is taken", func() bool { return len(l.content(two)) == 2 && l.status(one).ExportStatus == "FinalState" })
	if got := l.run(sync...); got.code != 0 {
		t.Errorf("a sync that left nothing out gives %+v", got)
	}
	l.wantAlike()
}
