package simulation

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

const (
	// seedsVariable says how many seeds are run in the place of usually, or which: FIRST-LAST.
	seedsVariable = "CSBACKUP_TEST_SEEDS"
	// seedVariable names one seed that is run alone and told in full.
	seedVariable = "CSBACKUP_TEST_SEED"
	// watchVariable names a path of which both sides' knowledge is told along.
	watchVariable = "CSBACKUP_TEST_WATCH"
	usually       = uint64(200)
	shownAtMost   = 3
)

// keptSeeds once broke a promise. They stay, whatever else is run.
var keptSeeds = []uint64{
	1,     // the replica's own folders were not durable, and kept versions went with them
	12,    // a file in a folder that had gone unnoticed was asked for for ever
	33,    // a displaced version was swept away as a temporary file after a loss of power
	38,    // a batch of which the names could not be made durable was acknowledged later all the same
	43,    // what the partner sent diluted a loss until it passed for a few deletions
	44,    // kept versions of a batch that failed were not made durable by the next process
	88,    // both stores were lost
	113,   // a folder that somebody else had made
	130,   // one failed look at a file hid its deletion behind that of its folder
	360,   // a file that changed at the last moment was taken away
	538,   // a revived folder told the partner a number of this side's own, and changes were skipped
	812,   // an index that was set back gave its numbers anew
	893,   // the loser of a conflict was never asked for again when the winner was deleted
	1192,  // kept versions again
	1621,  // an index that was set back took over a store without a marker, and gave its numbers anew
	2322,  // a file that waited, and went with its folder, still waited after the folder was looked at
	2407,  // what the partner sent between two looks diluted a loss until it passed for a few deletions
	4403,  // a folder went durably before what an import had moved out of it was durable elsewhere
	5947,  // the same as 2322
	6199,  // what the partner sent before the first look of a new process diluted a loss
	7144,  // the same, after looks that the full state volume cut short
	7521,  // the same, and the partner's newer version of a lost file hid that it was lost
	7893,  // what the partner sent before any look diluted a loss
	3854,  // a process that began while its store was away forgot which folders were owed a flush there
	7125,  // an order for an emptied store took over the mount point that stood there when it was carried out
	8854,  // a file was moved away for the partner's, which could not be taken then, and left its path empty
	9389,  // what won a conflict had gone unnoticed, and its deletion took the partner's newer version with it
	9957,  // a folder above another one was moved away while that was made, and was made anew, but not durably
	6413,  // a whole machine was set back to an earlier copy of itself, and gave sequence numbers anew
	11359, // a whole machine was set back, and then had to restore the other one
	10400, // content of a lost file came back under another name, which was taken for a rename
}

func number(t *testing.T, variable, value string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		t.Fatalf("%s must be a number: %v", variable, err)
	}
	return n
}

// Two pools live through a week, again and again, and each promise is compared with what is there
// after each event.
func TestP1_P2_P3_P4_P6_P13_P15_SimulatedWeeks(t *testing.T) {
	liveThrough(t, "SimulatedWeeks", keptSeeds, usually, Week)
}

// liveThrough lives through weeks of one kind: those of the kept seeds, and as many as the environment says.
func liveThrough(t *testing.T, test string, kept []uint64, usually uint64, live func(seed uint64, detail bool, watch string) (Told, error)) {
	t.Helper()
	if seed := os.Getenv(seedVariable); seed != "" {
		synctest.Test(t, func(t *testing.T) {
			if _, err := live(number(t, seedVariable, seed), true, os.Getenv(watchVariable)); err != nil {
				t.Fatal(err)
			}
		})
		return
	}
	seeds := append([]uint64{}, kept...)
	first, last := uint64(1), usually
	if asked := os.Getenv(seedsVariable); asked != "" {
		from, to, isRange := strings.Cut(asked, "-")
		if last = number(t, seedsVariable, from); isRange {
			first, last = last, number(t, seedsVariable, to)
		}
	}
	for seed := first; seed <= last; seed++ {
		seeds = append(seeds, seed)
	}
	var next, broken atomic.Int64
	var mu sync.Mutex
	var told Told
	var problems []string
	sideBySide(t, func(t *testing.T) bool {
		at := int(next.Add(1)) - 1
		if at >= len(seeds) || broken.Load() >= shownAtMost {
			return false
		}
		one, err := live(seeds[at], false, "")
		mu.Lock()
		defer mu.Unlock()
		told.Add(one)
		if err != nil { // told when all bubbles have ended: a test that fails within one ends it
			broken.Add(1)
			problems = append(problems, fmt.Sprintf("%v\nrun it again: %s=%d go test -v -run %s ./internal/simulation", err, seedVariable, seeds[at], test))
		}
		return true
	})
	for _, problem := range problems {
		t.Error(problem)
	}
	t.Logf("%d weeks were lived through: %s. %d broke a promise", len(seeds), told, broken.Load())
}

// sideBySide calls one again and again, in as many bubbles as there are processors, until it tells that there is no more.
func sideBySide(t *testing.T, one func(t *testing.T) bool) {
	t.Helper()
	t.Run("all", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("worker ", worker+1), func(t *testing.T) {
				t.Parallel()
				for more := true; more && !t.Failed(); {
					synctest.Test(t, func(t *testing.T) { more = one(t) })
				}
			})
		}
	})
}

// A seed is one course of events: else a failing one could not be kept.
func TestOneSeedIsOneCourse(t *testing.T) {
	for seed := range uint64(12) {
		var told [2]string
		for i := range told {
			synctest.Test(t, func(t *testing.T) {
				w := newWeek(seed+1, true, "")
				w.lying = seed >= 8
				if err := w.live(); err != nil {
					t.Fatal(err)
				}
				told[i] = strings.Join(w.log, "\n")
			})
		}
		if told[0] != told[1] {
			t.Errorf("seed %d took two courses", seed+1)
		}
	}
}
