package filestore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
)

// mounted mounts a file system, or a folder, on a folder until the test ends; it skips the test where
// that cannot be done.
func mounted(t *testing.T, what, at, kind string, flags uintptr, options string) {
	t.Helper()
	if err := unix.Mount(what, at, kind, flags, options); err != nil {
		t.Skipf("nothing can be mounted here, which takes root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(at, unix.MNT_DETACH) }) // the test may have done it
}

// eyes takes what a watcher tells.
type eyes struct {
	t       *testing.T
	watcher filestore.Watcher
}

func watching(t *testing.T, root string, folders ...string) eyes {
	t.Helper()
	store, err := filestore.OpenReal(root)
	must(t, err)
	watcher, err := store.Watch(folders)
	must(t, err)
	t.Cleanup(func() { must(t, watcher.Close(), store.Close()) })
	return eyes{t, watcher}
}

// until waits until each name was told, by itself or by a folder above it. It answers the names that were
// not, and whether each was told by itself: else, or when the watcher lost count, the caller looks at more.
func (e eyes) until(names []string) (missed []string, itself bool) {
	e.t.Helper()
	deadline := time.After(20 * time.Second)
	for itself = true; ; {
		told, lost, err := e.watcher.Take()
		must(e.t, err)
		if lost {
			return nil, false
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			above := slices.ContainsFunc(told, func(one string) bool { return strings.HasPrefix(name, one+"/") })
			itself = itself && !above
			return above || slices.Contains(told, name)
		})
		if len(names) == 0 {
			return nil, itself
		}
		select {
		case <-e.watcher.Signal():
		case <-deadline:
			return names, false
		}
	}
}

// told wants names to be told by themselves.
func (e eyes) told(names ...string) {
	e.t.Helper()
	if missed, itself := e.until(names); missed != nil || !itself {
		e.t.Fatalf("not told, or not by itself: %q", missed)
	}
}

// everywhere changes a file in each folder of the tree and wants to be told of each: by itself or by a
// folder above it, and once all that happened before is done with, by itself.
func (e eyes) everywhere(root, tree, file string) {
	e.t.Helper()
	for range 100 {
		missed, itself := e.until(e.write(root, tree, file))
		if missed != nil {
			e.t.Fatalf("not told: %q", missed)
		}
		if itself {
			return
		}
	}
	e.t.Fatal("changes are never told by themselves")
}

// write writes a file in each folder of the tree.
func (e eyes) write(root, tree, file string) []string {
	e.t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(root, tree), func(path string, entry fs.DirEntry, err error) error {
		// A folder that was removed can still be seen where it is mounted a second time: nothing is in it.
		if errors.Is(err, fs.ErrNotExist) || err == nil && !entry.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		err = os.WriteFile(filepath.Join(path, file), []byte(file), 0o644)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		name, relErr := filepath.Rel(root, filepath.Join(path, file))
		names = append(names, name)
		return errors.Join(err, relErr)
	})
	must(e.t, err)
	return names
}

func folders(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		must(t, os.MkdirAll(filepath.Join(root, name), 0o755))
	}
}

// A folder that takes another one's name is watched from then on, in whatever way it comes there.
func TestWatchOfAFolderInAnothersPlace(t *testing.T) {
	rename := func(t *testing.T, root, from, to string, flags uint) {
		must(t, unix.Renameat2(unix.AT_FDCWD, filepath.Join(root, from), unix.AT_FDCWD, filepath.Join(root, to), flags))
	}
	renamed := func(from, to string, flags uint, times int) func(t *testing.T, root string) {
		return func(t *testing.T, root string) {
			for range times {
				rename(t, root, from, to, flags)
			}
		}
	}
	for name, act := range map[string]func(t *testing.T, root string){
		"renamed over an empty one":           renamed("tree/b", "tree/empty", 0, 1),
		"renamed over one, from outside":      renamed("beside/c", "tree/empty", 0, 1),
		"exchanged":                           renamed("tree/a", "tree/b", unix.RENAME_EXCHANGE, 1),
		"exchanged with one outside":          renamed("tree/a", "beside/c", unix.RENAME_EXCHANGE, 1),
		"exchanged with its parent's sibling": renamed("tree/a/below", "tree/b", unix.RENAME_EXCHANGE, 1),
		"exchanged twice":                     renamed("tree/a", "tree/b", unix.RENAME_EXCHANGE, 2),
		"the whole tree exchanged":            renamed("tree", "beside", unix.RENAME_EXCHANGE, 1),
		"moved round": func(t *testing.T, root string) {
			rename(t, root, "tree/a", "tree/x", 0)
			rename(t, root, "tree/b", "tree/a", 0)
			rename(t, root, "tree/x", "tree/b", 0)
		},
		"removed and made": func(t *testing.T, root string) {
			must(t, os.Remove(filepath.Join(root, "tree/empty")))
			folders(t, root, "tree/empty/new")
		},
		"replaced by a file and back": func(t *testing.T, root string) {
			rename(t, root, "tree/a", "beside/a", 0)
			file := filepath.Join(root, "tree/a")
			must(t, os.WriteFile(file, nil, 0o644), os.Remove(file))
			rename(t, root, "beside/a", "tree/a", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			folders(t, root, "tree/a/below", "tree/b/below/deeper", "tree/empty", "beside/c/below")
			e := watching(t, root, "tree")
			act(t, root)
			e.everywhere(root, "tree", "file")
		})
	}
}

