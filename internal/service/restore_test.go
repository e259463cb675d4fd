//go:build !windows

package service_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seeded is a lab whose pools hold the same content and agree on it.
func seeded(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	for i := range 40 {
		l.write(one, fmt.Sprintf("CollabContent/meeting %d/slide-%d", i/4, i), strings.Repeat(fmt.Sprint(i), 1000))
		l.write(two, fmt.Sprintf("CollabMetadata/meeting %d/state-%d", i/4, i), fmt.Sprint(i))
	}
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.synced(two)
	l.wantAlike()
	return l
}

// copyTree copies files with their times; what the copy of a file store is to its owner.
func (l *lab) copyTree(from, to string) {
	l.t.Helper()
	l.check(filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
		target := to + strings.TrimPrefix(path, from)
		if err != nil || info.IsDir() {
			return errorsOf(err, os.MkdirAll(target, 0o755))
		}
		raw, err := os.ReadFile(path)
		return errorsOf(err, os.WriteFile(target, raw, 0o644), os.Chtimes(target, info.ModTime(), info.ModTime()))
	}))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// The published restore procedure, as people follow it, for each way in which content gets lost.
func TestP16_ThePublishedRestoreProcedure(t *testing.T) {
	for name, lose := range map[string]func(l *lab){
		"the folders are emptied": func(l *lab) {
			for _, folder := range []string{"CollabContent", "CollabMetadata"} {
				entries, err := os.ReadDir(filepath.Join(l.tree(one), folder))
				l.check(err)
				for _, entry := range entries {
					l.check(os.RemoveAll(filepath.Join(l.tree(one), folder, entry.Name())))
				}
			}
		},
		"the folders are removed": func(l *lab) {
			l.check(errorsOf(os.RemoveAll(filepath.Join(l.tree(one), "CollabContent")), os.RemoveAll(filepath.Join(l.tree(one), "CollabMetadata"))))
		},
		"the service's folder is removed": func(l *lab) { l.check(os.RemoveAll(l.tree(one))) },
		"the store is emptied":            func(l *lab) { l.check(errorsOf(os.RemoveAll(l.store(one)), os.Mkdir(l.store(one), 0o755))) },
		"the mount is gone": func(l *lab) {
			l.check(errorsOf(os.Rename(l.store(one), l.store(one)+"-away"), os.Mkdir(l.store(one), 0o755)))
		},
		"a foreign store stands in its place": func(l *lab) {
			l.check(os.Rename(l.store(one), l.store(one)+"-away"))
			l.write(one, "CollabContent/meeting 1/slide-4", "of somebody else")
			l.write(one, "CollabContent/foreign", "of somebody else")
			own := filepath.Join(l.store(one), "1-BackupService-3", "BackupStore", "DataConf")
			l.check(errorsOf(os.MkdirAll(own, 0o755), os.WriteFile(filepath.Join(own, "store.json"), []byte(`{"Pool":"pool9.contoso.com","Store":"1","Generation":9}`), 0o644)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := seeded(t)
			before := l.content(two)
			lose(l)
			l.restores(before)
			after := l.content(two)
			delete(after, "CollabContent/foreign")
			if !maps.Equal(before, after) {
				t.Errorf("the restore changed pool 2:\n%v\n%v", before, after)
			}
		})
	}
}

// restores follows the procedure from the loss to its end.
func (l *lab) restores(whole map[string]string) {
	l.t.Helper()
	kept := func() {
		l.t.Helper()
		if now := l.content(two); !maps.Equal(whole, now) {
			l.t.Fatalf("pool 2 changed while pool 1 had lost its content:\n%v\n%v", whole, now)
		}
	}
	l.until("the loss is noticed", func() bool {
		kept()
		s := l.status(one)
		return s.ExportStatus == "ErrorState" && strings.Contains(s.Reason, "loss brake")
	})
	// Pool 1's service goes on and on, in all the cycles that it wants.
	for end := time.Now().Add(7 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		kept()
		if s := l.status(one); s.ExportStatus != "ErrorState" {
			l.t.Fatalf("the loss is no longer told: %+v", s)
		}
	}
	if got := l.must("sync", "--pool-fqdn", two, "--backup-module", conf); got.stdout != "" || got.stderr != "" {
		l.t.Errorf("sync prints %+v", got)
	}
	l.until("pool 2 is in FinalState", func() bool {
		s := l.status(two)
		if s.ExportStatus == "FinalState" {
			got := l.content(one)
			for name, content := range whole {
				if got[name] != content {
					l.t.Fatalf("FinalState is claimed, and %s is not on pool 1's disk", name)
				}
			}
		}
		return s.ExportStatus == "FinalState"
	})
	l.until("pool 1 is sound again", func() bool { return l.status(one).ExportStatus == "FinalState" })
	l.until("both trees are alike", func() bool { return maps.Equal(l.content(one), l.content(two)) })
	l.wantAlike()
}

// An older copy of the store in its place lacks what is new and holds old versions.
func TestP16_AnOlderCopyIsNoNews(t *testing.T) {
	t.Parallel()
	l := seeded(t)
	old := filepath.Join(l.dir, "old")
	l.copyTree(l.store(one), old)
	l.check(os.WriteFile(filepath.Join(l.tree(one), "CollabContent/meeting 0/slide-0"), []byte("a newer version"), 0o644))
	l.write(one, "CollabContent/meeting 99/new", "new")
	l.until("the news arrived", func() bool {
		return strings.HasPrefix(l.content(two)["CollabContent/meeting 0/slide-0"], "a newer version") && l.content(two)["CollabContent/meeting 99/new"] != ""
	})
	l.until("both agree", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
	whole := l.content(two)
	l.check(errorsOf(os.Rename(l.store(one), l.store(one)+"-away"), os.Rename(old, l.store(one))))
	l.restores(whole)
}

// When the mount comes back, the service goes on by itself and nothing had to be confirmed.
func TestAMountThatComesBackIsNoLoss(t *testing.T) {
	t.Parallel()
	l := seeded(t)
	whole := l.content(two)
	l.check(errorsOf(os.Rename(l.store(one), l.store(one)+"-away"), os.Mkdir(l.store(one), 0o755)))
	l.until("the loss is noticed", func() bool { return l.status(one).ExportStatus == "ErrorState" })
	l.write(two, "CollabContent/meanwhile", "made on pool 2")
	left, err := os.ReadDir(l.store(one))
	if err != nil || len(left) != 0 {
		t.Errorf("something was written into the empty mount point: %v, %v", left, err)
	}
	l.check(errorsOf(os.Remove(l.store(one)), os.Rename(l.store(one)+"-away", l.store(one))))
	l.until("pool 1 is sound again", func() bool { return l.status(one).ExportStatus == "FinalState" })
	l.until("the news of pool 2 arrived", func() bool { return l.content(one)["CollabContent/meanwhile"] != "" })
	l.wantAlike()
	if len(l.content(one)) != len(whole)+1 {
		t.Error("something is missing")
	}
}

// Failback: pool 1 was away; what pool 2 made meanwhile and what pool 1 alone has both survive.
func TestFailbackBringsBothSidesTogether(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i := range 20 {
		l.write(one, fmt.Sprintf("CollabContent/meeting/slide-%d", i), fmt.Sprint(i))
	}
	first := l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.stop(first)
	l.write(one, "CollabContent/last words", "written just before pool 1 went down")
	l.write(two, "CollabContent/meanwhile", "made on pool 2")
	l.write(two, "CollabContent/meeting/slide-3", "changed on pool 2")
	l.check(os.RemoveAll(filepath.Join(l.tree(one), "CollabContent/meeting")))
	l.serve(one)
	l.until("the loss is noticed", func() bool { return strings.Contains(l.status(one).Reason, "loss brake") })
	l.must("sync", "--pool-fqdn", two, "--backup-module", conf)
	l.until("both trees are alike", func() bool { return maps.Equal(l.content(one), l.content(two)) })
	got := l.content(one)
	for name, want := range map[string]string{"last words": "written just before", "meanwhile": "made on pool 2", "meeting/slide-3": "changed on pool 2", "meeting/slide-7": "7 "} {
		if !strings.HasPrefix(got["CollabContent/"+name], want) {
			t.Errorf("%s is %q", name, got["CollabContent/"+name])
		}
	}
	l.until("both agree", func() bool {
		return l.status(one).ExportStatus == "FinalState" && l.status(two).ExportStatus == "FinalState"
	})
}

// Pairing with another pool carries all old content both ways, whatever the former partner left behind.
func TestRepairingStartsAnew(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const three = "pool3.contoso.com"
	l.write(one, "CollabContent/a", "of pool 1")
	l.write(two, "CollabContent/b", "of pool 2")
	first, second := l.serve(one), l.serve(two)
	l.synced(one)
	l.synced(two)
	l.wantAlike()
	l.stop(first)
	l.stop(second)
	l.topology(one, three)
	l.must("certificate", "create", "--dir", filepath.Join(l.dir, "certs"), "--pool-fqdn", three)
	l.write(three, "CollabContent/c", "of pool 3")
	l.write(three, "CollabContent/a", "another one of pool 3")
	l.check(os.MkdirAll(filepath.Join(l.tree(three), "CollabMetadata"), 0o755))
	l.serve(one)
	l.serve(three)
	if s := l.status(one); s.ExportStatus == "FinalState" && l.content(three)["CollabContent/b"] == "" {
		t.Errorf("FinalState is claimed towards a partner that has nothing: %+v", s)
	}
	l.synced(one)
	l.synced(three)
	l.until("both trees are alike", func() bool { return maps.Equal(l.content(one), l.content(three)) })
	if got := l.content(three); len(got) != 3 || !strings.HasPrefix(got["CollabContent/b"], "of pool 2") {
		t.Errorf("pool 3 has %v", got)
	}
	kept := l.must("versions", "list", "--pool-fqdn", one).stdout + l.must("versions", "list", "--pool-fqdn", three).stdout
	if !strings.Contains(kept, `"Path":"CollabContent/a"`) || !strings.Contains(kept, "conflict") {
		t.Errorf("the version that lost is not kept: %s", kept)
	}
}
