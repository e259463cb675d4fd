package replica_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// rename moves files and folders as a person does, one after the other; what stands under the new name is replaced.
func (s *side) rename(t *testing.T, names ...string) {
	t.Helper()
	for i := 0; i < len(names); i += 2 {
		from, to := s.root+"/CollabContent/"+names[i], s.root+"/CollabContent/"+names[i+1]
		if _, err := s.store.MakeFolder(path.Dir(to)); err != nil {
			t.Fatal(err)
		}
		if info, err := s.store.Lstat(to); err == nil && info.Kind == filestore.File {
			s.store.RemoveAll(to)
		}
		if err := s.store.Publish(from, to); err != nil {
			t.Fatal(err)
		}
	}
}

// travel lets both sides agree, and tells how many bytes were sent for it.
func travel(t *testing.T, a, b *side, o exchange.Options) (bytes uint64) {
	t.Helper()
	for range 3 {
		for _, pair := range [][2]*side{{a, b}, {b, a}} {
			pair[0].look(t)
			if held := pair[0].Held(); held != "" {
				t.Fatalf("%s is held: %s", pair[0].Pool, held)
			}
			result, err := pair[0].sendInWindows(t, pair[1], false, o)
			if err != nil {
				t.Fatal(err)
			}
			bytes += result.Bytes
		}
	}
	return bytes
}

// Whatever is renamed, in whichever order, and however it is cut into windows: nothing is sent, kept, held back or left
// waiting.
func TestP9_RenamesAreMoved(t *testing.T) {
	const files = 12
	for name, do := range map[string]func(t *testing.T, a *side){
		"a folder": func(t *testing.T, a *side) { a.rename(t, "m", "n") },
		"a folder into another one": func(t *testing.T, a *side) {
			a.rename(t, "m", "old/2026/m")
		},
		"a folder to a name that sorts before": func(t *testing.T, a *side) { a.rename(t, "m", "a") },
		"each file": func(t *testing.T, a *side) {
			for i := range files {
				a.rename(t, fmt.Sprintf("m/s%d", i), fmt.Sprintf("m/t%d", i))
			}
		},
		"a chain": func(t *testing.T, a *side) {
			for _, to := range []string{"n", "o", "a/b", "p"} {
				a.rename(t, map[string]string{"n": "m", "o": "n", "a/b": "o", "p": "a/b"}[to], to)
				a.look(t)
			}
		},
		"there and back": func(t *testing.T, a *side) {
			a.rename(t, "m", "n")
			a.look(t)
			a.rename(t, "n", "m")
		},
		"and another folder takes the name": func(t *testing.T, a *side) {
			for i := range files {
				a.rename(t, fmt.Sprintf("m/s%d", i), fmt.Sprintf("n/s%d", i))
			}
			a.look(t)
			a.rename(t, "n", "m/n")
		},
		"two names are swapped": func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/x", "m/s1", "m/s0", "m/x", "m/s1")
		},
		"a circle": func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/x", "m/s1", "m/s0", "m/s2", "m/s1", "m/s3", "m/s2", "m/x", "m/s3")
		},
		"each takes the next one's name": func(t *testing.T, a *side) {
			for i := files; i > 0; i-- {
				a.rename(t, fmt.Sprintf("m/s%d", i-1), fmt.Sprintf("m/s%d", i))
			}
		},
		"each takes the name of the one before": func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/first")
			for i := range files - 1 {
				a.rename(t, fmt.Sprintf("m/s%d", i+1), fmt.Sprintf("m/s%d", i))
			}
		},
		"a file becomes a folder with the file in it": func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/x", "m/x", "m/s0/x")
		},
		"with another time": func(t *testing.T, a *side) {
			a.rename(t, "m", "n")
			for i := range files {
				a.write(t, fmt.Sprintf("n/s%d", i), content(i), 77000)
			}
		},
	} {
		for _, window := range []int64{1, 3000} {
			t.Run(fmt.Sprintf("%s, windows of %d bytes", name, window), func(t *testing.T) {
				a, b := pair(t)
				for i := range files {
					a.write(t, fmt.Sprintf("m/s%d", i), content(i), int64(1000+i))
				}
				o := exchange.Options{WindowBytes: window}
				travel(t, a, b, o)
				do(t, a)
				renamed := a.tree()
				if sent := travel(t, a, b, o); sent != 0 {
					t.Errorf("%d bytes were sent", sent)
				}
				wantAlike(t, a, b)
				if !maps.Equal(renamed, b.tree()) {
					t.Errorf("the partner has %v", b.tree())
				}
				for _, s := range []*side{a, b} {
					wantNothingKept(t, s)
					if items, bytes := s.Left(); items != 0 || bytes != 0 {
						t.Errorf("%s has %d items of %d bytes left to offer", s.Pool, items, bytes)
					}
				}
				if held := b.HeldBack(); held != "" {
					t.Errorf("held back: %s", held)
				}
			})
		}
	}
}

