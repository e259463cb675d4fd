package index_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/index"

	"pgregory.net/rapid"
)

func open(t testing.TB, path string) *index.Index {
	t.Helper()
	x, err := index.Open(path, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSurvivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path)
	replica := x.Replica()
	long := "r/" + strings.Repeat("n", 32<<10)
	paths := []string{"r", "r/a", "r/a/b.bin", "r/\xff\xfe", long, "r/a'; DROP TABLE item"}
	err := x.Update(func(tx *index.Tx) error {
		for i, p := range paths {
			if _, err := tx.Put(index.Item{Path: p, Kind: index.File, Size: int64(i), Hash: index.Hash{byte(i)}, Vector: index.Vector{}.Bump(replica)}); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutPending(index.Pending{Path: "r/p", Reason: "held"}), tx.PutIntent(index.Item{Path: "r/i", Kind: index.File, Size: 7}), tx.SetMeta("k", []byte("v")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, path)
	defer x.Close()
	if x.Replica() != replica || x.Head() != uint64(len(paths)) || x.PendingCount() != 1 || x.Counts().Files != int64(len(paths)) {
		t.Fatalf("after reopening: replica %v, head %d, counts %+v", x.Replica(), x.Head(), x.Counts())
	}
	for i, p := range paths {
		it, ok, err := x.Get(p)
		if err != nil || !ok || it.Path != p || it.Size != int64(i) || it.Hash != (index.Hash{byte(i)}) || it.Vector.Sum() != 1 {
			t.Errorf("Get(%.20q) = %+v, %v, %v", p, it, ok, err)
		}
	}
	if it, ok, err := x.Intent("r/i"); !ok || it.Size != 7 || err != nil {
		t.Errorf("Intent = %+v, %v, %v", it, ok, err)
	}
	since, err := x.Since(2, 2)
	if err != nil || len(since) != 2 || since[0].Path != paths[2] {
		t.Errorf("Since = %+v, %v", since, err)
	}
	children, err := x.Children("r")
	if err != nil || len(children) != 4 {
		t.Errorf("Children = %d, %v", len(children), err)
	}
}

func TestUpdateIsWholeOrNotAtAll(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer x.Close()
	stop := errors.New("stop")
	err := x.Update(func(tx *index.Tx) error {
		if _, err := tx.Put(index.Item{Path: "r/a", Kind: index.File, Size: 5}); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if _, ok, _ := x.Get("r/a"); ok || x.Head() != 0 || x.Counts() != (index.Counts{}) {
		t.Errorf("an undone update left head %d, counts %+v", x.Head(), x.Counts())
	}
}

// Counts follow any series of writes, and so do the lists by state.
func TestCountsAgainstAModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		x, err := index.Open(filepath.Join(dir, string(rune('a'+n%26))+rapid.StringMatching("[a-z]{12}").Draw(t, "name")), index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		model := map[string]index.Item{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			p := rapid.SampledFrom([]string{"r/a", "r/b", "r/c/d"}).Draw(t, "path")
			err := x.Update(func(tx *index.Tx) error {
				if rapid.Bool().Draw(t, "forget") {
					delete(model, p)
					return tx.Forget(p)
				}
				it := index.Item{Path: p, Kind: index.Kind(rapid.IntRange(1, 3).Draw(t, "kind")), State: index.State(rapid.IntRange(0, 2).Draw(t, "state")), Size: rapid.Int64Range(0, 9).Draw(t, "size")}
				model[p] = it
				_, err := tx.Put(it)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var files, missing int64
		for _, it := range model {
			if it.Kind == index.File {
				files++
			}
			if it.State == index.Missing {
				missing++
			}
		}
		if c := x.Counts(); c.Files != files || c.Missing != missing {
			t.Fatalf("counts %+v, want %d files, %d missing", c, files, missing)
		}
		if listed, err := x.InState(index.Missing, "", 10); err != nil || int64(len(listed)) != missing {
			t.Fatalf("InState lists %d, want %d (%v)", len(listed), missing, err)
		}
	})
}

// A flipped bit anywhere in the file is noticed or harmless: never a panic, never other data.
func TestP14_FlippedBitsAreNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path)
	want := index.Item{Path: "r/f", Kind: index.File, Size: 42, Hash: index.Hash{1, 2, 3}, Vector: index.Vector{{Replica: 1, Counter: 1}}}
	if err := x.Update(func(tx *index.Tx) error { _, err := tx.Put(want); return err }); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for at := 0; at < len(whole); at += 97 {
		bad := append([]byte{}, whole...)
		bad[at] ^= 1 << (at % 8)
		damaged := filepath.Join(t.TempDir(), "y.db")
		if err := os.WriteFile(damaged, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		y, err := index.Open(damaged, index.Options{})
		if err != nil {
			noticed++
			continue
		}
		it, ok, err := y.Get("r/f")
		if err != nil {
			noticed++
		} else if !ok || it.Size != want.Size || it.Hash != want.Hash {
			t.Errorf("a bit flipped at %d was read as %+v, %v", at, it, ok)
		}
		y.Close()
	}
	if noticed == 0 {
		t.Error("no flipped bit was noticed")
	}
}

func TestForeignAndNewerFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open(path, index.Options{}); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("a foreign file gives %v", err)
	}
	aside, err := index.SetAside(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(aside); err != nil {
		t.Error(err)
	}
	open(t, path).Close()
}

func TestVectorLaws(t *testing.T) {
	vector := rapid.Custom(func(t *rapid.T) index.Vector {
		var v index.Vector
		for _, r := range rapid.SliceOfN(rapid.Uint64Range(1, 4), 0, 6).Draw(t, "changes") {
			v = v.Bump(index.Replica(r))
		}
		return v
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := vector.Draw(t, "a"), vector.Draw(t, "b")
		j := a.Join(b)
		if j.Compare(b.Join(a)) != index.Equal {
			t.Fatal("join depends on the order")
		}
		if o := a.Compare(j); o != index.Equal && o != index.Before {
			t.Fatal("a join must include both")
		}
		if a.Bump(1).Compare(a) != index.After {
			t.Fatal("a bump must be after")
		}
		mirror := map[index.Order]index.Order{index.Equal: index.Equal, index.Before: index.After, index.After: index.Before, index.Concurrent: index.Concurrent}
		if b.Compare(a) != mirror[a.Compare(b)] {
			t.Fatal("compare is not a mirror of itself")
		}
	})
}

// An intent is found until the change that forgets it is durable, also after all others were forgotten.
func TestIntentsStayUntilTheyAreForgotten(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x"))
	defer x.Close()
	one, two := index.Item{Path: "r/1", Kind: index.File, Size: 1}, index.Item{Path: "r/2", Kind: index.File, Size: 2}
	no := errors.New("no")
	for i, step := range []struct {
		change func(tx *index.Tx) error
		left   []index.Item
	}{
		{func(tx *index.Tx) error { return errors.Join(tx.PutIntent(one), tx.PutIntent(two)) }, []index.Item{one, two}},
		{func(tx *index.Tx) error { return tx.DropIntent(one.Path) }, []index.Item{two}},
		{func(tx *index.Tx) error { return errors.Join(tx.DropIntent(two.Path), no) }, []index.Item{two}},
		{func(tx *index.Tx) error { return tx.DropIntent(two.Path) }, nil},
		{func(tx *index.Tx) error { return errors.Join(tx.PutIntent(one), no) }, nil},
		{func(tx *index.Tx) error { return tx.PutIntent(two) }, []index.Item{two}},
	} {
		_ = x.Update(step.change) // some are to fail
		has, err := x.HasIntents()
		if err != nil || has != (len(step.left) > 0) {
			t.Errorf("step %d: there are intents: %v (%v)", i, has, err)
		}
		err = x.Update(func(tx *index.Tx) error {
			for _, want := range []index.Item{one, two} {
				got, found, err := tx.Intent(want.Path)
				if err != nil || found != slices.ContainsFunc(step.left, func(it index.Item) bool { return it.Path == want.Path }) || found && got.Size != want.Size {
					t.Errorf("step %d: of %s there is %+v, %v, %v", i, want.Path, got, found, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
