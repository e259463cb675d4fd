package replica_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What an interrupted run left on its way in is swept at the start; a large transfer goes on from there,
// unless nobody has for a week.
func TestWhatAnInterruptedRunLeftIsSwept(t *testing.T) {
	a, b := seeded(t, 3)
	const temp = "own/DataConf/Temp/"
	const day = 24 * time.Hour
	for name, age := range map[string]time.Duration{"in-1-2": 0, "incoming-3/in-1-4": 0, "incoming-3/in-1-5": 0, "part-77": 6 * day, "part-78": 8 * day} {
		b.store.WriteFile(temp+name, []byte("cut"), time.Now().Add(-age).UnixNano())
	}
	b.reopen(t)
	left := slices.DeleteFunc(slices.Collect(maps.Keys(b.store.Files())), func(name string) bool { return !strings.HasPrefix(name, temp) })
	if !slices.Equal(left, []string{temp + "part-77"}) {
		t.Errorf("after the start there are %v", left)
	}
	a.write(t, "m/later", "comes as ever", 2000)
	cycle(t, a, b)
	if got := b.tree()["CollabContent/m/later"]; got != "comes as ever" {
		t.Errorf("the next file came as %q", got)
	}
}