// What is mounted, and what an unmounting brings back, is told and watched, also where a folder of the
// tree is seen at a second place in it.
func TestWatchOfMounts(t *testing.T) {
	root := t.TempDir()
	folders(t, root, "tree/on/under", "tree/second", "tree/a/below")
	e := watching(t, root, "tree")
	on, second := filepath.Join(root, "tree/on"), filepath.Join(root, "tree/second")
	mounted(t, "tmpfs", on, "tmpfs", 0, "size=1m")
	e.told("tree/on")
	folders(t, root, "tree/on/new/deep")
	e.everywhere(root, "tree", "1")
	mounted(t, filepath.Join(root, "tree/a"), second, "", unix.MS_BIND, "")
	e.told("tree/second")
	e.everywhere(root, "tree", "2")
	must(t, unix.Unmount(on, 0), unix.Unmount(second, unix.MNT_DETACH))
	if missed, _ := e.until([]string{"tree/second"}); missed != nil {
		t.Fatal("the unmounting was not told")
	}
	e.everywhere(root, "tree", "3")
}

// unmountBelow unmounts all that is mounted below a folder, wherever its mount points were moved to.
func unmountBelow(t *testing.T, folder string) {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	lines := strings.Split(string(table), "\n")
	for _, line := range slices.Backward(lines) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], folder+"/") {
			must(t, unix.Unmount(fields[4], unix.MNT_DETACH))
		}
	}
}

// Whatever is renamed, exchanged, mounted, replaced and removed, in whatever order: each later change is
// told.
func TestWatchOfATreeInMotion(t *testing.T) {
	const rounds, steps = 12, 40
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("CSBACKUP_TEST_SEED"); given != "" {
		_, err := fmt.Sscan(given, &seed)
		must(t, err)
	}
	t.Logf("run again with CSBACKUP_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	root := t.TempDir()
	folders(t, root, "tree", "beside")
	mounts := unix.Mount("tmpfs", filepath.Join(root, "beside"), "tmpfs", 0, "size=1m") == nil
	if mounts {
		must(t, unix.Unmount(filepath.Join(root, "beside"), 0))
	} else {
		t.Log("NOTHING IS MOUNTED in this run, which takes root")
	}
	e := watching(t, root, "tree")
	var points []string
	t.Cleanup(func() { unmountBelow(t, root) })
	// place gives a name in a small tree, so that names meet often.
	place := func() string {
		name := "tree"
		if random.IntN(6) == 0 {
			name = "beside"
		}
		for range 1 + random.IntN(3) {
			name += "/" + string(rune('a'+random.IntN(3)))
		}
		return filepath.Join(root, name)
	}
	done := map[string]int{}
	for range rounds {
		for range steps {
			one, other := place(), place()
			what, err := "", error(nil)
			switch n := random.IntN(20); {
			case n < 6:
				what, err = "make", os.Mkdir(one, 0o755)
			case n < 10:
				what, err = "rename", os.Rename(one, other)
			case n < 14:
				what, err = "exchange", unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
			case n < 15:
				what, err = "remove", unix.Rmdir(one)
			case n < 16:
				what, err = "clear", os.RemoveAll(one)
			case n < 17 && mounts && len(points) < 4:
				what, err = "mount", unix.Mount("tmpfs", one, "tmpfs", 0, "size=1m")
				if err == nil {
					points = append(points, one)
				}
			case n < 18 && mounts && len(points) < 4:
				what, err = "bind", unix.Mount(one, other, "", unix.MS_BIND, "")
				if err == nil {
					points = append(points, other)
				}
			case n < 19 && len(points) > 0:
				what = "unmount"
				err = unix.Unmount(points[len(points)-1], unix.MNT_DETACH)
				points = points[:len(points)-1]
			default:
				what, err = "file", os.WriteFile(one+"/f", nil, 0o644)
			}
			if err == nil {
				done[what]++
			}
		}
		e.everywhere(root, "tree", "file")
	}
	t.Logf("done: %v", done)
}
