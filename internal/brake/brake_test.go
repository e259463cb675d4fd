package brake_test

import (
	"slices"
	"testing"

	"csbackup/internal/brake"
	"csbackup/internal/index"
)

func TestP7_MassLossIsHeld(t *testing.T) {
	for _, row := range []struct {
		name string
		e    brake.Evidence
		held bool
	}{
		{"nothing known yet", brake.Evidence{Absent: true}, false},
		{"all there", brake.Evidence{Known: 10}, false},
		{"some deleted", brake.Evidence{Known: 10, Missing: 5}, false},
		{"most deleted", brake.Evidence{Known: 10, Missing: 6}, true},
		{"all deleted", brake.Evidence{Known: 1, Missing: 1}, true},
		{"root gone", brake.Evidence{Known: 10, Missing: 10, Absent: true}, true},
		{"a loss that is partly restored", brake.Evidence{Holding: true, Known: 10, Missing: 1}, true},
		{"a loss that is restored", brake.Evidence{Holding: true, Known: 10}, false},
		{"an older copy with one file missing", brake.Evidence{Holding: true, Known: 10, Regressed: 1}, true},
		{"replaced by a folder that lacks one file", brake.Evidence{Replaced: true, Known: 10, Missing: 1}, true},
		{"most deleted, little by little", brake.Evidence{Known: 6, Recent: 4, Missing: 2}, true},
		{"a few deleted after a few", brake.Evidence{Known: 8, Recent: 2, Missing: 2}, false},
		{"most deleted lately and nothing since", brake.Evidence{Known: 2, Recent: 8}, false},
		{"most moved", brake.Evidence{Known: 10, Missing: 8, Moved: 8}, false},
		{"replaced by an equal folder", brake.Evidence{Known: 10, Replaced: true}, false},
		{"replaced by an older copy", brake.Evidence{Known: 10, Replaced: true, Regressed: 1}, true},
		{"one older file put back", brake.Evidence{Known: 10, Regressed: 1}, false},
		{"most of what was there before the partner sent more", brake.Evidence{Known: 29, Missing: 13, Earlier: []brake.Moment{{13, 13}}}, true},
		{"most of what was there between two of the partner's", brake.Evidence{Known: 29, Missing: 5, Earlier: []brake.Moment{{0, 0}, {5, 5}, {20, 5}}}, true},
		{"a few of what came from the partner", brake.Evidence{Known: 29, Missing: 3, Earlier: []brake.Moment{{13, 0}, {20, 3}}}, false},
		{"what was moved is gone from nowhere", brake.Evidence{Known: 29, Missing: 1, Moved: 1, Earlier: []brake.Moment{{1, 0}}}, false},
		{"a volume in the folder is not mounted", brake.Evidence{Known: 1000, Missing: 1, Vacant: "r/m", VacantFiles: 1}, true},
		{"it is mounted again", brake.Evidence{Known: 1000, Vacant: "r/m"}, false},
		{"an older copy in the same folder", brake.Evidence{Known: 10, Regressed: 4, Missing: 3}, true},
	} {
		if got := brake.Held(row.e); (got != "") != row.held {
			t.Errorf("%s: held = %q, want held %v", row.name, got, row.held)
		}
	}
}

func TestP19_APartnerCannotDeleteNearlyAll(t *testing.T) {
	for _, row := range []struct {
		brake.Asked
		held bool
	}{
		{brake.Asked{Known: 10}, false}, {brake.Asked{Known: 10, Deleted: 9}, false}, {brake.Asked{Known: 10, Deleted: 10}, true},
		{brake.Asked{Known: 1, Deleted: 1}, true}, {brake.Asked{Known: 100, Deleted: 90}, false}, {brake.Asked{Known: 100, Deleted: 91}, true},
		{brake.Asked{Known: 100, Replaced: 91}, true}, {brake.Asked{Known: 100, Deleted: 40, Replaced: 51}, true},
		{brake.Asked{Known: 2, Replaced: 2}, false}, {brake.Asked{Known: 10, Deleted: 9, Replaced: 1}, false}, {brake.Asked{Deleted: 3}, false},
	} {
		if got := brake.Displaced("r", row.Asked); (got != "") != row.held {
			t.Errorf("%+v: held = %q", row, got)
		}
	}
}

func TestPlanNamesOneSet(t *testing.T) {
	a := []index.Item{{Path: "r/a"}, {Path: "r/b"}}
	b := []index.Item{{Path: "r/a"}, {Path: "r/b", Hash: index.Hash{1}}}
	if brake.Plan(slices.Values(a)) != brake.Plan(slices.Values(slices.Clone(a))) || brake.Plan(slices.Values(a)) == brake.Plan(slices.Values(b)) ||
		brake.Plan(slices.Values(a)) == brake.Plan(slices.Values(a[:1])) {
		t.Error("a plan's name must follow its set")
	}
}
