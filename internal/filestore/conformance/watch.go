package conformance

import (
	"errors"
	"slices"
	"testing"
	"time"

	"csbackup/internal/filestore"
)

// watch proves that what changes below the watched folders is told, also in folders that were made
// or moved after the watching began.
func watch(t *testing.T, store filestore.Store) {
	for _, folder := range []string{"top/tree/old/deep", "top/beside"} {
		_, err := store.MakeFolder(folder)
		must(t, err)
	}
	put(t, store, "top/tree/old/deep/file", "1")
	watcher, err := store.Watch([]string{"top/tree", "later/tree"})
	if errors.Is(err, filestore.ErrNoWatch) && store.Properties().Network {
		t.Skipf("this store cannot tell about changes: %v", err)
	}
	must(t, err)
	defer func() { must(t, watcher.Close()) }()
	names, lost, err := watcher.Take()
	must(t, err)
	if len(names) != 0 || lost {
		t.Fatalf("told before anything changed: %q, %v", names, lost)
	}

	put(t, store, "top/beside/file", "")
	put(t, store, "top/tree/a", "")
	told(t, watcher, "top/tree/a")

	must(t, store.Publish("top/tree/old", "top/tree/new"))
	told(t, watcher, "top/tree/old", "top/tree/new")
	put(t, store, "top/tree/new/deep/second", "")
	told(t, watcher, "top/tree/new/deep/second")
	must(t, store.Publish("top/tree/new/deep", "top/tree/deep"))
	put(t, store, "top/tree/deep/third", "")
	told(t, watcher, "top/tree/new/deep", "top/tree/deep/third")
	must(t, store.Remove("top/tree/deep/third"))
	told(t, watcher, "top/tree/deep/third")

	_, err = store.MakeFolder("top/tree/made/below")
	must(t, err)
	told(t, watcher, "top/tree/made")
	put(t, store, "top/tree/made/below/file", "")
	told(t, watcher, "top/tree/made/below/file")

	_, err = store.MakeFolder("later/tree")
	must(t, err)
	told(t, watcher, "later/tree")
	put(t, store, "later/tree/file", "")
	told(t, watcher, "later/tree/file")

	must(t, store.Publish("top", "away"))
	told(t, watcher, "top/tree")
	must(t, store.Publish("away", "top"))
	told(t, watcher, "top/tree")
	put(t, store, "top/tree/deep/fourth", "")
	told(t, watcher, "top/tree/deep/fourth")
}

// told waits until each name was told, itself or by a folder above it that the caller looks into.
func told(t *testing.T, watcher filestore.Watcher, wanted ...string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		names, lost, err := watcher.Take()
		must(t, err)
		if lost {
			t.Fatal("changes were lost")
		}
		for _, name := range names {
			if name == "top/beside" || name == "top/beside/file" {
				t.Fatalf("%s is not watched", name)
			}
			wanted = slices.DeleteFunc(wanted, func(one string) bool {
				return one == name || len(one) > len(name) && one[:len(name)+1] == name+"/"
			})
		}
		if len(wanted) == 0 {
			return
		}
		select {
		case <-watcher.Signal():
		case <-deadline:
			t.Fatalf("%q was not told", wanted)
		}
	}
}
