package filestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
)

// volumes is a real store in which the folder inside is a volume of its own: another one, or the folder
// beside seen at a second place.
func volumes(t *testing.T, bind bool) (filestore.Store, string) {
	t.Helper()
	root := t.TempDir()
	folders(t, root, "temp", "kept/deep", "inside", "beside")
	if bind {
		mounted(t, filepath.Join(root, "beside"), filepath.Join(root, "inside"), "", unix.MS_BIND, "")
	} else {
		mounted(t, "tmpfs", filepath.Join(root, "inside"), "tmpfs", 0, "size=4m")
	}
	folders(t, root, "inside/folder")
	store, err := filestore.OpenReal(root)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store, root
}

func write(t *testing.T, root, name, data string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(root, name), []byte(data), 0o640))
}

func has(t *testing.T, root, name, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(root, name))
	must(t, err)
	if string(got) != want {
		t.Fatalf("%s holds %q, want %q", name, got, want)
	}
}

func gone(t *testing.T, root, name string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(root, name)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is still there: %v", name, err)
	}
}

// noCopies wants no copy to be left behind.
func noCopies(t *testing.T, root string) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(path, "csbackup-copy") {
			t.Errorf("%s was left", path)
		}
		return err
	}))
}

// A folder that is a volume of its own is no obstacle: what arrives is copied there, what it displaces is
// copied away, with time, rights and owner, and nothing is lost where that cannot be.
func TestAcrossVolumes(t *testing.T) {
	for name, bind := range map[string]bool{"tmpfs": false, "bind mount": true} {
		t.Run(name, func(t *testing.T) {
			store, root := volumes(t, bind)
			write(t, root, "temp/new", "first")
			stamp := time.Unix(1_700_000_000, 123_456_789)
			must(t, os.Chtimes(filepath.Join(root, "temp/new"), stamp, stamp))
			must(t, store.Publish("temp/new", "inside/folder/file"))
			has(t, root, "inside/folder/file", "first")
			gone(t, root, "temp/new")
			before := look(t, store, "inside/folder/file")
			if before.ModTime != stamp.UnixNano() || before.Volume == look(t, store, "temp").Volume {
				t.Fatalf("%+v", before)
			}

			write(t, root, "temp/newer", "second")
			must(t, os.Chmod(filepath.Join(root, "inside/folder/file"), 0o600))
			must(t, store.Exchange("temp/newer", "inside/folder/file", "kept/deep/file"))
			has(t, root, "inside/folder/file", "second")
			has(t, root, "kept/deep/file", "first")
			gone(t, root, "temp/newer")
			kept, err := os.Stat(filepath.Join(root, "kept/deep/file"))
			must(t, err)
			if kept.Mode() != 0o600 || !kept.ModTime().Equal(stamp) {
				t.Fatalf("kept as %v of %v", kept.Mode(), kept.ModTime())
			}
			must(t, store.Publish("inside/folder/file", "kept/second"))
			has(t, root, "kept/second", "second")
			gone(t, root, "inside/folder/file")

			write(t, root, "temp/x", "x")
			write(t, root, "inside/taken", "taken")
			wants(t, store.Publish("temp/x", "inside/taken"), fs.ErrExist)
			wants(t, store.Exchange("temp/x", "inside/taken", "kept/second"), fs.ErrExist)
			wants(t, store.Exchange("temp/x", "inside/absent", "kept/free"), fs.ErrNotExist)
			wants(t, store.Publish("temp", "inside/temp"), filestore.ErrCrossVolume)
			wants(t, store.Exchange("temp/x", "inside/folder", "kept/free"), filestore.ErrCrossVolume)
			has(t, root, "inside/taken", "taken")
			has(t, root, "temp/x", "x")
			noCopies(t, root)
		})
	}
}

// A volume that fills while it is copied to keeps what it had.
func TestAcrossVolumesWithoutRoom(t *testing.T) {
	store, root := volumes(t, false)
	write(t, root, "temp/large", strings.Repeat("x", 8<<20))
	write(t, root, "inside/file", "old")
	wants(t, store.Publish("temp/large", "inside/large"), filestore.ErrFull)
	wants(t, store.Exchange("temp/large", "inside/file", "kept/file"), filestore.ErrFull)
	has(t, root, "inside/file", "old")
	gone(t, root, "inside/large")
	gone(t, root, "kept/file")
	noCopies(t, root)
}

// While a program goes on replacing a file that is exchanged across volumes, none of what it wrote is lost:
// it stands there or is kept.
func TestAcrossVolumesWithAWriter(t *testing.T) {
	store, root := volumes(t, false)
	const rounds = 150
	file, seen := filepath.Join(root, "inside/file"), map[string]bool{}
	write(t, root, "inside/file", "0")
	var running sync.WaitGroup
	stop := make(chan struct{})
	last := 0
	running.Go(func() {
		own := filepath.Join(root, "inside/own")
		for {
			select {
			case <-stop:
				return
			default:
			}
			last++
			if os.WriteFile(own, []byte(strconv.Itoa(last)), 0o644) != nil || os.Rename(own, file) != nil {
				t.Error("the program could not write")
				return
			}
		}
	})
	for range rounds {
		write(t, root, "temp/new", "arrived")
		err := store.Exchange("temp/new", "inside/file", "kept/file")
		if errors.Is(err, filestore.ErrLocked) {
			gone(t, root, "kept/file")
			must(t, os.Remove(filepath.Join(root, "temp/new")))
			continue
		}
		must(t, err)
		kept, err := os.ReadFile(filepath.Join(root, "kept/file"))
		must(t, err, store.Remove("kept/file"))
		seen[string(kept)] = true
	}
	close(stop)
	running.Wait()
	stands, err := os.ReadFile(file)
	must(t, err)
	if seen[string(stands)] = true; !seen[strconv.Itoa(last)] {
		t.Errorf("%d, which was written last, is nowhere", last)
	}
	noCopies(t, root)
}