// A partner that does not distinguish case moves what changed its name in case only, too, and folders
// with all that is in them.
func TestP9_RenamesOfCaseAreMoved(t *testing.T) {
	for name, names := range map[string][]string{
		"a file":                     {"m/s0", "m/S0"},
		"a folder":                   {"m", "x", "x", "M"},
		"a file and its folder":      {"m/s0", "m/x", "m/x", "m/S0", "m", "x", "x", "M"},
		"a folder in a folder":       {"d/in", "d/x", "d/x", "d/IN", "d", "x", "x", "D"},
		"a file into another folder": {"m/s0", "n/S0"},
	} {
		for _, window := range []int64{1, 0} {
			t.Run(fmt.Sprintf("%s, windows of %d bytes", name, window), func(t *testing.T) {
				a := newSide(t, "pool1", "pool2", "1-WebServices-1")
				b := newSide(t, "pool2", "pool1", "1-WebServices-2", filestore.MemoryOptions{CaseInsensitive: true})
				for i := range 12 {
					a.write(t, fmt.Sprintf("m/s%d", i), content(i), int64(1000+i))
				}
				for i := range 4 {
					a.write(t, fmt.Sprintf("d/in/f%d", i), content(20+i), 1000)
				}
				o := exchange.Options{WindowBytes: window}
				travel(t, a, b, o)
				a.rename(t, names...)
				renamed := a.tree()
				sent := travel(t, a, b, o)
				wantAlike(t, a, b)
				if !maps.Equal(renamed, b.tree()) || b.HeldBack() != "" {
					t.Errorf("held back %q; the partner has %d files", b.HeldBack(), len(b.tree()))
				}
				wantNothingKept(t, b)
				if sent != 0 {
					t.Errorf("%d bytes were sent", sent)
				}
			})
		}
	}
}

func content(i int) string { return strings.Repeat(fmt.Sprintf("content %03d ", i), 50+i) }

func wantNothingKept(t *testing.T, s *side) {
	t.Helper()
	for name := range s.store.Files() {
		if strings.Contains(name, "/Versions/") || strings.Contains(name, "/Temp/") {
			t.Errorf("%s holds %s", s.Pool, name)
		}
	}
	if counts := s.Index.Counts(); counts.Kept != 0 || counts.KeptBytes != 0 || counts.Pending != 0 || counts.Missing != 0 {
		t.Errorf("%s: %+v", s.Pool, counts)
	}
}

