//go:build !windows

package service_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Both services are told to stop while a large file is on its way; nothing of it is lost.
func TestAServiceStopsWithABatchInFlight(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const size = 1 << 30
	for i := range 50 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), fmt.Sprint(i))
	}
	big := filepath.Join(l.tree(one), "CollabContent", "recording")
	l.check(os.WriteFile(big, []byte("begin"), 0o644))
	l.check(os.Truncate(big, size)) // sparse here; it takes its time on the way all the same
	l.check(os.Chtimes(big, time.Now(), time.Now().Add(-time.Hour)))
	first, second := l.serve(one), l.serve(two)
	l.must("sync", "--pool-fqdn", one)
	arrived := func() bool {
		info, err := os.Stat(filepath.Join(l.tree(two), "CollabContent", "recording"))
		return err == nil && info.Size() == size
	}
	l.until("the large file is on its way", func() bool {
		return len(l.temporary(two)) > 0 || arrived()
	})
	for _, p := range []*process{second, first} {
		if took := l.stop(p); took > 10*time.Second {
			t.Errorf("stopping took %s", took)
		}
	}
	l.serve(one)
	l.serve(two)
	// The comparison that was asked for is remembered.
	l.until("the rest arrived", func() bool { return arrived() && len(l.names(two)) == 51 })
	l.until("it is agreed", func() bool { return l.status(one).ExportStatus == "FinalState" })
	if left := l.temporary(two); len(left) != 0 {
		t.Errorf("temporary files were left: %v", left)
	}
}

// names lists a pool's replicated files.
func (l *lab) names(pool string) (names []string) {
	l.t.Helper()
	l.check(filepath.Walk(l.tree(pool), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	socket := filepath.Join(l.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	l.check(err)
	defer conn.Close()
	l.check(conn.SetReadDeadline(time.Now().Add(patience)))
	hear := func(want string) {
		t.Helper()
		buffer := make([]byte, 100)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				t.Fatalf("%s is not told: %v", want, err)
			}
			if string(buffer[:n]) == want {
				return
			}
		}
	}
	l.env = []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=200000"}
	p := l.start(one)
	hear("READY=1")
	hear("WATCHDOG=1")
	l.stop(p)
	hear("STOPPING=1")
}

func TestTheUnitFileRunsTheService(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	got := l.must("service", "install", "--pool-fqdn", one, "--topology", filepath.Join(l.dir, "pools.yaml"), "--state-dir", l.dir+"/a state")
	for _, want := range []string{"Type=notify", "ExecStart=" + l.exe + " serve --pool-fqdn " + one, `--state-dir "` + l.dir + `/a state"`} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the unit lacks %s:\n%s", want, got.stdout)
		}
	}
}

