package replica_test

import (
	"maps"
	"testing"
	"unicode/utf8"
)

// Whatever stands in a store's marker, it is the known store or it is held back with a reason, and no
// file is touched; with the right marker back, all goes on.
func FuzzTheStoresMarker(f *testing.F) {
	const marker = "own/DataConf/store.json"
	a := newSide(f, "pool1", "pool2", "1-WebServices-1") // making one costs more than all that is asked of it
	a.write(f, "m/s", "content", 1000)
	a.look(f)
	f.Add([]byte(`{"Pool":"pool1","Store":"1","Generation":18446744073709551615}`))
	f.Add([]byte(`{"Pool":"pool2","Store":"1","Generation":1}`))
	f.Add([]byte(`{"Pool":"\u001b[2J`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := a.tree()
		good := a.store.Files()[marker]
		a.store.WriteFile(marker, raw, 5)
		a.look(t)
		switch held := a.Held(); {
		case held == "":
			good = string(raw)
		case len(held) > 10_000 || !utf8.ValidString(held):
			t.Errorf("the reason is %d bytes: %.200q", len(held), held)
		}
		a.store.WriteFile(marker, []byte(good), 5)
		a.look(t)
		if held := a.Held(); held != "" {
			t.Errorf("the right marker is held back: %s", held)
		}
		if after := a.tree(); !maps.Equal(before, after) {
			t.Errorf("the files were %v and are %v", before, after)
		}
	})
}
