package conformance_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"csbackup/internal/filestore"
	"csbackup/internal/filestore/conformance"

	"golang.org/x/sys/unix"
)

const secret = "what stands outside"

// outside is a folder that nobody may touch, with the names that are used inside.
func outside(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 4 {
		for _, name := range []string{fmt.Sprint(i), fmt.Sprint("deep/", i)} {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(secret), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func census(t *testing.T, dir string) map[string]string {
	t.Helper()
	found, err := conformance.Census(dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// While all operations run, folders and files of the store change places with links that lead outside,
// thousands of times: nothing outside is made, changed, removed or read.
func TestP18_LinksThatRaceLeadNowhere(t *testing.T) {
	const swaps, workers = 5_000, 4
	root, away := t.TempDir(), outside(t)
	before := census(t, away)
	for _, folder := range []string{"m/deep", "own"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{"m": away, "m/deep": filepath.Join(away, "deep"), "m/0": filepath.Join(away, "0"), "m/deep/0": filepath.Join(away, "deep", "0")}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(root, "link-"+strings.ReplaceAll(name, "/", "-"))); err != nil {
			t.Fatal(err)
		}
	}
	store, err := filestore.OpenReal(root)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()

	var stop atomic.Bool
	var running sync.WaitGroup
	var done [8]atomic.Int64 // operations that went well, by kind
	for worker := range workers {
		running.Go(func() {
			for round := 0; !stop.Load(); round++ {
				name := fmt.Sprintf("m/%d", round%4)
				if round/4%2 == 1 {
					name = fmt.Sprintf("m/deep/%d", round%4)
				}
				own := fmt.Sprintf("own/%d-%d", worker, round)
				for kind, run := range []func() error{
					func() error { return create(store.Create(own)) },
					func() error { return store.Exchange(own, name, own+"-aside") },
					func() error { return store.Publish(own, name) },
					func() error { return create(store.Create(name)) },
					func() error { return create(store.Append(name)) },
					func() error {
						r, err := store.Open(name)
						if err != nil {
							return err
						}
						defer r.Close()
						if content, _ := io.ReadAll(r); strings.Contains(string(content), secret) {
							t.Error("a file outside was read")
						}
						return nil
					},
					func() error {
						_, err := store.MakeFolder(fmt.Sprintf("m/deep/folder-%d-%d", worker, round%8))
						return err
					},
					func() error {
						if round%16 == 0 { // they cost more than the rest
							_ = store.Flush(t.Context(), []string{name})
							_ = store.FlushFolders(t.Context(), []string{"m/deep"})
						}
						if infos, err := store.ReadDir("m"); err == nil && len(infos) > 0 && infos[0].Size == int64(len(secret)) {
							t.Error("a folder outside was listed")
						}
						return errors.Join(store.Remove(name), store.Remove(fmt.Sprintf("m/deep/folder-%d-%d", worker, (round+4)%8)))
					},
				} {
					if run() == nil {
						done[kind].Add(1)
					}
				}
				for _, left := range []string{own, own + "-aside"} {
					_ = store.Remove(left)
				}
			}
		})
	}
	for i := range swaps {
		for name := range links {
			inside, link := filepath.Join(root, name), filepath.Join(root, "link-"+strings.ReplaceAll(name, "/", "-"))
			// Two exchanges are none: the folder is back. A name that is not there at the moment is not exchanged.
			for range 2 {
				_ = unix.Renameat2(unix.AT_FDCWD, inside, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE)
			}
		}
		if i%1000 == 0 && !maps.Equal(before, census(t, away)) {
			break
		}
	}
	stop.Store(true)
	running.Wait()
	if after := census(t, away); !maps.Equal(before, after) {
		t.Errorf("something outside is not as it was:\n%v\n%v", before, after)
	}
	for kind := range done {
		if done[kind].Load() == 0 {
			t.Errorf("operation %d never went well", kind)
		}
	}
}

// create writes a little into what was opened for writing.
func create(w filestore.Writer, err error) error {
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "inside")
	return errors.Join(err, w.SetModTime(1), w.Close())
}
