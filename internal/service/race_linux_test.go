package service_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"csbackup/internal/filestore/conformance"

	"golang.org/x/sys/unix"
)

func (l *lab) census(dir string) map[string]string {
	l.t.Helper()
	found, err := conformance.Census(dir)
	l.check(err)
	return found
}

// While a service takes its partner's files, folders of its store change places with links to a place
// outside and back, thousands of times. Nothing outside is ever touched, and nothing of it travels.
func TestP18_LinksThatRaceWhileFilesArrive(t *testing.T) {
	t.Parallel()
	const rounds, files = 15, 20
	l := newLab(t)
	content := func(round int) {
		for i := range files {
			for _, folder := range []string{"m", "m/deep"} {
				l.write(one, fmt.Sprintf("CollabContent/%s/s%d", folder, i), fmt.Sprintf("round %d of %d", round, i))
			}
		}
		l.write(one, fmt.Sprintf("CollabContent/m/new %d/s", round), "new")
		l.check(os.RemoveAll(filepath.Join(l.tree(one), fmt.Sprintf("CollabContent/m/new %d", round-2))))
	}
	content(0)
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)

	away := filepath.Join(l.dir, "outside")
	for _, name := range []string{"s0", "s1", "deep/s0", "new 1/s", "kept"} {
		path := filepath.Join(away, name)
		l.check(errorsOf(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("secret outside"), 0o644)))
	}
	before := l.census(away)
	base := filepath.Join(l.tree(two), "CollabContent")
	// Beside the replicated folders, so that what waits there is not replicated.
	places := [][2]string{{filepath.Join(base, "m"), filepath.Join(l.store(two), "link 1")}, {filepath.Join(base, "m", "deep"), filepath.Join(l.store(two), "link 2")}}
	l.check(errorsOf(os.Symlink(away, places[0][1]), os.Symlink(filepath.Join(away, "deep"), places[1][1])))

	var stop atomic.Bool
	var swapping sync.WaitGroup
	var swaps int
	swapping.Go(func() {
		for ; !stop.Load(); swaps++ {
			place := places[swaps%len(places)]
			for range 2 { // two exchanges are none
				if err := unix.Renameat2(unix.AT_FDCWD, place[0], unix.AT_FDCWD, place[1], unix.RENAME_EXCHANGE); err != nil {
					t.Errorf("%s and its link could not change places: %v", place[0], err)
					return
				}
				time.Sleep(time.Duration(swaps%10) * 100 * time.Microsecond)
			}
		}
	})
	for round := 1; round <= rounds && !t.Failed(); round++ {
		content(round)
		l.must("sync", "--pool-fqdn", one)
		time.Sleep(200 * time.Millisecond)
	}
	stop.Store(true)
	swapping.Wait()
	t.Logf("%d swaps", swaps)
	l.check(errorsOf(os.Remove(places[0][1]), os.Remove(places[1][1])))
	l.synced(one)
	l.until("both trees are alike", func() bool { return maps.Equal(l.content(one), l.content(two)) })
	if after := l.census(away); !maps.Equal(before, after) {
		t.Errorf("something outside is not as it was:\n%v\n%v", before, after)
	}
	arrived := l.content(one)
	for path, content := range arrived {
		if strings.Contains(content, "secret") {
			t.Errorf("%s came from outside", path)
		}
	}
	// A deletion that met a link may come back; nothing may be missing.
	for i := range files {
		for _, folder := range []string{"m", "m/deep"} {
			if path := fmt.Sprintf("CollabContent/%s/s%d", folder, i); !strings.HasPrefix(arrived[path], "round ") {
				t.Errorf("%s is gone", path)
			}
		}
	}
}
