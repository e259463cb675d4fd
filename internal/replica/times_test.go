package replica_test

import (
	"fmt"
	"testing"

	"csbackup/internal/filestore"
)

// sentAndKept runs cycles until both sides are alike, and tells what was sent and what was kept for it.
func sentAndKept(t *testing.T, a, b *side) (files, bytes uint64, kept int) {
	t.Helper()
	for range 3 {
		for _, pair := range [][2]*side{{a, b}, {b, a}} {
			pair[0].look(t)
			result, err := pair[0].send(t, pair[1], false)
			if err != nil {
				t.Fatal(err)
			}
			files, bytes = files+result.Files, bytes+result.Bytes
		}
	}
	wantAlike(t, a, b)
	for _, s := range []*side{a, b} {
		versions, err := s.Versions("", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		kept += len(versions)
	}
	return files, bytes, kept
}

func (s *side) modTime(t *testing.T, name string) int64 {
	t.Helper()
	info, err := s.store.Lstat(s.root + "/CollabContent/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime
}

// A partner that was seeded by hand, with the times of the copying: nothing is sent or kept, and both sides end
// with the same times.
func TestP3_EqualContentsOfOtherTimesAreNotSent(t *testing.T) {
	for name, options := range map[string]filestore.MemoryOptions{"alike": {}, "whole seconds": {TimeGranularity: 1e9}} {
		t.Run(name, func(t *testing.T) {
			a, b := newSide(t, "pool1", "pool2", "1-WebServices-1"), newSide(t, "pool2", "pool1", "1-WebServices-2", options)
			for i := range 150 {
				a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint("content ", i), 5_123_456_789+int64(i))
				b.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint("content ", i), 7_000_000_000+1e9*int64(i%2))
			}
			if files, bytes, kept := sentAndKept(t, a, b); files+bytes > 0 || kept > 0 || a.Conflicts()+b.Conflicts() > 0 {
				t.Errorf("%d files and %d bytes were sent, %d versions kept, %d conflicts counted", files, bytes, kept, a.Conflicts()+b.Conflicts())
			}
			one, two := a.modTime(t, "m/s7"), b.modTime(t, "m/s7")
			if one != 5_123_456_796 || two != one-one%max(1, options.TimeGranularity) {
				t.Errorf("the times are %d and %d", one, two)
			}
		})
	}
}

// A touch travels as a time, in whichever direction it goes.
func TestP3_ATouchTravelsAsATime(t *testing.T) {
	a, b := seeded(t, 4)
	a.write(t, "m/s1", "1", 9000)
	b.write(t, "m/s2", "2", 5)
	if files, bytes, kept := sentAndKept(t, a, b); files+bytes > 0 || kept > 0 {
		t.Errorf("%d files and %d bytes were sent, %d versions kept", files, bytes, kept)
	}
	for name, want := range map[string]int64{"m/s1": 9000, "m/s2": 5} {
		if one, two := a.modTime(t, name), b.modTime(t, name); one != want || two != want {
			t.Errorf("%s has the times %d and %d, want %d", name, one, two, want)
		}
	}
}

// Both sides touch one file without knowing of each other: one time is agreed on.
func TestP5_TwoTouchesAgreeOnOneTime(t *testing.T) {
	a, b := seeded(t, 4)
	a.write(t, "m/s1", "1", 9000)
	b.write(t, "m/s1", "1", 8000)
	a.look(t)
	b.look(t)
	if files, _, kept := sentAndKept(t, a, b); files > 0 || kept > 0 || a.Conflicts()+b.Conflicts() > 0 {
		t.Errorf("%d files were sent, %d versions kept", files, kept)
	}
	if one, two := a.modTime(t, "m/s1"), b.modTime(t, "m/s1"); one != 8000 || two != 8000 {
		t.Errorf("the times are %d and %d", one, two)
	}
}

// A file that was changed here while the partner's touch was on the way keeps its change.
func TestP9_ATouchOfWhatChangedMeanwhileWaits(t *testing.T) {
	a, b := seeded(t, 4)
	a.write(t, "m/s1", "1", 9000)
	a.look(t)
	b.write(t, "m/s1", "changed here", 9500)
	if _, err := a.send(t, b, false); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if got := a.tree()["CollabContent/m/s1"]; got != "changed here" {
		t.Errorf("it is %q", got)
	}
}
