package replica_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// A bit that flips on one side's disk is found, is not sent, and is healed from the other side.
func TestP14_BitRotIsFoundNotSpreadAndHealed(t *testing.T) {
	a, b := pair(t)
	for i := range 10 {
		a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprintf("content of slide %d", i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	good := b.tree()
	rotten := a.root + "/CollabContent/m/s3"
	if err := a.store.Rot(rotten, 21); err != nil {
		t.Fatal(err)
	}
	found, err := a.Scrub(t.Context(), 1<<30, true)
	if err != nil || found.Suspects != 1 || found.Files != 10 || a.Index.Counts().Suspects != 1 {
		t.Fatalf("the scrub found %+v (%v), %+v", found, err, a.Index.Counts())
	}
	a.look(t)
	if _, err := a.send(t, b, true); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(good, b.tree()) {
		t.Fatal("what rotted was sent")
	}
	cycle(t, a, b)
	if !maps.Equal(good, a.tree()) || a.Index.Counts().Suspects != 0 || a.Index.PendingCount() != 0 {
		t.Errorf("it was not healed: %q, %+v", a.tree()["CollabContent/m/s3"], a.Index.Counts())
	}
	if kept, err := a.Versions("", "", 1000); err != nil || len(kept) != 1 {
		t.Errorf("what rotted is not kept aside: %v, %v", kept, err)
	}
	if found, err = a.Scrub(t.Context(), 1<<30, true); err != nil || found.Suspects != 0 || found.Files != 10 {
		t.Errorf("a second scrub found %+v (%v)", found, err)
	}
}

// Where the partner has no copy the file stays suspect, and one that reads right again is none any more.
func TestP14_ASuspectThatReadsRightAgain(t *testing.T) {
	a, b := pair(t)
	a.write(t, "m/s", "content", 1000)
	a.look(t)
	name := a.root + "/CollabContent/m/s"
	for range 2 {
		if err := a.store.Rot(name, 3); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Scrub(t.Context(), 1<<30, true); err != nil {
			t.Fatal(err)
		}
		a.look(t)
		if _, err := a.send(t, b, true); err != nil {
			t.Fatal(err)
		}
	}
	if a.Index.Counts().Suspects != 0 || b.tree()["CollabContent/m/s"] != "content" {
		t.Errorf("%+v; the partner has %v", a.Index.Counts(), b.tree())
	}
}

// A scrub goes on where it ended, over restarts, reads about its budget, and rests after a pass.
func TestAScrubIsPaced(t *testing.T) {
	a, _ := pair(t)
	const files, size = 12, 100_000
	for i := range files {
		a.write(t, fmt.Sprintf("m%d/s", i%3)+fmt.Sprint(i), strings.Repeat("x", size), 1000)
	}
	a.look(t)
	read, calls := int64(0), 0
	for calls = range 100 {
		found, err := a.Scrub(t.Context(), 200_000, false)
		if err != nil {
			t.Fatal(err)
		}
		if found.Bytes == 0 {
			break
		}
		if found.Bytes > 400_000 {
			t.Fatalf("one stretch read %d bytes", found.Bytes)
		}
		read += found.Bytes
		a.reopen(t)
	}
	if read != files*size || calls < 4 {
		t.Errorf("%d bytes were read in %d calls", read, calls)
	}
	a.elapsed += 8 * 24 * 60 * 60 * 1e9
	if found, err := a.Scrub(t.Context(), 200_000, false); err != nil || found.Bytes == 0 {
		t.Errorf("after a week no pass begins: %+v, %v", found, err)
	}
}
