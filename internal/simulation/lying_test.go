package simulation

import "testing"

// keptLyingSeeds once broke a promise. They stay, whatever else is run.
var keptLyingSeeds = []uint64{
	958,  // a batch in a pool's name made its partner forget what it waited for, and was taken for one that the pool had sent
	1319, // a folder that had become a file was never missed
}

// Two pools live through weeks in which somebody holds the certificates of both, and lies to either in the name of the
// other: as one that calls and as one that answers, alone and beside honest sessions.
func TestP28_LyingWeeks(t *testing.T) {
	liveThrough(t, "LyingWeeks", keptLyingSeeds, usuallyLying, LyingWeek)
}

const usuallyLying = uint64(60)
