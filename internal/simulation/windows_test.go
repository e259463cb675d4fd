package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"csbackup/internal/filestore"
	"csbackup/internal/simulation/statedisk"
)

// mixed is a Linux-like pool and a Windows-like one.
func mixed(t *testing.T) (w *week, linux, windows *side) {
	t.Helper()
	w = newWeek(1, false, "")
	statedisk.Unmount(w.sides[1].diskName)
	w.sides[1] = newSide(w.turns, 1, w.random, filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100})
	for _, s := range w.sides {
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			statedisk.Unmount(s.diskName)
		})
	}
	return w, w.sides[0], w.sides[1]
}

func (w *week) rounds(t *testing.T, rounds int) {
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
	synctest.Test(t, func(t *testing.T) {
		w, linux, windows := mixed(t)
		names := []string{"CON", "nul.txt", "com1", "a:stream", "dot.", "space ", "a<b", `back\slash`, "tab\t"}
		for _, name := range names {
			w.store(linux, "CollabContent/m/"+name, w.content())
		}
		w.store(linux, "CollabContent/m/good", w.content())
		w.rounds(t, 4)
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
		w.rounds(t, 4)
		if pendingAt(t, windows, "CollabContent/m/CON") != "" || pendingAt(t, windows, "CollabContent/m/dot.") != "" || windows.live()["CollabContent/m/dotted"] == "" {
			t.Error("what was put right is still left out")
		}
	})
}

// Two names that differ in case only are two files on one side and one name on the other: neither side
// loses one, in whatever order they come.
func TestP17_TwinsAreNeverMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, twins := range [][2]string{{"CollabContent/m/Twin", "CollabContent/m/twin"}, {"CollabContent/M/f", "CollabContent/m/f"}} {
			for _, together := range []bool{true, false} {
				w, linux, windows := mixed(t)
				w.store(linux, twins[0], "the first")
				if !together {
					w.rounds(t, 3)
				}
				w.store(linux, twins[1], "the second")
				w.rounds(t, 4)
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
				w.rounds(t, 4)
				if files := windows.live(); len(files) != 1 || !strings.HasPrefix(fmt.Sprint(slices.Collect(maps.Values(files))), "[the first") {
					t.Errorf("%q (together %v): when one twin went, the Windows-like side has %v", twins, together, files)
				}
				if linux.live()[twins[0]] != "the first" {
					t.Errorf("%q: the other twin was lost", twins)
				}
			}
		}
	})
}

// Times that one side keeps more coarsely do not travel back as changes.
func TestP13_CoarserTimesAreNoChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, linux, windows := mixed(t)
		if err := linux.store.WriteFile(linux.folder+"/CollabContent/m/f", []byte("fine"), 1_234_567_891); err != nil {
			t.Fatal(err)
		}
		w.lasting(linux, linux.folder+"/CollabContent/m/f")
		w.model.stored(linux, "CollabContent/m/f", "fine")
		w.rounds(t, 4)
		for side, want := range map[*side]int64{linux: 1_234_567_891, windows: 1_234_567_800} {
			info, err := side.store.Lstat(side.folder + "/CollabContent/m/f")
			if err != nil || info.ModTime != want {
				t.Errorf("%s has the time %d, want %d (%v)", side.pool, info.ModTime, want, err)
			}
		}
		if kept := linux.kept(); len(kept) > 0 {
			t.Errorf("a coarser time came back as a change: %v", kept)
		}
	})
}

// A file that a program holds delays only itself, is told, and follows once it is let go.
func TestP10_HeldFilesDelayOnlyThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, linux, windows := mixed(t)
		w.store(linux, "CollabContent/m/held here", "one")
		w.store(windows, "CollabContent/m/held there", "two")
		w.rounds(t, 3)
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
		w.rounds(t, 2)
		if windows.live()["CollabContent/m/other"] != "three" || linux.live()["CollabContent/m/another"] != "four" {
			t.Error("held files delayed others")
		}
		if windows.live()["CollabContent/m/held here"] != "one" {
			t.Error("a held file was changed")
		}
		for s, name := range held {
			s.store.Unlock(name)
		}
		w.rounds(t, 4)
		if windows.live()["CollabContent/m/held here"] != "one changed" || linux.live()["CollabContent/m/held there"] != "two changed" {
			t.Errorf("when they were let go: %v, %v", linux.live(), windows.live())
		}
	})
}

