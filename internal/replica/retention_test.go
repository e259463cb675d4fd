package replica_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/replica"
)

const day = 24 * time.Hour

// onDiskKept counts the kept versions that are there, and their bytes.
func (s *side) onDiskKept() (files, bytes int64) {
	for name, content := range s.store.Files() {
		if strings.HasPrefix(name, "own/DataConf/Versions/") && !strings.HasSuffix(name, ".path") {
			files++
			bytes += int64(len(content))
		}
	}
	return files, bytes
}

// wantCounted compares what the index says of kept versions with what is there.
func (s *side) wantCounted(t *testing.T) {
	t.Helper()
	files, bytes := s.onDiskKept()
	if counts := s.Index.Counts(); counts.Kept != files || counts.KeptBytes != bytes {
		t.Errorf("the index counts %d kept versions of %d bytes, and %d of %d bytes are there", counts.Kept, counts.KeptBytes, files, bytes)
	}
}

// rewrite changes a file of the first side so many times, and lets each version travel.
func rewrite(t *testing.T, a, b *side, name string, times, size int, after func()) {
	t.Helper()
	for i := range times {
		a.write(t, name, strings.Repeat(fmt.Sprint(i%10), size), int64(10_000+i))
		cycle(t, a, b)
		after()
	}
}

// Pages of any size, one after the other, give what one page gives: the newest first by the service clock, also
// where the host's clock went back.
func TestVersionsAreListedByPages(t *testing.T) {
	a, b := seeded(t, 12)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.Now = func() time.Time { return now }
	for round := range 4 {
		for i := range 6 {
			a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprintf("round %d", round), int64(2000+round))
		}
		a.write(t, fmt.Sprintf("m/n%d/f", round), "x", 1)
		a.write(t, fmt.Sprintf("m/n%d/f", round), "y", 1)
		now = now.Add(-48 * time.Hour)
		cycle(t, a, b)
	}
	for _, path := range []string{"", "CollabContent/m/s3", "CollabContent/m/", "CollabContent/m/n", "CollabContent/nothing"} {
		all, err := b.Versions(path, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range all {
			if i > 0 && strings.Compare(all[i-1].ID[:12], k.ID[:12]) < 0 {
				t.Errorf("%s comes after %s", k.ID, all[i-1].ID)
			}
		}
		for _, size := range []int{1, 2, 3, 7, len(all) + 1} {
			var paged []replica.Kept
			for after := ""; ; {
				page, err := b.Versions(path, after, size)
				if err != nil {
					t.Fatal(err)
				}
				if paged = append(paged, page...); len(page) < size {
					break
				}
				after = page[len(page)-1].ID
			}
			if !slices.Equal(paged, all) {
				t.Errorf("%q by pages of %d: %d versions, not %d", path, size, len(paged), len(all))
			}
		}
	}
	if all, err := b.Versions("CollabContent/m/s3", "", 1000); err != nil || len(all) != 4 {
		t.Errorf("%+v, %v", all, err)
	} else if newest, err := b.store.ReadFile("own/DataConf/Versions/" + all[0].ID); err != nil || string(newest) != "round 2" {
		t.Errorf("the newest one is %q, %v", newest, err)
	}
	b.wantCounted(t)
}

// Kept versions go by age, in running time of the service, and by bytes, the oldest first.
func TestRetention(t *testing.T) {
	a, b := seeded(t, 4)
	rewrite(t, a, b, "m/s0", 5, 100, func() { b.elapsed += 10 * day })
	b.Retention = replica.Retention{Bytes: 250}
	left := func(want int64) {
		t.Helper()
		if err := b.Prune(); err != nil {
			t.Fatal(err)
		}
		b.wantCounted(t)
		if files, _ := b.onDiskKept(); files != want {
			t.Errorf("%d kept versions are left, not %d", files, want)
		}
	}
	b.Retention = replica.Retention{}
	left(2) // those of the last 30 days: one was set aside just 30 days ago
	b.Retention = replica.Retention{For: 365 * day, Bytes: 150}
	left(1)
	b.elapsed += 400 * day
	left(0)
	if infos, err := b.store.ReadDir("own/DataConf/Versions"); err != nil || len(infos) != 0 {
		t.Errorf("empty folders are left: %v, %v", infos, err)
	}
}

