package replica_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A file that has several names is looked at in each cycle: of a change through another one nothing is told.
func TestP27_FilesWithSeveralNames(t *testing.T) {
	a, b := seeded(t, 20)
	name := func(i int) string { return fmt.Sprintf("%s/CollabContent/m/s%d", a.root, i) }
	for i := range 3 {
		if err := a.store.LinkOutside(name(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.store.Link(name(5), a.root+"/CollabContent/m/second"); err != nil {
		t.Fatal(err)
	}
	a.look(t)
	listings, reads, lookups := a.counted()
	if found := a.catchUp(t); found.Full || found.Changed != 0 || listings.Load() != 0 || reads.Load() > 1 || lookups.Load() > 2+5 {
		t.Errorf("an idle look with 5 such names: %+v, %d folders listed, %d files opened, %d names looked at", found, listings.Load(), reads.Load(), lookups.Load())
	}
	for i := range 3 {
		if err := a.store.WriteUntold(name(i), []byte(fmt.Sprintf("changed untold %d", i)), 2000); err != nil {
			t.Fatal(err)
		}
		if found := a.catchUp(t); found.Full || found.Changed != 1 {
			t.Errorf("a change through another name: %+v", found)
		}
	}
	if err := a.store.WriteUntold(name(5), []byte("changed by its second name"), 2000); err != nil {
		t.Fatal(err)
	}
	if found := a.catchUp(t); found.Full || found.Changed != 2 {
		t.Errorf("a change of a file that has two names in the store: %+v", found)
	}
	for range 2 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	a.store.RemoveAll(a.root + "/CollabContent/m/second")
	if err := a.store.UnlinkOutside(name(0)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	before := lookups.Load()
	if a.catchUp(t); lookups.Load()-before > 2+2 {
		t.Errorf("%d names are looked at when two are left that have several", lookups.Load()-before)
	}
}

// What nobody is told of is seen at the next full look, which comes after minutes; a change says when it began.
func TestP27_UntoldChangesAreSeenAfterMinutes(t *testing.T) {
	a, _ := seeded(t, 4)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a.Now = func() time.Time { return now }
	a.look(t)
	began := now
	if err := a.store.WriteUntold(a.root+"/CollabContent/m/s1", []byte("through mapped memory"), 2000); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if found := a.catchUp(t); found.Changed != 0 || !found.Began.Equal(now) || !found.FullBegan.Equal(began) {
		t.Errorf("before: %+v", found)
	}
	a.elapsed += 5 * time.Minute
	now = now.Add(5 * time.Minute)
	if found := a.catchUp(t); !found.Full || found.Changed != 1 || !found.Began.Equal(now) || !found.FullBegan.Equal(now) {
		t.Errorf("after: %+v", found)
	}
}

// A real file is changed through a hard link outside of the store.
func TestP27_ARealFileWithALinkOutside(t *testing.T) {
	a, folder := onDisk(t, "pool1", "pool2", "1-WebServices-1")
	if err := os.MkdirAll(filepath.Join(folder, "m"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, outside := filepath.Join(folder, "m", "f"), filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(file, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, outside); err != nil {
		t.Skipf("no hard link can be made here: %v", err)
	}
	a.look(t)
	if a.Blind() != nil {
		t.Skipf("the file system tells nothing about changes: %v", a.Blind())
	}
	if info, err := a.Store.Lstat("1-WebServices-1/CollabContent/m/f"); err != nil || info.Links != 2 {
		t.Skipf("the store tells of %d names (%v)", info.Links, err)
	}
	a.catchUp(t) // what the link itself was told as
	if err := os.WriteFile(outside, []byte("second, through the link"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found := a.catchUp(t); found.Full || found.Changed != 1 {
		t.Errorf("%+v", found)
	}
	if it, _, err := a.Index.Get("CollabContent/m/f"); err != nil || it.Size != int64(len("second, through the link")) {
		t.Errorf("%+v, %v", it, err)
	}
}

// million asks for figures of a large store on a real disk: how many files in how many folders.
const million = "CSBACKUP_TEST_MILLION"

// How long a full look takes at a million files decides how often it is taken.
func TestFiguresOfALargeStore(t *testing.T) {
	if os.Getenv(million) == "" {
		t.Skipf("%s=FILES measures looks at so many files, in the folder for temporary files", million)
	}
	var files int
	if _, err := fmt.Sscan(os.Getenv(million), &files); err != nil {
		t.Fatal(err)
	}
	a, folder := onDisk(t, "pool1", "pool2", "1-WebServices-1")
	for i := range files {
		at := filepath.Join(folder, fmt.Sprintf("%03d", i/50_000), fmt.Sprintf("%05d", i/50))
		if i%50 == 0 {
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(at, fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a.Elapsed = func(began time.Time) func() time.Duration {
		return func() time.Duration { return time.Since(began) }
	}(time.Now())
	for _, what := range []string{"the first look", "a full look", "another"} {
		began := time.Now()
		if _, err := a.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s at %d files: %v", what, files, time.Since(began))
	}
	began := time.Now()
	found, err := a.CatchUp(t.Context())
	t.Logf("an idle look (full %v, %v): %v", found.Full, err, time.Since(began))
}
