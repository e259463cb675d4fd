//go:build !windows

package service_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Both pools get new names. Each service stops with the reason and the way out; adopting the stores brings the
// pair back with all that both sides know, and sends and deletes nothing.
func TestP8_PoolsWithNewNamesAdoptTheirStores(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 12 {
		l.write(one, fmt.Sprintf("CollabContent/m/s%d", i), fmt.Sprint(i))
	}
	first, second := l.serve(one), l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	if got := l.run("store", "adopt", "--pool-fqdn", one); got.code != 4 || !strings.Contains(got.stderr, "StoreNotForeign") {
		t.Errorf("a store of its own pool gives %+v", got)
	}
	whole := l.content(one)
	l.stop(first)
	l.stop(second)

	names := map[string]string{one: "new1.contoso.com", two: "new2.contoso.com"}
	file := filepath.Join(l.dir, "pools.yaml")
	text, err := os.ReadFile(file)
	l.check(err)
	renamed := strings.NewReplacer(one, names[one], two, names[two]).Replace(string(text))
	l.check(os.WriteFile(file, []byte(renamed), 0o600))
	for former, name := range names {
		l.must("certificate", "create", "--dir", filepath.Join(l.dir, "certs"), "--pool-fqdn", name)
		l.serve(name, "--state-dir", filepath.Join(l.dir, "state", former))
	}
	for _, name := range names {
		l.until(name+" says what to do", func() bool {
			s := l.status(name)
			return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "csbackup store adopt --pool-fqdn "+name)
		})
	}
	for former, name := range names {
		if got := l.run("store", "adopt", "--pool-fqdn", name, "--plan", "0123"); got.code != 5 || !strings.Contains(got.stderr, "StorePlanStale") {
			t.Errorf("another plan gives %+v", got)
		}
		var plan struct {
			Plan, FormerPoolFqdn string
			Files                int64
		}
		got := l.must("store", "adopt", "--pool-fqdn", name, "--output", "json")
		if err := json.Unmarshal([]byte(got.stdout), &plan); err != nil || plan.FormerPoolFqdn != former || plan.Files != int64(len(whole)) {
			t.Fatalf("the plan is %+v (%v)", got, err)
		}
		l.must("store", "adopt", "--pool-fqdn", name, "--plan", plan.Plan)
	}
	l.until("both are well under their new names", func() bool {
		return l.status(names[one]).ExportStatus == "FinalState" && l.status(names[two]).ExportStatus == "FinalState"
	})
	for _, former := range []string{one, two} {
		if now := l.content(former); !maps.Equal(whole, now) {
			t.Errorf("the store of %s was %v and is %v", former, whole, now)
		}
		if _, err := os.Stat(filepath.Join(l.store(former), "1-BackupService-3", "BackupStore", "DataConf", "Versions")); err == nil {
			t.Errorf("the store of %s keeps versions though nothing was replaced", former)
		}
	}
	l.check(os.WriteFile(filepath.Join(l.tree(one), "CollabContent", "m", "new"), []byte("new"), 0o644))
	l.until("a new file travels", func() bool { return strings.HasPrefix(l.content(two)["CollabContent/m/new"], "new ") })
}