// respell renames a path to one that differs in case only.
func (w *week) respell(t *testing.T, s *side, from, to string) {
	t.Helper()
	before := s.live()
	if err := s.store.Publish(s.folder+"/"+from, s.folder+"/"+to); err != nil {
		t.Fatal(err)
	}
	for _, name := range sortedKeys(before) {
		if name == from || strings.HasPrefix(name, from+"/") {
			w.model.tookAway(s, name, before[name])
			w.model.stored(s, to+strings.TrimPrefix(name, from), before[name])
		}
	}
	w.lasting(s, s.folder+"/"+from, s.folder+"/"+to)
}

// calm runs cycles until nothing happens any more; neither side may be held meanwhile.
func (w *week) calm(t *testing.T, full bool) {
	t.Helper()
	for round := range 60 {
		changed := false
		for _, s := range w.sides {
			active, err := w.quiet(s, min(round, 9), full)
			if err != nil {
				t.Fatal(err)
			}
			if s.replica.Held() != "" || s.replica.HeldBack() != "" {
				t.Fatalf("%s is held: %q, %q", s.pool, s.replica.Held(), s.replica.HeldBack())
			}
			changed = changed || active
		}
		if !changed && round > 1 {
			return
		}
	}
	t.Fatalf("the sides do not come to rest: %s", strings.Join(w.log[max(0, len(w.log)-4):], "\n"))
}

// Renames that change only the case end with one name on both sides, spelled as the last of them: of files and
// folders, on either side, with little and with most of what there is in them.
func TestP17_RenamesThatChangeOnlyTheCase(t *testing.T) {
	for _, row := range []struct {
		name  string
		steps [][2]string
	}{
		{"a file", [][2]string{{"m/File", "m/file"}, {"m/file", "m/FILE"}, {"m/FILE", "m/File"}}},
		{"a folder", [][2]string{{"Folder", "folder"}, {"folder", "FOLDER"}, {"FOLDER", "Folder"}}},
		{"a folder in a folder", [][2]string{{"Folder/Inner", "Folder/inner"}, {"Folder", "folder"}, {"folder/inner", "folder/INNER"}}},
		{"most of all", [][2]string{{"All", "all"}, {"all", "ALL"}}},
	} {
		for _, windowsRenames := range []bool{true, false} {
			for _, told := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, windows %v, told %v", row.name, windowsRenames, told), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w, linux, windows := mixed(t)
						by := linux
						if windowsRenames {
							by = windows
						}
						w.store(by, "CollabContent/m/File", w.content())
						w.store(by, "CollabContent/m/other", w.content())
						for i := range 5 {
							w.store(by, fmt.Sprintf("CollabContent/Folder/f%d", i), w.content())
							w.store(by, fmt.Sprintf("CollabContent/Folder/Inner/G%d", i), w.content())
						}
						if row.name == "most of all" {
							for i := range 60 {
								w.store(by, fmt.Sprintf("CollabContent/All/f%d", i), w.content())
							}
						}
						w.rounds(t, 4)
						for _, step := range row.steps {
							w.respell(t, by, "CollabContent/"+step[0], "CollabContent/"+step[1])
							w.calm(t, !told)
							// Times are kept more coarsely on one side.
							one, two := linux.tree("", roots), windows.tree("", roots)
							if !slices.Equal(sortedKeys(one), sortedKeys(two)) || !maps.Equal(linux.live(), windows.live()) {
								for _, s := range w.sides {
									w.left(s)
								}
								t.Fatalf("after %q the sides differ:\n%q\n%q\n%s", step, sortedKeys(one), sortedKeys(two), strings.Join(w.log[max(0, len(w.log)-30):], "\n"))
							}
							if there := linux.tree("", roots)["CollabContent/"+step[1]]; there == "" {
								t.Fatalf("after %q both have %v", step, sortedKeys(linux.live()))
							}
							if there := linux.tree("", roots)["CollabContent/"+step[0]]; there != "" {
								t.Fatalf("after %q the old name is still there: %v", step, sortedKeys(linux.live()))
							}
						}
						for _, s := range w.sides {
							if pending, err := s.replica.Index.Pending("", 10); err != nil || len(pending) > 0 {
								t.Errorf("%s: %+v wait, %v", s.pool, pending, err)
							}
						}
					})
				})
			}
		}
	}
}

