//go:build !windows

package service_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

const (
	// killsVariable says up to which operation services are killed: a number, or "all".
	killsVariable = "CSBACKUP_TEST_KILLS"
	stopVariable  = "CSBACKUP_TEST_STOP_AT"
	killersAtOnce = 8
	// roundsOfAPair bounds how far a pair's trees and kept versions grow, and with them the operations of
	// a cycle: another pair goes on after it.
	roundsOfAPair = 10
)

// killed is a pair of which the second pool's service is killed again and again.
type killed struct {
	*lab
	loses   bool // its content, in each round
	round   int
	allowed map[string]map[string]bool // what may stand under a path
}

// The real service is killed by SIGKILL before each operation that changes a disk, of the store and of
// the index, in turn, while it takes changes, and while it is restored after a total loss. Whenever it
// comes back, each file is whole, what was displaced is kept, and one sync makes both sides equal.
func TestP1_P2_P3_P16_KilledBeforeEachOperation(t *testing.T) {
	upTo := int64(1) << 40
	switch kills := os.Getenv(killsVariable); kills {
	case "":
		t.Skipf("it starts and kills hundreds of services: %s=all go test -run KilledBeforeEachOperation ./internal/service", killsVariable)
	case "all":
	default:
		n, err := strconv.ParseInt(kills, 10, 64)
		if err != nil {
			t.Fatalf("%s must be a number or all: %v", killsVariable, err)
		}
		upTo = n
	}
	exe := filepath.Join(t.TempDir(), "csbackup")
	if out, err := exec.Command("go", "build", "-tags", "stoppable", "-o", exe, "csbackup/cmd/csbackup").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, loses := range map[string]bool{"while it takes changes": false, "while it is restored": true} {
		t.Run(name, func(t *testing.T) { sweep(t, exe, loses, upTo) })
	}
}

// sweep kills before one operation after the other until the service comes to the end of its work.
func sweep(t *testing.T, exe string, loses bool, upTo int64) {
	var next, kills, last, survived atomic.Int64
	// A few in a row without a kill: the end, not an operation that came late.
	done := func() bool { return next.Load() >= upTo || survived.Load() >= 3*killersAtOnce || t.Failed() }
	t.Run("in turn", func(t *testing.T) {
		for range killersAtOnce {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for !done() {
					t.Run("pair", func(t *testing.T) {
						k := &killed{lab: newLab(t), loses: loses, allowed: map[string]map[string]bool{}}
						k.exe = exe
						k.serve(one)
						k.must("configuration", "set", "--sync-interval", "00:00:05")
						k.change()
						p := k.serve(two)
						k.synced(one)
						k.stop(p)
						for range roundsOfAPair {
							at := next.Add(1)
							if at > upTo || done() {
								return
							}
							if !k.kill(at) {
								survived.Add(1)
								continue
							}
							kills.Add(1)
							survived.Store(0)
							last.Store(max(last.Load(), at)) // only to be told
						}
					})
				}
			})
		}
	})
	t.Logf("%d kills, the last before operation %d", kills.Load(), last.Load())
}

// change makes changes on the first pool: files that are replaced, and one each that is new, deleted and
// renamed. A restore has nothing to delete.
func (k *killed) change() {
	k.round++
	for i := 0; k.round == 1 && i < 2*roundsOfAPair; i++ { // so many that deletions are not taken for a loss
		k.write(one, fmt.Sprintf("CollabContent/base/%d", i), fmt.Sprint("content ", i))
	}
	for _, name := range []string{"CollabContent/meeting/replaced", "CollabMetadata/meeting/replaced too",
		fmt.Sprintf("CollabContent/meeting %d/new", k.round)} {
		k.write(one, name, strings.Repeat(fmt.Sprintf("round %d of %s\n", k.round, name), 2000))
	}
	if !k.loses && k.round > 1 {
		base := filepath.Join(k.tree(one), "CollabContent")
		k.check(os.RemoveAll(filepath.Join(base, fmt.Sprintf("meeting %d", k.round-1))))
		k.check(os.Rename(filepath.Join(base, "base", fmt.Sprint(k.round)), filepath.Join(base, fmt.Sprintf("renamed %d", k.round))))
	}
	for path, content := range k.content(one) {
		if k.allowed[path] == nil {
			k.allowed[path] = map[string]bool{}
		}
		k.allowed[path][content] = true
	}
}

// kill starts the second pool's service, which is killed before its operation at, and starts it again. It
// tells whether the service came that far.
func (k *killed) kill(at int64) (died bool) {
	k.change()
	before := k.content(two)
	if k.loses {
		for _, folder := range []string{"CollabContent", "CollabMetadata"} {
			k.check(os.RemoveAll(filepath.Join(k.tree(two), folder)))
		}
	}
	k.env = []string{fmt.Sprintf("%s=%d", stopVariable, at)}
	p := k.start(two)
	k.env = nil
	k.must("sync", "--pool-fqdn", one, "--backup-module", conf)
	k.until("the service is killed or takes everything", func() bool {
		select {
		case err := <-p.ended:
			p.ended <- err
			died = true
			return true
		default:
			return k.status(one).ExportStatus == "FinalState"
		}
	})
	if !died {
		_ = p.Process.Kill() // between operations, as good as any
		err := <-p.ended
		p.ended <- err
	}
	for path, content := range k.content(two) {
		if !k.allowed[path][content] {
			k.t.Fatalf("P1: killed before operation %d, %s holds %.60q…, which nobody stored", at, path, content)
		}
	}
	p = k.serve(two)
	k.synced(one)
	k.wantAlike()
	if !k.loses {
		k.keeps(before, at)
	}
	k.stop(p)
	return died
}

// keeps wants everything that stood at the second pool to be there still, or among its kept versions.
func (k *killed) keeps(before map[string]string, at int64) {
	k.t.Helper()
	found := map[string]bool{}
	for _, content := range k.content(two) {
		found[content] = true
	}
	err := filepath.WalkDir(filepath.Join(k.store(two), "1-BackupService-3/BackupStore/DataConf/Versions"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		found[fmt.Sprintf("%s %d", raw, info.ModTime().UnixNano())] = true
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		k.t.Fatal(err)
	}
	for path, content := range before {
		if !found[content] {
			k.t.Fatalf("P4: killed before operation %d, the earlier content of %s is kept nowhere", at, path)
		}
	}
}
