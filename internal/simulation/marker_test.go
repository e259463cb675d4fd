package simulation

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"csbackup/internal/failure"
	"csbackup/internal/simulation/statedisk"
)

// A store that is not the known one stops everything: nothing is looked at, sent or deleted until it is
// the known one again.
func TestP8_AStoreWithAnotherMarkerIsHeld(t *testing.T) {
	const marker = base + "/store.json"
	generation := regexp.MustCompile(`"Generation":\d+`)
	for name, change := range map[string]func(text string) string{
		"gone":                         func(string) string { return "" },
		"another pool's":               func(text string) string { return strings.Replace(text, "pool1.example", "pool2.example", 1) },
		"another store's":              func(text string) string { return strings.Replace(text, `"Store":"`, `"Store":"f`, 1) },
		"of an older copy":             func(text string) string { return generation.ReplaceAllString(text, `"Generation":0`) },
		"no marker but something else": func(string) string { return "something else" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, err := changed(likeLinux)
				if err != nil {
					t.Fatal(err)
				}
				a, b := w.sides[0], w.sides[1]
				t.Cleanup(func() {
					for _, s := range w.sides {
						if err := s.stop(); err != nil {
							t.Error(err)
						}
						statedisk.Unmount(s.diskName)
					}
				})
				before, err := a.store.ReadFile(marker)
				if err != nil {
					t.Fatal(err)
				}
				if text := change(string(before)); text == "" {
					err = a.store.RemoveAll(marker)
				} else {
					err = a.store.WriteFile(marker, []byte(text), 5)
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := a.store.RemoveAll(a.folder + "/CollabContent/m0"); err != nil {
					t.Fatal(err)
				}
				partner := b.live()
				for range 3 {
					a.elapsed += 2 * settling
					if _, err := a.replica.Look(t.Context()); err != nil {
						t.Fatal(err)
					}
					if a.replica.Held() == "" {
						t.Fatal("the store was taken for the known one")
					}
					if _, err := w.session(a, b, false, -1); !failure.IsID(err, failure.StoreHeld) {
						t.Fatalf("something was sent: %v", err)
					}
				}
				if !maps.Equal(partner, b.live()) {
					t.Error("the partner was changed")
				}
			})
		})
	}
}