// Two renames of one file that differ only in case, one on each side, end with one name on both.
func TestP17_RenamesOfTheCaseOnBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, first := range []int{0, 1} {
			for _, names := range [][2]string{{"FILE", "file"}, {"file", "FILE"}, {"fILE", "FiLe"}} {
				w, linux, windows := mixed(t)
				w.store(linux, "CollabContent/m/File", "the content")
				w.store(linux, "CollabContent/m/other", "another content")
				w.rounds(t, 4)
				w.respell(t, linux, "CollabContent/m/File", "CollabContent/m/"+names[0])
				w.respell(t, windows, "CollabContent/m/File", "CollabContent/m/"+names[1])
				// Of the two new names that of the first pool stays.
				w.model.removed[windows.number]["CollabContent/m/"+names[1]] = map[string]bool{"the content": true}
				if _, err := w.quiet(w.sides[first], 0, false); err != nil {
					t.Fatal(err)
				}
				w.calm(t, false)
				one, two := linux.live(), windows.live()
				if !maps.Equal(one, two) || len(one) != 2 || one["CollabContent/m/"+names[0]] != "the content" {
					t.Errorf("%q, pool%d first: the sides have %v and %v", names, first+1, one, two)
				}
				if reason := pendingAt(t, windows, "CollabContent/m/"+names[0]); reason != "" {
					t.Errorf("%q: it still waits: %s", names, reason)
				}
			}
		}
	})
}

// spelled gives a path as a side's store spells what is there of it.
func (s *side) spelled(p string) string {
	if !s.store.Properties().CaseInsensitive {
		return p
	}
	at := s.folder
	parts := strings.Split(p, "/")
	for i, part := range parts {
		if info, err := s.store.Lstat(at + "/" + part); err == nil {
			parts[i] = info.Name
		}
		at += "/" + parts[i]
	}
	return strings.Join(parts, "/")
}

// People on both sides store, remove and rename under names of which many differ only in case: nothing is lost, both
// sides come to rest, and what is not alike is named.
func TestP4_P17_ManySpellings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range 20 {
			w, linux, windows := mixed(t)
			w.random = rand.New(rand.NewPCG(uint64(seed), 26))
			name := func() string {
				return "CollabContent/" + pick(w.random, map[string]bool{"m": true, "M": true, "n": true}) + "/" + pick(w.random, map[string]bool{"f": true, "F": true, "g": true, "G": true, "h": true})
			}
			for range 25 {
				s := w.any()
				w.model.begin(w.sides)
				switch w.random.IntN(6) {
				case 0, 1:
					w.store(s, s.spelled(name()), w.content())
				case 2:
					w.remove(s, s.spelled(name()))
				case 3: // into a folder as it is spelled, under any name
					to := name()
					w.rename(s, s.spelled(name()), s.spelled(path.Dir(to))+"/"+path.Base(to))
				case 4:
					w.rename(s, s.spelled("CollabContent/m"), "CollabContent/M")
				default:
					w.rename(s, s.spelled("CollabContent/M"), "CollabContent/m")
				}
				if w.random.IntN(2) == 0 {
					if _, err := w.cycled(); err != nil {
						t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.log, "\n"))
					}
				}
			}
			for round := range 12 {
				for _, s := range w.sides {
					if _, err := w.quiet(s, round%9, round%2 == 0); err != nil {
						t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.log, "\n"))
					}
				}
			}
			waits := map[string]bool{}
			for _, s := range w.sides {
				pending, err := s.replica.Index.Pending("", 100)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range pending {
					waits[p.Path] = true
				}
			}
			one, two := linux.live(), windows.live()
			for _, pair := range [][2]map[string]string{{one, two}, {two, one}} {
				for path, content := range pair[0] {
					if pair[1][path] != content && !waits[path] {
						t.Errorf("seed %d: %s is on one side only, and nobody is told: %v\n%v\n%v\n%s", seed, path, sortedKeys(waits), one, two, strings.Join(w.log, "\n"))
					}
				}
			}
		}
	})
}
