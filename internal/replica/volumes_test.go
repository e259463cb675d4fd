package replica_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// nested gives a pair of which a has a volume of its own in m/v, and both sides have all its files.
func nested(t *testing.T) (a, b *side) {
	t.Helper()
	a, b = seeded(t, 40)
	if _, err := a.store.MakeFolder(a.root + "/CollabContent/m/v"); err != nil {
		t.Fatal(err)
	}
	if err := a.store.Mount(a.root + "/CollabContent/m/v"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		a.write(t, fmt.Sprintf("m/v/s%d", i), fmt.Sprint("on the volume ", i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	a.look(t)
	return a, b
}

// The files of a volume within a root are no deletions when it is not mounted, however few they are; when it comes
// back all goes on by itself, and meanwhile nothing is written where it belongs.
func TestP6_P7_AVolumeInsideARootIsNotMounted(t *testing.T) {
	for _, told := range []bool{true, false} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("told %v, restart %v", told, restart), func(t *testing.T) {
				a, b := nested(t)
				whole := b.tree()
				v := a.root + "/CollabContent/m/v"
				if err := a.store.Unmount(v); err != nil {
					t.Fatal(err)
				}
				if restart {
					a.reopen(t)
				}
				for range 8 {
					a.elapsed += 3600e9
					if told {
						a.catchUp(t)
					} else {
						a.look(t)
					}
					_, _ = a.send(t, b, false) // it is held
				}
				if held := a.Held(); !strings.Contains(held, "CollabContent/m/v") || !strings.Contains(held, "3 files") {
					t.Fatalf("held: %q", held)
				}
				if !maps.Equal(whole, b.tree()) {
					t.Fatalf("the partner lost %d files", len(whole)-len(b.tree()))
				}
				// A restore that somebody orders meanwhile writes nothing below the mount point.
				b.write(t, "m/v/s1", "changed at the partner", 5000)
				b.look(t)
				if _, err := b.send(t, a, true); err != nil {
					t.Fatal(err)
				}
				if infos, err := a.store.ReadDir(v); err != nil || len(infos) > 0 {
					t.Errorf("below the mount point stands %v (%v)", infos, err)
				}
				if err := a.store.Remount(v); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					cycle(t, a, b)
				}
				if a.Held() != "" {
					t.Errorf("still held: %q", a.Held())
				}
				if len(a.tree()) != len(whole) || len(b.tree()) != len(whole) || b.tree()["CollabContent/m/v/s1"] != "changed at the partner" {
					t.Errorf("there are %d and %d of %d files, and m/v/s1 is %q", len(a.tree()), len(b.tree()), len(whole), b.tree()["CollabContent/m/v/s1"])
				}
			})
		}
	}
}

// What somebody deletes on such a volume is a deletion, and what is held can be confirmed.
func TestP6_AVolumeInsideARootIsTakenAwayForGood(t *testing.T) {
	a, b := nested(t)
	a.store.RemoveAll(a.root + "/CollabContent/m/v/s0")
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if err := a.store.Unmount(a.root + "/CollabContent/m/v"); err != nil {
		t.Fatal(err)
	}
	a.look(t)
	loss, held, err := a.Loss()
	if err != nil || !held || loss.Files != 2 {
		t.Fatalf("%+v, %v, %v", loss, held, err)
	}
	if err := a.ConfirmLoss(loss.Plan); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if a.Held() != "" || len(b.tree()) != 40 {
		t.Errorf("held %q, %d files", a.Held(), len(b.tree()))
	}
	b.write(t, "m/v/new", "the folder is an ordinary one now", 5000)
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
}

// A folder that is another one than it was, and is empty, has lost its files, however few they are.
func TestP7_AFolderThatIsAnotherOneAndEmpty(t *testing.T) {
	a, b := seeded(t, 40)
	a.write(t, "few/s", "one file", 1000)
	for range 2 {
		cycle(t, a, b)
		a.look(t)
	}
	if err := a.store.Publish(a.root+"/CollabContent/few", "elsewhere"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.MakeFolder(a.root + "/CollabContent/few"); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		a.look(t)
	}
	if !strings.Contains(a.Held(), "CollabContent/few") {
		t.Fatalf("held: %q", a.Held())
	}
	// What was moved within the root is no loss.
	a, b = seeded(t, 40)
	a.write(t, "few/s", "one file", 1000)
	for range 2 {
		cycle(t, a, b)
		a.look(t)
	}
	if err := a.store.Publish(a.root+"/CollabContent/few", a.root+"/CollabContent/other"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.MakeFolder(a.root + "/CollabContent/few"); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if a.Held() != "" {
		t.Errorf("a folder that was renamed is held: %q", a.Held())
	}
}