// A batch of kept versions that cannot be removed keeps no other one.
func TestRetentionPassesOverWhatCannotBeRemoved(t *testing.T) {
	a, b := seeded(t, 4)
	rewrite(t, a, b, "m/s0", 4, 100, func() {})
	whole := b.Store
	kept, err := b.Versions("", "", 10)
	if err != nil || len(kept) != 4 {
		t.Fatal(kept, err)
	}
	b.Store = filestore.NewFaulty(whole, func(op, name string) error {
		if op == "remove" && strings.HasSuffix(name, kept[2].ID) {
			return filestore.ErrLocked
		}
		return nil
	})
	b.elapsed += 31 * day
	if err := b.Prune(); err == nil {
		t.Error("nobody is told")
	}
	if files, _ := b.onDiskKept(); files != 1 {
		t.Errorf("%d are left", files)
	}
	b.Store = whole
	if err := b.Prune(); err != nil {
		t.Fatal(err)
	}
	b.wantCounted(t)
}

// A file that is written again and again on a small volume goes on arriving: the oldest kept versions make room.
// What does not fit at all is refused, with what kept versions hold, and none of them goes for it.
func TestP11_TheOldestKeptVersionsMakeRoom(t *testing.T) {
	a := newSide(t, "pool1", "pool2", "1-WebServices-1")
	b := newSide(t, "pool2", "pool1", "1-WebServices-2", filestore.MemoryOptions{Capacity: 240_000})
	for i := range 4 {
		a.write(t, fmt.Sprintf("m/s%d", i), "content", 1000)
	}
	cycle(t, a, b)
	rewrite(t, a, b, "m/large", 30, 30_000, func() { b.wantCounted(t) })
	wantAlike(t, a, b)
	files, bytes := b.onDiskKept()
	if files < 3 || files > 7 {
		t.Errorf("%d versions of %d bytes are kept", files, bytes)
	}
	newest, err := b.Versions("CollabContent/m/large", "", 1)
	if err != nil || len(newest) != 1 {
		t.Fatal(newest, err)
	}
	if content, err := b.store.ReadFile("own/DataConf/Versions/" + newest[0].ID); err != nil || content[0] != '8' {
		t.Errorf("the newest kept version is %.1q, %v", content, err)
	}
	a.write(t, "m/huge", strings.Repeat("h", 250_000), 1)
	a.look(t)
	_, err = a.send(t, b, false)
	if !failure.IsID(err, failure.DiskFull) || !strings.Contains(err.Error(), fmt.Sprintf("kept versions hold %d bytes in %d files", bytes, files)) {
		t.Errorf("a file that cannot fit: %v", err)
	}
	if now, _ := b.onDiskKept(); now != files {
		t.Errorf("%d versions were removed in vain", files-now)
	}
}

// What the index counts of kept versions is put right after a start: a batch may have come to no end, somebody
// may have removed versions by hand, and the index may be a new one.
func TestKeptVersionsAreCountedAnew(t *testing.T) {
	a, b := seeded(t, 4)
	rewrite(t, a, b, "m/s0", 4, 100, func() {})
	kept, err := b.Versions("", "", 10)
	if err != nil || len(kept) != 4 {
		t.Fatal(kept, err)
	}
	gone, _, _ := strings.Cut(kept[1].ID, "/")
	b.store.RemoveAll("own/DataConf/Versions/" + gone)
	b.store.WriteFile("own/DataConf/Versions/000000000000-20260101T000000Z-0001/deleted/CollabContent/old", []byte("old"), 1)
	b.store.MakeFolder("own/DataConf/Versions/000000000001-20260101T000000Z-0001/deleted/CollabContent")
	b.store.WriteFile("own/DataConf/Versions/by hand", []byte("not ours"), 1)
	b.reopen(t)
	if err := b.Prune(); err != nil {
		t.Fatal(err)
	}
	b.store.RemoveAll("own/DataConf/Versions/by hand")
	b.wantCounted(t)
	if now, err := b.Versions("", "", 10); err != nil || len(now) != 4 || now[3].Path != "CollabContent/old" {
		t.Errorf("%+v, %v", now, err)
	}
}

