package service_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What is renamed while the services run is moved at the partner: it is the same file as before, needs no room, is held
// nowhere and leaves no kept version, though the volumes could not hold it twice.
func TestP11_RenamesOnSmallVolumes(t *testing.T) {
	t.Parallel()
	const files = 350
	l := newLab(t)
	for _, pool := range []string{one, two} {
		l.check(os.RemoveAll(l.store(pool)))
		l.volume(l.store(pool), 24<<10)
	}
	random := rand.NewChaCha8([32]byte{7})
	for i := range files { // 14 MB
		content := make([]byte, 40_000)
		random.Read(content)
		l.write(one, fmt.Sprintf("CollabContent/m/d%d/s%d", i%3, i), string(content))
	}
	l.serve(one)
	l.serve(two)
	l.must("configuration", "set", "--sync-interval", "00:00:05")
	l.synced(one)
	l.wantAlike()
	first := map[uint64]bool{}
	for _, number := range l.numbers(two) {
		first[number] = true
	}
	content := filepath.Join(l.tree(one), "CollabContent")
	for _, row := range []struct {
		name   string
		rename func()
	}{
		{"a folder at once", func() { l.check(os.Rename(filepath.Join(content, "m"), filepath.Join(content, "n"))) }},
		{"each file", func() {
			for i := range files {
				to := filepath.Join(content, "o", fmt.Sprint(i%5), fmt.Sprintf("s%d", i))
				l.check(os.MkdirAll(filepath.Dir(to), 0o755))
				from, err := filepath.Glob(filepath.Join(content, "*", "d*", fmt.Sprintf("s%d", i)))
				l.check(err)
				l.check(os.Rename(from[0], to))
			}
			l.check(errorsOf(os.RemoveAll(filepath.Join(content, "m")), os.RemoveAll(filepath.Join(content, "n"))))
		}},
	} {
		name := row.name
		row.rename()
		l.until(name+" is renamed at the partner", func() bool {
			a, b := l.status(one), l.status(two)
			if a.ExportStatus == "ErrorState" || b.ImportStatus == "ErrorState" {
				t.Fatalf("%s: %s; %s", name, a.Reason, b.Reason)
			}
			names := slices.Sorted(maps.Keys(l.numbers(one)))
			return a.ExportStatus == "FinalState" && slices.Equal(names, slices.Sorted(maps.Keys(l.numbers(two))))
		})
		if !maps.Equal(l.content(one), l.content(two)) {
			t.Errorf("%s: the trees differ", name)
		}
		for _, number := range l.numbers(two) {
			if !first[number] {
				t.Errorf("%s: a file at the partner is another one", name)
				break
			}
		}
	}
	for _, pool := range []string{one, two} {
		err := filepath.WalkDir(l.store(pool), func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.Contains(name, "/Versions/") {
				t.Errorf("%s is kept", name)
			}
			return err
		})
		l.check(err)
	}
}

// numbers gives the inode numbers of a pool's replicated files by their names; of what is being renamed just now there
// may be less.
func (l *lab) numbers(pool string) map[string]uint64 {
	l.t.Helper()
	found := map[string]uint64{}
	l.check(filepath.WalkDir(l.tree(pool), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				found[strings.TrimPrefix(name, l.tree(pool))] = info.Sys().(*syscall.Stat_t).Ino
			}
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}))
	return found
}
