package replica_test

import (
	"fmt"
	"maps"
	"testing"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// A folder in whose place a file stands at the next look has lost all that was in it.
func TestP3_AFolderThatBecomesAFile(t *testing.T) {
	for name, options := range map[string]filestore.MemoryOptions{"watched": {}, "not watched": {NoWatch: true}} {
		t.Run(name, func(t *testing.T) {
			a := newSide(t, "pool1", "pool2", "1-WebServices-1", options)
			b := newSide(t, "pool2", "pool1", "1-WebServices-2", options)
			for i := range 6 {
				a.write(t, fmt.Sprint("quiet/", i), "quiet", 1000)
			}
			a.write(t, "Meeting/Slides/1", "one", 1000)
			a.write(t, "Meeting/Slides/deep/2", "two", 1000)
			cycle(t, a, b)
			cycle(t, b, a)
			if err := a.store.RemoveAll(a.root + "/CollabContent/Meeting/Slides"); err != nil {
				t.Fatal(err)
			}
			a.write(t, "Meeting/Slides", "a file now", 2000)
			for range 3 {
				cycle(t, a, b)
				cycle(t, b, a)
			}
			want := a.tree()
			if want["CollabContent/Meeting/Slides"] != "a file now" || !maps.Equal(want, b.tree()) {
				t.Errorf("the sides are %v and %v", want, b.tree())
			}
			for _, s := range []*side{a, b} {
				if n := s.Index.PendingCount(); n > 0 || s.Held() != "" {
					t.Errorf("%s: %d wait, held %q", s.Pool, n, s.Held())
				}
				for _, p := range []string{"CollabContent/Meeting/Slides/1", "CollabContent/Meeting/Slides/deep", "CollabContent/Meeting/Slides/deep/2"} {
					if it, _, err := s.Index.Get(p); err != nil || it.Kind != index.Tombstone {
						t.Errorf("%s: %s is %+v, %v", s.Pool, p, it, err)
					}
				}
			}
		})
	}
}
