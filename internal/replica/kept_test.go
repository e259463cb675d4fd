package replica_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"csbackup/internal/filestore"
)

// oneByOne makes folders durable one after the other, and tells after each.
type oneByOne struct {
	filestore.Store
	backwards bool
	then      func()
}

func (o *oneByOne) FlushFolders(ctx context.Context, names []string) error {
	names = slices.Sorted(slices.Values(names))
	if o.backwards {
		slices.Reverse(names)
	}
	for _, name := range names {
		if err := o.Store.FlushFolders(ctx, []string{name}); err != nil {
			return err
		}
		o.then()
	}
	return nil
}

// At no moment of an import may a loss of power take what the partner's versions displace: neither when
// a folder is removed that the import emptied, nor between two folders that are made durable.
func TestP2_P4_WhatIsDisplacedOutlivesALossOfPower(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		a, b := pair(t)
		var had []string
		for i := range 12 {
			content := fmt.Sprintf("content %d", i)
			a.write(t, fmt.Sprintf("m%d/n/s", i), content, 1000)
			had = append(had, content)
		}
		cycle(t, a, b)
		cycle(t, a, b)
		for i := range 3 {
			a.store.RemoveAll(fmt.Sprintf("%s/CollabContent/m%d", a.root, i))
			a.write(t, fmt.Sprintf("m%d/n/s", i+3), fmt.Sprintf("changed %d", i), 2000)
		}
		b.store.RemoveAll(b.root + "/CollabContent/m6")
		for range 3 {
			a.look(t)
		}
		var mutex sync.Mutex // contents come in several goroutines
		moment, reported := "", false
		check := func(now string) {
			mutex.Lock()
			defer mutex.Unlock()
			if now != "" {
				moment = now
			}
			for seed := range uint64(8) {
				found := strings.Join(slices.Collect(maps.Values(b.store.Crash(seed).Files())), "\n") + "\n"
				for i, content := range had {
					if i != 6 && !strings.Contains(found, content+"\n") && !reported {
						reported = true
						t.Errorf("flushed backwards %v: a loss of power at %s leaves nothing of %q", backwards, moment, content)
					}
				}
			}
		}
		b.Store = &oneByOne{filestore.NewFaulty(b.Store, func(op, name string) error {
			check(op + " " + name)
			return nil
		}), backwards, func() { check("") }}
		if _, err := a.send(t, b, false); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			cycle(t, b, a)
		}
		wantAlike(t, a, b)
	}
}

// A folder that is moved away while one in it is made is made anew, and is as durable as what comes into it.
func TestP2_AFolderThatWasMadeAnewIsDurable(t *testing.T) {
	a, b := pair(t)
	a.store.MakeFolder(a.root + "/CollabContent/m")
	cycle(t, a, b)
	a.write(t, "m/n/s", "content", 1000)
	made := 0
	b.Store = filestore.NewFaulty(b.Store, func(op, name string) error {
		if op == "makefolder" && strings.HasSuffix(name, "/m/n") {
			if made++; made == 1 {
				return b.store.Publish(b.root+"/CollabContent/m", b.root+"/CollabContent/away")
			}
		}
		return nil
	})
	a.look(t)
	if _, err := a.send(t, b, false); err != nil {
		t.Fatal(err)
	}
	if made == 0 || b.store.Durable().Files()[b.root+"/CollabContent/m/n/s"] != "content" {
		t.Errorf("what was acknowledged is not durable: %v", b.store.Durable().Files())
	}
}

// An administrator brings most files back to older versions, after a program has spoiled them, say. That is no loss:
// nothing is held, and what was brought back travels.
func TestP7_WhatIsRestoredIsNoLoss(t *testing.T) {
	for _, crash := range []bool{false, true} {
		const files = 100
		a, b := pair(t)
		for i := range files {
			a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint("good ", i), 1000)
		}
		cycle(t, a, b)
		for i := range files {
			b.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint("spoiled ", i), 9000)
		}
		cycle(t, a, b)
		cycle(t, a, b)
		kept, err := a.Versions("", "", 1000)
		if err != nil || len(kept) != files {
			t.Fatalf("%d versions are kept (%v)", len(kept), err)
		}
		for i, k := range kept[:60] {
			if crash { // the process ends when the version is in place, and before the index knows
				a.Store = filestore.NewFaulty(a.store, func(op, name string) error {
					if op == "flushfolders" && strings.HasSuffix(name, "CollabContent/m") {
						return errors.New("the power is gone")
					}
					return nil
				})
			}
			if err := a.RestoreVersion(k.ID); (err != nil) != crash {
				t.Fatalf("version %d: %v", i, err)
			}
			if crash {
				a.Store = a.store
				a.reopen(t)
			}
		}
		for range 3 {
			cycle(t, a, b)
			if a.Held() != "" || b.Held() != "" || a.HeldBack()+b.HeldBack() != "" {
				t.Fatalf("it is held: %q, %q", a.Held(), b.Held())
			}
		}
		wantAlike(t, a, b)
		good := 0
		for _, content := range b.tree() {
			if strings.HasPrefix(content, "good ") {
				good++
			}
		}
		if good != 60 {
			t.Errorf("with a crash %v, %d versions travelled", crash, good)
		}
	}
}
