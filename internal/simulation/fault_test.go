package simulation

import (
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/simulation/statedisk"
)

// faults are what an operation fails with.
var faults = []error{syscall.EIO, fs.ErrPermission, fs.ErrNotExist, filestore.ErrFull, filestore.ErrLocked}

// The kinds of stores on which they are tried.
var (
	likeLinux   = filestore.MemoryOptions{}
	likeWindows = filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100,
		NoChangeTime: true, NoIdentity: true, SlowExchange: true}
)

// everyFault makes the sweep complete; without it, each fifth operation fails with one of the faults.
const everyFault = "CSBACKUP_TEST_EVERY_FAULT"

// changed is a pair that was alike, and on which every kind of change was made on both sides.
func changed(stores filestore.MemoryOptions) (*week, error) {
	w := newWeek(1, false, "")
	for i, s := range w.sides {
		statedisk.Unmount(s.diskName)
		w.sides[i] = newSide(w.turns, i, w.random, stores)
	}
	a, b := w.sides[0], w.sides[1]
	for _, s := range w.sides {
		if err := s.start(); err != nil {
			return nil, err
		}
	}
	for i := range 8 {
		w.store(a, fmt.Sprintf("CollabContent/m%d/a%d", i%3, i), w.content())
		w.store(b, fmt.Sprintf("CollabMetadata/m%d/b%d", i%3, i), w.content())
	}
	for range 3 {
		for _, s := range w.sides {
			if _, err := w.quiet(s, 1, false); err != nil {
				return nil, err
			}
		}
	}
	for i, s := range w.sides {
		w.store(s, fmt.Sprintf("CollabContent/m1/new%d", i), w.content())
		w.store(s, fmt.Sprintf("CollabContent/m0/a%d", 3*i), w.content())
		w.remove(s, fmt.Sprintf("CollabContent/m%d/a%d", 1+i, 1+i))
		w.rename(s, fmt.Sprintf("CollabMetadata/m%d/b%d", i, 3+i), fmt.Sprintf("CollabMetadata/n%d/b", i))
		w.store(s, "CollabMetadata/m2/both", w.content())
	}
	return w, w.failed
}

// cycled runs two cycles of each side, with whatever fails, and tells what was reported as not done.
func (w *week) cycled() (reported bool, err error) {
	for range 2 {
		for _, s := range w.sides {
			to := w.other(s)
			s.elapsed += 2 * settling
			to.elapsed += time.Second
			w.model.begin(w.sides)
			look, err := s.replica.Look(w.context())
			reported = reported || err != nil || look.Incomplete != nil || look.Deferred > 0 || s.replica.Held() != ""
			if err == nil && s.replica.Held() == "" {
				result, err := w.session(s, to, false, -1)
				reported = reported || err != nil || result.Pending > 0 || !result.Drained
			}
			if err := w.check("a cycle in which something failed"); err != nil {
				return reported, err
			}
		}
	}
	return reported, nil
}

// sweep lets the nth operation of a side fail.
func sweep(stores filestore.MemoryOptions, number, nth int, fault error) (count int, err error) {
	w, err := changed(stores)
	if err != nil {
		return 0, err
	}
	defer func() {
		for _, s := range w.sides {
			_ = s.stop()
			statedisk.Unmount(s.diskName)
		}
	}()
	failed := ""
	w.sides[number].failing = func(op, name string) error {
		count++
		if count != nth {
			return nil
		}
		failed = op + " " + name
		return fmt.Errorf("%s %q: %w", op, name, fault)
	}
	reported, err := w.cycled()
	w.sides[number].failing = nil
	if err == nil && !reported {
		// Nobody was told: then nothing may be missing either, but for deletions that wait their time.
		_, err = w.cycled()
		if one, two := w.sides[0].tree("", roots), w.sides[1].tree("", roots); err == nil && differences(one, two) != "" {
			err = fmt.Errorf("P24: nothing was reported, and the sides differ:\n%s", differences(one, two))
		}
	}
	if err == nil {
		err = w.settle()
	}
	if err != nil {
		err = fmt.Errorf("operation %d of pool%d (%s) failed with %q: %w", nth, number+1, failed, fault, err)
	}
	return count, err
}

// Each operation of each side's store fails once in a cycle with every kind of change: nothing is lost
// or torn, no deletion follows from what could not be listed, it is told, and afterwards it converges.
func TestP2_P4_P6_P11_EachOperationFailsOnce(t *testing.T) {
	for name, stores := range map[string]filestore.MemoryOptions{"Linux": likeLinux, "Windows": likeWindows} {
		t.Run(name, func(t *testing.T) { eachOperationFails(t, stores) })
	}
	if os.Getenv(everyFault) == "" {
		t.Logf("each fifth operation failed with one of %d errors; %s=1 tries all with all", len(faults), everyFault)
	}
}

func eachOperationFails(t *testing.T, stores filestore.MemoryOptions) {
	for number := range 2 {
		count := 0
		synctest.Test(t, func(t *testing.T) {
			var err error
			if count, err = sweep(stores, number, 0, nil); err != nil {
				t.Fatal(err)
			}
		})
		var next, done atomic.Int64
		sideBySide(t, func(t *testing.T) bool {
			nth := int(next.Add(1))
			if nth > count {
				return false
			}
			for i, fault := range faults {
				if os.Getenv(everyFault) == "" && (nth%5 != 0 || nth/5%len(faults) != i) {
					continue
				}
				if _, err := sweep(stores, number, nth, fault); err != nil {
					t.Error(err)
				}
				done.Add(1)
			}
			return true
		})
		t.Logf("pool%d: %d operations, %d failures tried", number+1, count, done.Load())
	}
}
