package replica_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// After an older copy of a store was put back and restored from the partner, what had been deleted since stays
// deleted on both sides, is kept, and is counted. What somebody makes anew by hand in a store that is the known one
// is a file like any other.
func TestP8_P16_AnOlderCopyBringsNothingBack(t *testing.T) {
	a, b := seeded(t, 30)
	for i := range 3 {
		a.write(t, fmt.Sprintf("gone/s%d", i), fmt.Sprint("deleted ", i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	old := a.store.Files()
	if err := a.Renew(); err != nil { // a later start of the service
		t.Fatal(err)
	}
	a.store.RemoveAll(a.root + "/CollabContent/gone")
	b.store.RemoveAll(b.root + "/CollabContent/m/s3")
	a.write(t, "m/s4", "changed since", 2000)
	a.write(t, "m/since", "made since", 2000)
	for range 4 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	whole := b.tree()

	for name := range a.store.Files() {
		a.store.RemoveAll(name)
	}
	for name, content := range old {
		a.store.WriteFile(name, []byte(content), 1000)
	}
	a.reopen(t)
	a.look(t)
	if !strings.Contains(a.Held(), "older copy") {
		t.Fatalf("held: %q", a.Held())
	}
	if _, err := b.send(t, a, true); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if !maps.Equal(whole, b.tree()) {
		t.Errorf("it was %v and is %v", whole, b.tree())
	}
	if a.Returned() != 4 || a.Held() != "" {
		t.Errorf("%d files came back, held %q", a.Returned(), a.Held())
	}
	kept, err := a.Versions("CollabContent/gone", "", 10)
	if err != nil || len(kept) < 3 {
		t.Fatalf("%v are kept (%v)", kept, err)
	}
	if _, err := a.store.Lstat(a.root + "/CollabContent/gone"); err == nil {
		t.Error("the deleted folder is back")
	}

	if err := a.RestoreVersion(kept[0].ID); err != nil {
		t.Fatal(err)
	}
	a.write(t, "m/s3", "3", 1000) // by hand, from wherever
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if got := b.tree(); got["CollabContent/m/s3"] != "3" || got[kept[0].Path] == "" {
		t.Errorf("what was brought back on purpose did not travel: %v", got)
	}
}