// A version whose name would be too long is kept under a hash, and comes back under its own path.
func TestVersionsOfDeepAndLongPathsAreKept(t *testing.T) {
	for name, path := range map[string]string{
		"250 levels": deep(250), "256 levels": deep(256),
		"4096 bytes": strings.Repeat(strings.Repeat("x", 250)+"/", 16) + strings.Repeat("y", 4096-len("CollabContent/")-16*251),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := seeded(t, 4)
			a.write(t, path, "first", 1000)
			cycle(t, a, b)
			a.write(t, path, "second", 2000)
			cycle(t, a, b)
			a.store.RemoveAll(a.root + "/CollabContent/" + path)
			cycle(t, a, b)
			cycle(t, a, b)
			kept, err := b.Versions("CollabContent/"+path, "", 10)
			if err != nil || len(kept) != 2 || kept[0].Kind != "deleted" || kept[1].Kind != "replaced" || kept[0].Path != "CollabContent/"+path {
				t.Fatalf("%+v, %v", kept, err)
			}
			for full := range b.store.Files() {
				if strings.HasPrefix(full, "own/") && (len(full) > 4096 || strings.Count(full, "/") >= 256) {
					t.Errorf("a kept version has a name of %d bytes and %d levels", len(full), strings.Count(full, "/")+1)
				}
			}
			if err := b.RestoreVersion(kept[0].ID); err != nil {
				t.Fatal(err)
			}
			cycle(t, a, b)
			cycle(t, a, b)
			wantAlike(t, a, b)
			if got := a.tree()["CollabContent/"+path]; got != "second" {
				t.Errorf("the kept version came back as %q", got)
			}
			b.reopen(t)
			b.Prune()
			b.wantCounted(t)
			b.elapsed += 31 * day
			if err := b.Prune(); err != nil {
				t.Fatal(err)
			}
			if files, _ := b.onDiskKept(); files != 0 {
				t.Errorf("%d are left", files)
			}
		})
	}
}

// While another store stands in the place of the known one, an empty mount point say, nothing is forgotten of the
// known one's kept versions, and its retention removes nothing there.
func TestKeptVersionsOfAStoreThatIsAway(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		a, b := seeded(t, 4)
		rewrite(t, a, b, "m/s0", 3, 100, func() {})
		if err := b.Prune(); err != nil {
			t.Fatal(err)
		}
		known := b.Store
		empty := filestore.NewMemory(filestore.MemoryOptions{})
		b.Store = apartFromIndex(t, empty)
		if restarted {
			b.reopen(t)
		}
		for range 3 {
			b.look(t)
			if err := b.Prune(); err != nil {
				t.Fatal(err)
			}
			if kept, err := b.Versions("", "", 10); err != nil || len(kept) != 0 {
				t.Errorf("the empty store has %v, %v", kept, err)
			}
		}
		if len(empty.Files()) != 0 {
			t.Errorf("something was written: %v", empty.Files())
		}
		b.Store = known
		if restarted {
			b.reopen(t)
		}
		b.look(t)
		if err := b.Prune(); err != nil {
			t.Fatal(err)
		}
		b.wantCounted(t)
		if kept, err := b.Versions("", "", 10); err != nil || len(kept) != 3 {
			t.Errorf("when the store is back there are %v, %v", kept, err)
		}
	}
}