// Renames of many files need no room: neither where they were made nor at the partner, in whichever windows and with
// batches planned while others are committed.
func TestP11_RenamesNeedNoRoom(t *testing.T) {
	for _, row := range []struct {
		files, size int
		window      int64
	}{{200, 70_000, 1 << 20}, {4500, 3100, 4 << 20}} { // 14 MB
		t.Run(fmt.Sprintf("%d files", row.files), func(t *testing.T) {
			options := filestore.MemoryOptions{Capacity: 24 << 20}
			a := newSide(t, "pool1", "pool2", "1-WebServices-1", options)
			b := newSide(t, "pool2", "pool1", "1-WebServices-2", options)
			for i := range row.files {
				a.write(t, fmt.Sprintf("m/d%d/s%d", i%7, i), fmt.Sprintf("%0*d", row.size, i), 1000)
			}
			o := exchange.Options{WindowBytes: row.window}
			travel(t, a, b, o)
			a.rename(t, "m", "n")
			sent := travel(t, a, b, o)
			if row.files < 1000 {
				b.rename(t, "n", "o/p")
				sent += travel(t, b, a, o)
			}
			if sent != 0 {
				t.Errorf("%d bytes were sent", sent)
			}
			wantAlike(t, a, b)
			wantNothingKept(t, a)
			wantNothingKept(t, b)
			if len(b.tree()) != row.files {
				t.Errorf("the partner has %d files", len(b.tree()))
			}
		})
	}
}

// What was renamed and changed, or renamed over another file, loses nothing: what was displaced is kept.
func TestP4_RenamesThatDisplaceKeepWhatStoodThere(t *testing.T) {
	for name, row := range map[string]struct {
		do    func(t *testing.T, a *side)
		sent  uint64
		kept  int
		stays string
	}{
		"over another file": {func(t *testing.T, a *side) { a.rename(t, "m/s1", "m/s0") }, 0, 1, content(1)},
		"then changed": {func(t *testing.T, a *side) {
			a.rename(t, "m/s1", "m/new")
			a.write(t, "m/new", "changed", 5000)
			a.rename(t, "m/s0", "m/x", "m/x", "m/s0")
		}, 7, 1, content(0)},
		"and a new one takes its name": {func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/s0.1")
			a.write(t, "m/s0", "new", 5000)
		}, 3, 0, "new"},
		"and the file that takes its place is held": {func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/s0.1")
			a.write(t, "m/s0", "new", 5000)
			a.look(t)
			a.store.Lock(a.root + "/CollabContent/m/s0")
			if result, err := a.send(t, a.partner, false); err != nil || result.Bytes != 0 {
				t.Errorf("sent %d bytes, %v", result.Bytes, err)
			}
			if a.partner.tree()["CollabContent/m/s0.1"] != content(0) || a.partner.tree()["CollabContent/m/s0"] != content(0) {
				t.Errorf("the partner has %v", a.partner.tree())
			}
			a.store.Unlock(a.root + "/CollabContent/m/s0")
		}, 3, 1, "new"},
		"into a folder that was a file of the same name": {func(t *testing.T, a *side) {
			a.rename(t, "m/s0", "m/x", "m/x", "m/s0/in/it", "m/s1", "m/s0/other")
		}, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			a.partner = b
			for i := range 12 {
				a.write(t, fmt.Sprintf("m/s%d", i), content(i), int64(1000+i))
			}
			travel(t, a, b, exchange.Options{})
			row.do(t, a)
			if sent := travel(t, a, b, exchange.Options{}); sent != row.sent {
				t.Errorf("%d bytes were sent, not %d", sent, row.sent)
			}
			wantAlike(t, a, b)
			if got := b.tree()["CollabContent/m/s0"]; got != row.stays {
				t.Errorf("m/s0 is %q", got)
			}
			kept, err := b.Index.KeptAfter("", 100)
			files := 0
			for _, batch := range kept {
				files += int(batch.Files)
			}
			if counts := b.Index.Counts(); err != nil || files != row.kept || counts.Pending != 0 {
				t.Errorf("%d versions are kept, not %d (%v); %+v", files, row.kept, err, counts)
			}
		})
	}
}

