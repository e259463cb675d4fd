package index_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"csbackup/internal/index"
)

func TestRefreshNeverRemovesAnotherPath(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer x.Close()
	if err := x.Update(func(tx *index.Tx) error {
		_, err := tx.Put(index.Item{Path: "r/a", Kind: index.File})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	err := x.Update(func(tx *index.Tx) error {
		return tx.Refresh(index.Item{Path: "r/b", Kind: index.File, Sequence: 1})
	})
	if err == nil {
		t.Error("a sequence number that another path has was accepted")
	}
	if _, ok, err := x.Get("r/a"); !ok || err != nil || x.Counts().Files != 1 {
		t.Errorf("r/a is there: %v, %v; counts %+v", ok, err, x.Counts())
	}
}

func TestUpdateThatPanicsIsUndone(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"))
	defer x.Close()
	func() {
		defer func() { _ = recover() }()
		_ = x.Update(func(tx *index.Tx) error {
			_, _ = tx.Put(index.Item{Path: "r/a", Kind: index.File})
			panic("stop")
		})
	}()
	if err := x.Update(func(*index.Tx) error { return nil }); err != nil || x.Head() != 0 {
		t.Errorf("afterwards: head %d, %v", x.Head(), err)
	}
}

func TestP14_ChecksumsTurnedOffAreDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 {
		bad := append([]byte{}, raw...)
		bad[20] ^= 1 << bit
		damaged := filepath.Join(t.TempDir(), "y.db")
		if err := os.WriteFile(damaged, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if x, err := index.Open(damaged, index.Options{}); !errors.Is(err, index.ErrDamaged) {
			t.Errorf("bit %d: %v", bit, err)
			if x != nil {
				x.Close()
			}
		}
	}
}