// Settings changed on one side hold on both, survive restarts, and take effect at once.
func TestSettingsHoldOnBothSides(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	// A pool without a partner has no service that could be told.
	file, err := os.OpenFile(filepath.Join(l.dir, "pools.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	l.check(err)
	_, err = fmt.Fprintf(file, "  - {fqdn: alone.contoso.com, service: https://%s, fileStore: /nowhere, serviceIds: {WebServices: w, BackupService: b, ApplicationServer: a}}\n", freeAddress(t))
	l.check(errorsOf(err, file.Close()))
	first, second := l.serve(one), l.serve(two)
	l.stop(second)
	got := l.must("configuration", "set", "--sync-interval", "00:00:05")
	if !strings.Contains(got.stderr, "did not reach "+two+"; it takes it over from its partner") || strings.Contains(got.stderr, "alone") {
		t.Errorf("what is said of the pool that does not answer, and of one without a partner: %+v", got)
	}
	second = l.serve(two)
	kept := func(pool, want string) bool {
		raw, err := os.ReadFile(filepath.Join(l.dir, "state", pool, "settings.json"))
		return err == nil && strings.Contains(string(raw), want)
	}
	l.until("the other side has the settings, too", func() bool { return kept(two, "00:00:05") })
	l.stop(first)
	l.stop(second)
	l.serve(one)
	l.serve(two)
	if got := l.must("configuration", "get"); !strings.Contains(got.stdout, `"SyncInterval":"00:00:05"`) {
		t.Errorf("after a restart: %+v", got)
	}
	// In effect at once: nobody asks for a sync, and the next cycle was due in three hours.
	l.must("configuration", "set", "--sync-interval", "3:00:00")
	l.synced(one)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.write(one, "CollabContent/m/s", "content")
	l.until("a change travels", func() bool { return len(l.names(two)) == 1 })

	rgs := filepath.Join(l.store(one), "1-ApplicationServer-1", "AppServerFiles", "Rgs")
	l.check(errorsOf(os.MkdirAll(rgs, 0o755), os.WriteFile(filepath.Join(rgs, "prompt.wav"), []byte("hello"), 0o644)))
	l.must("configuration", "set", "--enable-rgs-backup-service", "true")
	l.until("the response groups' files travel", func() bool {
		_, err := os.Stat(filepath.Join(l.store(two), "1-ApplicationServer-1", "AppServerFiles", "Rgs", "prompt.wav"))
		return err == nil
	})
	if got := l.must("status", "--pool-fqdn", one); !strings.Contains(got.stdout, "ApplicationServer.RGSFileStore") {
		t.Errorf("the status is %s", got.stdout)
	}
	l.must("configuration", "reset")
	l.until("the reset holds on both sides", func() bool { return kept(one, "00:02:00") && kept(two, "00:02:00") })
	if got := l.must("status", "--pool-fqdn", one); strings.Contains(got.stdout, "RGSFileStore") {
		t.Errorf("after the reset the status is %s", got.stdout)
	}
}

// A loss that was meant is confirmed by naming its plan; what was deleted can be brought back.
func TestP7_AMeantLossIsConfirmedByItsPlan(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/meeting/slide-%02d", i), fmt.Sprintf("slide %d", i))
	}
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	lose := func(from, to int) {
		for i := from; i < to; i++ {
			l.check(os.Remove(filepath.Join(l.tree(one), fmt.Sprintf("CollabContent/meeting/slide-%02d", i))))
		}
	}
	plan := func() string {
		_, after, _ := strings.Cut(l.must("loss", "show", "--pool-fqdn", one).stdout, `"Plan":"`)
		id, _, _ := strings.Cut(after, `"`)
		return id
	}
	lose(0, 12)
	l.until("the loss is held", func() bool { return l.status(one).ExportStatus == "ErrorState" && plan() != "" })
	stale := plan()
	lose(12, 14)
	l.until("the plan has changed", func() bool {
		l.must("sync", "--pool-fqdn", one)
		return plan() != stale
	})
	if got := l.run("loss", "confirm", "--pool-fqdn", one, "--plan", stale); got.code != 5 || !strings.Contains(got.stderr, "LossPlanStale") {
		t.Errorf("a stale plan gives %+v", got)
	}
	if len(l.names(two)) != 20 {
		t.Errorf("pool 2 has %d files", len(l.names(two)))
	}
	if got := l.must("loss", "show", "--pool-fqdn", one, "--output", "table"); !strings.Contains(got.stdout, "slide-00") {
		t.Errorf("loss show prints\n%s", got.stdout)
	}
	l.must("loss", "confirm", "--pool-fqdn", one, "--plan", plan())
	l.until("the deletions travel", func() bool { return len(l.names(two)) == 6 })

	if kept := l.must("versions", "list", "--pool-fqdn", two, "--path", "CollabContent/meeting").stdout; strings.Count(kept, "\n") != 14 {
		t.Errorf("kept versions: %s", kept)
	}
	l.must("versions", "restore", "--pool-fqdn", two, "--path", "CollabContent/meeting/slide-03")
	l.until("it is back on both sides", func() bool {
		return strings.HasPrefix(l.content(one)["CollabContent/meeting/slide-03"], "slide 3 ") && len(l.names(two)) == 7
	})
	l.wantAlike()
}

// A file rewritten with the same size and time is a change like any other where the file system keeps
// the time of the change itself.
func TestP9_ARewriteWithTheSameSizeAndTimeTravels(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(one, "CollabContent/m/s", "first")
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	path := filepath.Join(l.tree(one), "CollabContent/m/s")
	info, err := os.Stat(path)
	l.check(err)
	l.check(errorsOf(os.WriteFile(path, []byte("SECOND")[:5], 0o644), os.Chtimes(path, info.ModTime(), info.ModTime())))
	l.until("the new content arrived", func() bool { return strings.HasPrefix(l.content(two)["CollabContent/m/s"], "SECON ") })
	l.wantAlike()
}