// A rename that cannot be done at the partner for now waits, with both names, and is done without a byte sent.
func TestP3_ARenameThatCannotBeDoneWaits(t *testing.T) {
	a, b := pair(t)
	for i := range 12 {
		a.write(t, fmt.Sprintf("m/s%d", i), content(i), int64(1000+i))
	}
	travel(t, a, b, exchange.Options{})
	b.store.Lock(b.root + "/CollabContent/m/s3")
	a.rename(t, "m", "n")
	if sent := travel(t, a, b, exchange.Options{}); sent != 0 {
		t.Errorf("%d bytes were sent", sent)
	}
	tree := b.tree()
	if tree["CollabContent/m/s3"] != content(3) || len(tree) != 12 || b.Index.PendingCount() == 0 || b.HeldBack() != "" {
		t.Fatalf("%d wait; held back %q; the partner has %v", b.Index.PendingCount(), b.HeldBack(), tree)
	}
	b.store.Unlock(b.root + "/CollabContent/m/s3")
	travel(t, a, b, exchange.Options{})
	wantAlike(t, a, b)
	if counts := b.Index.Counts(); counts.Pending != 0 || len(b.tree()) != 12 {
		t.Errorf("%+v; %d files", counts, len(b.tree()))
	}
}

// A look that is under way while files are renamed may find them under both names or under neither. That is no loss
// either, here or at the partner.
func TestP6_RenamesDuringALook(t *testing.T) {
	for name, row := range map[string]struct{ from, to, at string }{
		"from what was looked at to what will be":       {"a", "z/a", "k"},
		"from what will be looked at to what was":       {"z", "a/z", "k"},
		"from what is being looked at to what will be":  {"k", "z/k", "k"},
		"from what is being looked at to what was":      {"k", "a/k", "k"},
		"a folder that was listed and not entered goes": {"z", "zz", "a"},
	} {
		for _, every := range []string{"watched", "not watched"} {
			t.Run(name+", "+every, func(t *testing.T) {
				const files = 60
				a, b := pair(t)
				for i := range files {
					a.write(t, fmt.Sprintf("%s/s%d", row.from, i), content(i), int64(1000+i))
				}
				for _, folder := range []string{"a", "k", "z"} {
					a.write(t, folder+"/stays", "this stays in "+folder, 1000)
				}
				travel(t, a, b, exchange.Options{})
				scan := a.Look
				if every == "watched" {
					scan = a.CatchUp
					a.write(t, "k/new", "it makes the folder be looked at", 1000)
				}
				whole, moved := a.Store, false
				a.Store = filestore.NewFaulty(whole, func(op, name string) error {
					if !moved && op == "readdir" && strings.HasSuffix(name, "CollabContent/"+row.at) || !moved && every == "watched" && strings.HasSuffix(name, "/k/new") {
						moved = true
						for i := range files {
							a.rename(t, fmt.Sprintf("%s/s%d", row.from, i), fmt.Sprintf("%s/s%d", row.to, i))
						}
					}
					return nil
				})
				a.elapsed += 10e9
				if _, err := scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				a.Store = whole
				if !moved {
					t.Fatal("nothing was renamed")
				}
				if a.Held() == "" {
					if _, err := a.send(t, b, false); err != nil {
						t.Fatal(err)
					}
				}
				travel(t, a, b, exchange.Options{})
				wantAlike(t, a, b)
				if held := b.HeldBack(); held != "" || len(b.tree()) < files+3 {
					t.Errorf("held back %q, %d files", held, len(b.tree()))
				}
			})
		}
	}
}

