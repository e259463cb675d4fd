package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/filestore"
)

// mixed is a Linux-like pool and a Windows-like one.
func mixed(t *testing.T) (w *week, linux, windows *side) {
	t.Helper()
	w = newWeek(1, false, "")
	mounted.unmount(w.sides[1].diskName)
	w.sides[1] = newSide(1, w.random, filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100})
	for _, s := range w.sides {
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			mounted.unmount(s.diskName)
		})
	}
	return w, w.sides[0], w.sides[1]
}

func (w *week) cycles(t *testing.T, rounds int) {
	t.Helper()
	for range rounds {
		if reported, err := w.cycled(); err != nil {
			t.Fatal(reported, err)
		}
	}
	if w.failed != nil {
		t.Fatal(w.failed)
	}
}

// pendingAt tells what the Windows-like side says of a path that it cannot take.
func pendingAt(t *testing.T, s *side, path string) string {
	t.Helper()
	p, _, err := s.replica.Index.PendingAt(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Reason
}

// Names that Windows cannot hold stay where they are, and are named; nothing is merged, nothing lost.
func TestP17_NamesThatOneSideCannotHold(t *testing.T) {
	w, linux, windows := mixed(t)
	names := []string{"CON", "nul.txt", "com1", "a:stream", "dot.", "space ", "a<b", `back\slash`, "tab\t"}
	for _, name := range names {
		w.store(linux, "CollabContent/m/"+name, w.content())
	}
	w.store(linux, "CollabContent/m/good", w.content())
	w.cycles(t, 4)
	files := windows.live()
	if len(files) != 1 || files["CollabContent/m/good"] == "" {
		t.Errorf("the Windows-like side holds %q", slices.Sorted(maps.Keys(files)))
	}
	for _, name := range names {
		if pendingAt(t, windows, "CollabContent/m/"+name) == "" {
			t.Errorf("%q is not named as left out", name)
		}
		if linux.live()["CollabContent/m/"+name] == "" {
			t.Errorf("%q was lost", name)
		}
	}
	w.remove(linux, "CollabContent/m/CON")
	w.rename(linux, "CollabContent/m/dot.", "CollabContent/m/dotted")
	w.cycles(t, 4)
	if pendingAt(t, windows, "CollabContent/m/CON") != "" || pendingAt(t, windows, "CollabContent/m/dot.") != "" || windows.live()["CollabContent/m/dotted"] == "" {
		t.Error("what was put right is still left out")
	}
}

// Two names that differ in case only are two files on one side and one name on the other: neither side
// loses one, in whatever order they come.
func TestP17_TwinsAreNeverMerged(t *testing.T) {
	for _, twins := range [][2]string{{"CollabContent/m/Twin", "CollabContent/m/twin"}, {"CollabContent/M/f", "CollabContent/m/f"}} {
		for _, together := range []bool{true, false} {
			w, linux, windows := mixed(t)
			w.store(linux, twins[0], "the first")
			if !together {
				w.cycles(t, 3)
			}
			w.store(linux, twins[1], "the second")
			w.cycles(t, 4)
			if files := linux.live(); files[twins[0]] != "the first" || files[twins[1]] != "the second" {
				t.Errorf("%q: the side that holds both has %v", twins, files)
			}
			reached := windows.reachable()
			if !reached["the first"] && !reached["the second"] {
				t.Errorf("%q: the Windows-like side has neither", twins)
			}
			if pendingAt(t, windows, twins[0])+pendingAt(t, windows, twins[1]) == "" {
				t.Errorf("%q (together %v): nobody is told that one is left out: %v", twins, together, windows.live())
			}
			w.remove(linux, twins[1])
			w.cycles(t, 4)
			if files := windows.live(); len(files) != 1 || !strings.HasPrefix(fmt.Sprint(slices.Collect(maps.Values(files))), "[the first") {
				t.Errorf("%q (together %v): when one twin went, the Windows-like side has %v", twins, together, files)
			}
			if linux.live()[twins[0]] != "the first" {
				t.Errorf("%q: the other twin was lost", twins)
			}
		}
	}
}

// Times that one side keeps more coarsely do not travel back as changes.
func TestP13_CoarserTimesAreNoChanges(t *testing.T) {
	w, linux, windows := mixed(t)
	if err := linux.store.WriteFile(linux.folder+"/CollabContent/m/f", []byte("fine"), 1_234_567_891); err != nil {
		t.Fatal(err)
	}
	w.lasting(linux, linux.folder+"/CollabContent/m/f")
	w.model.stored(linux, "CollabContent/m/f", "fine")
	w.cycles(t, 4)
	for side, want := range map[*side]int64{linux: 1_234_567_891, windows: 1_234_567_800} {
		info, err := side.store.Lstat(side.folder + "/CollabContent/m/f")
		if err != nil || info.ModTime != want {
			t.Errorf("%s has the time %d, want %d (%v)", side.pool, info.ModTime, want, err)
		}
	}
	if kept := linux.kept(); len(kept) > 0 {
		t.Errorf("a coarser time came back as a change: %v", kept)
	}
}

// A file that a program holds delays only itself, is told, and follows once it is let go.
func TestP10_HeldFilesDelayOnlyThemselves(t *testing.T) {
	w, linux, windows := mixed(t)
	w.store(linux, "CollabContent/m/held here", "one")
	w.store(windows, "CollabContent/m/held there", "two")
	w.cycles(t, 3)
	held := map[*side]string{windows: windows.folder + "/CollabContent/m/held here", linux: linux.folder + "/CollabContent/m/held there"}
	for s, name := range held {
		s.store.Lock(name)
	}
	w.store(linux, "CollabContent/m/held here", "one changed")
	w.store(windows, "CollabContent/m/held there", "two changed")
	w.store(linux, "CollabContent/m/other", "three")
	w.store(windows, "CollabContent/m/another", "four")
	reported, err := w.cycled()
	if err != nil || !reported {
		t.Fatalf("held files: reported %v, %v", reported, err)
	}
	w.cycles(t, 2)
	if windows.live()["CollabContent/m/other"] != "three" || linux.live()["CollabContent/m/another"] != "four" {
		t.Error("held files delayed others")
	}
	if windows.live()["CollabContent/m/held here"] != "one" {
		t.Error("a held file was changed")
	}
	for s, name := range held {
		s.store.Unlock(name)
	}
	w.cycles(t, 4)
	if windows.live()["CollabContent/m/held here"] != "one changed" || linux.live()["CollabContent/m/held there"] != "two changed" {
		t.Errorf("when they were let go: %v, %v", linux.live(), windows.live())
	}
}
