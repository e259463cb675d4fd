package replica_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"csbackup/internal/filestore"
)

// operations counts what is asked of a side's store, and in how many components the names lie.
func (s *side) operations() (count, components *atomic.Int64) {
	count, components = new(atomic.Int64), new(atomic.Int64)
	s.Store = filestore.NewFaulty(s.Store, func(_, name string) error {
		count.Add(1)
		components.Add(int64(strings.Count(name, "/")) + 1)
		return nil
	})
	return count, components
}

// deep is a file's name so many levels below the root.
func deep(levels int) string { return strings.Repeat("d/", levels-2) + "file" }

// Paths within the limits are replicated, changed, deleted and kept like others. What lies beyond is named, and
// holds up nothing.
func TestP17_DeepAndLongPaths(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 250)+"/", 16) // 4,016 bytes
	for name, row := range map[string]struct {
		path  string
		taken bool
	}{
		"250 levels":   {deep(250), true},
		"256 levels":   {deep(256), true},
		"257 levels":   {deep(257), false},
		"1000 levels":  {deep(1000), false},
		"4096 bytes":   {long + strings.Repeat("y", 4096-len("CollabContent/")-len(long)), true},
		"4097 bytes":   {long + strings.Repeat("y", 4097-len("CollabContent/")-len(long)), false},
		"30,000 bytes": {strings.Repeat(strings.Repeat("x", 250)+"/", 120) + "y", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			for _, beside := range []string{"m/s1", "m/s2", "m/s3", "m/s4"} {
				a.write(t, beside, beside, 1000)
			}
			cycle(t, a, b)
			told := a.catchUp(t)
			a.write(t, row.path, "first", 1000)
			a.write(t, "m/new", "beside it", 1000)
			if told = a.catchUp(t); told.Full {
				t.Error("a full look was taken")
			}
			looked, err := a.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range [][]string{{"told", told.Example}, {"looked for", looked.Example}} {
				if named := strings.Contains(found[1], "CollabContent/") && (strings.Contains(found[1], "4096 bytes") || strings.Contains(found[1], "256 levels")); named == row.taken {
					t.Errorf("%s: named as left out: %v (%q)", found[0], named, found[1])
				}
			}
			cycle(t, a, b)
			if b.tree()["CollabContent/m/new"] != "beside it" {
				t.Error("the file beside it did not arrive at once")
			}
			if got := b.tree()["CollabContent/"+row.path]; (got == "first") != row.taken {
				t.Fatalf("it arrived as %q", got)
			}
			if !row.taken {
				a.store.RemoveAll(a.root + "/CollabContent/" + strings.SplitN(row.path, "/", 2)[0])
				if told = a.catchUp(t); told.Skipped != 0 {
					t.Errorf("when it is gone it is still named: %q", told.Example)
				}
				return
			}
			a.write(t, row.path, "second", 2000)
			cycle(t, a, b)
			a.store.RemoveAll(a.root + "/CollabContent/" + strings.SplitN(row.path, "/", 2)[0])
			for range 3 {
				cycle(t, a, b)
			}
			wantAlike(t, a, b)
		})
	}
}

// The work for a file grows with its depth, not faster: twice as deep asks the store at most twice as much.
func TestWorkGrowsLinearlyWithDepth(t *testing.T) {
	work := func(levels int) (operations, components int64) {
		a, b := pair(t)
		a.write(t, "m/s", "content", 1000)
		cycle(t, a, b)
		one, in := a.operations()
		other, there := b.operations()
		a.write(t, deep(levels), "content", 1000)
		for range 2 {
			cycle(t, a, b)
		}
		a.write(t, deep(levels), "changed", 2000)
		for range 2 {
			cycle(t, a, b)
		}
		return one.Load() + other.Load(), in.Load() + there.Load()
	}
	at60, in60 := work(60)
	at120, in120 := work(120)
	at240, in240 := work(240)
	t.Logf("store operations and components in their names: %d, %d at 60 levels; %d, %d at 120; %d, %d at 240", at60, in60, at120, in120, at240, in240)
	if at240-at120 > 5*(at120-at60)/2 {
		t.Errorf("the operations grow faster than the depth: %d, %d, %d", at60, at120, at240)
	}
}

// descriptors counts what the process has open, 0 where the system does not tell.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// On real disks: 3,000 levels are named, 250 levels arrive, and so does at once what lies beside them. The number
// of open files does not grow with the depth.
func TestDeepPathsOnRealDisks(t *testing.T) {
	a, from := onDisk(t, "pool1", "pool2", "1-WebServices-1")
	b, to := onDisk(t, "pool2", "pool1", "1-WebServices-2")
	if err := os.MkdirAll(from, 0o755); err != nil {
		t.Fatal(err)
	}
	for top, levels := range map[string]int{"deep": 250, "deeper": 3000} {
		at, err := os.OpenRoot(from)
		for name := top; levels > 2 && err == nil; levels, name = levels-1, "d" {
			var below *os.Root
			if err = at.Mkdir(name, 0o755); err == nil {
				below, err = at.OpenRoot(name)
			}
			at.Close()
			at = below
		}
		if err == nil {
			err = errorsOf(at.WriteFile("file", []byte("content"), 0o644), at.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(from, "beside"), []byte("beside"), 0o644); err != nil {
		t.Fatal(err)
	}
	var most atomic.Int64
	for _, s := range []*side{a, b} {
		s.Store = filestore.NewFaulty(s.Store, func(string, string) error {
			for open := int64(descriptors()); ; {
				before := most.Load()
				if open <= before || most.CompareAndSwap(before, open) {
					return nil
				}
			}
		})
	}
	before := descriptors()
	a.look(t)
	if _, err := a.send(t, b, false); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(to, "beside")); err != nil || string(raw) != "beside" {
		t.Errorf("the file beside did not arrive at once: %q, %v", raw, err)
	}
	if raw, err := os.ReadFile(filepath.Join(to, "deep", filepath.FromSlash(strings.Repeat("d/", 247)), "file")); err != nil || string(raw) != "content" {
		t.Errorf("the file 250 levels deep arrived as %q, %v", raw, err)
	}
	found := a.catchUp(t)
	if found.Skipped != 1 || !strings.Contains(found.Example, "deeper than 256 levels") {
		t.Errorf("what is left out is told as %q (%d)", found.Example, found.Skipped)
	}
	if grown := int(most.Load()) - before; before > 0 && grown > 40 {
		t.Errorf("%d more files were open at a time", grown)
	}
	t.Logf("at most %d more files were open at a time", int(most.Load())-before)
}