// Renaming is no way past the loss guard: a partner that takes nearly everything from its place by what looks like
// renames is held back, and so is one that deletes what it has renamed.
func TestP7_P28_RenamesHideNoLoss(t *testing.T) {
	const files = 40
	for name, lie := range map[string]func(it index.Item, i int) [][]index.Item{
		"all to one name, one after the other": func(it index.Item, i int) [][]index.Item {
			return [][]index.Item{{named(it, "CollabContent/z"), deleted(it)}}
		},
		"to names that cannot be": func(it index.Item, i int) [][]index.Item {
			return [][]index.Item{{named(it, fmt.Sprintf("CollabContent/a file/%d", i)), deleted(it)}}
		},
		"below itself, to a name that cannot be": func(it index.Item, i int) [][]index.Item {
			return [][]index.Item{{deleted(it), named(it, it.Path+"/"+strings.Repeat("x", 300))}}
		},
		"to another spelling of their folder, in which one stays": func(it index.Item, i int) [][]index.Item {
			if i == 0 {
				return nil
			}
			return [][]index.Item{{named(it, strings.Replace(it.Path, "/m", "/M", 1)), deleted(it)}}
		},
		"to another spelling of their folder, and then deleted": func(it index.Item, i int) [][]index.Item {
			to := named(it, strings.Replace(it.Path, "/m", "/M", 1))
			folder := func(p string, kind index.Kind) index.Item {
				return index.Item{Path: path.Dir(p), Kind: kind}
			}
			return [][]index.Item{{folder(to.Path, index.Folder), folder(it.Path, index.Tombstone), to, deleted(it)}, {deleted(to)}}
		},
		"to another spelling, and then deleted": func(it index.Item, i int) [][]index.Item {
			to := named(it, strings.ReplaceAll(it.Path, "/s", "/S"))
			return [][]index.Item{{to}, {deleted(it)}, {to}, {deleted(to)}}
		},
		"to another spelling of a name that stays": func(it index.Item, i int) [][]index.Item {
			return [][]index.Item{{named(it, "CollabContent/A FILE"), deleted(it)}}
		},
		"then deleted": func(it index.Item, i int) [][]index.Item {
			to := named(it, fmt.Sprintf("CollabContent/n/%d", i))
			return [][]index.Item{{to, deleted(it)}, {deleted(to)}}
		},
		"copied, deleted, and the copy deleted": func(it index.Item, i int) [][]index.Item {
			to := named(it, fmt.Sprintf("CollabContent/n/%d", i))
			return [][]index.Item{{to}, {to, deleted(it)}, {deleted(to)}}
		},
		"renamed, and then emptied": func(it index.Item, i int) [][]index.Item {
			to := named(it, fmt.Sprintf("CollabContent/n/%d", i))
			return [][]index.Item{{to, deleted(it)}, {emptied(to)}}
		},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, in one session: %v", name, together), func(t *testing.T) {
				a, _ := pair(t)
				b := newSide(t, "pool2", "pool1", "1-WebServices-2", filestore.MemoryOptions{CaseInsensitive: true})
				seedLarge(t, a, b, files)
				a.write(t, "a file", "it is in the way", 1000)
				travel(t, a, b, exchange.Options{})
				contents := map[index.Hash]string{}
				var batches [][]index.Item
				counter := uint64(100)
				for i, it := range all(t, a, b, func(it index.Item) index.Item { return it }) {
					if it.Path == "CollabContent/a file" {
						continue
					}
					raw, err := b.store.ReadFile(b.root + "/" + it.Path)
					if err != nil {
						t.Fatal(err)
					}
					contents[it.Hash] = string(raw)
					for _, batch := range lie(it, i) {
						for i := range batch {
							counter++
							batch[i].Vector = index.Vector{{Replica: a.Index.Replica(), Counter: counter}}
						}
						batches = append(batches, batch)
					}
				}
				sessions := [][][]index.Item{batches}
				if !together {
					sessions = slices.Collect(slices.Chunk(batches, 1))
				}
				for _, batches := range sessions {
					if err := lieInBatches(t, a, b, &crowd{liar: &liar{}, batches: batches, contents: contents}); err != nil {
						t.Fatal(err)
					}
				}
				if left := standing(b) - 1; left < files/10 {
					t.Errorf("%d of %d files are left, held back %q", left, files, b.HeldBack())
				}
			})
		}
	}
}

// emptied is an item without content.
func emptied(it index.Item) index.Item {
	it.Size, it.Hash = 0, sha256.Sum256(nil)
	return it
}

// named is an item under another name.
func named(it index.Item, path string) index.Item { it.Path = path; return it }
