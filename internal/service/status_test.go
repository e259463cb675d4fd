package service

import (
	"errors"
	"testing"
)

// Green is shown only for what was acknowledged and is still true.
func TestP24_HonestStates(t *testing.T) {
	sound := standing{progress: progress{exported: true}, packageBytes: 100}
	with := func(change func(*standing)) standing { s := sound; change(&s); return s }
	for _, row := range []struct {
		name, want string
		s          standing
	}{
		{"nothing was exported yet", notInitialized, standing{}},
		{"all is acknowledged", finalState, sound},
		{"a sync was accepted", steadyState, with(func(s *standing) { s.syncWanted = true })},
		{"a comparison runs", steadyState, with(func(s *standing) { s.comparing = true })},
		{"the partner has paths left", steadyState, with(func(s *standing) { s.partnerPending = 1 })},
		{"a file is still changing", steadyState, with(func(s *standing) { s.look.Deferred = 1 })},
		{"deletions wait", steadyState, with(func(s *standing) { s.missing = 1 })},
		{"what is left fits a batch", steadyState, with(func(s *standing) { s.left, s.leftBytes = 3, 100 })},
		{"a backlog", nonSteadyState, with(func(s *standing) { s.left, s.leftBytes = 3, 101 })},
		{"the brake holds", errorState, with(func(s *standing) { s.held = "the folder is gone" })},
		{"the last cycle failed", errorState, with(func(s *standing) { s.exportError = errors.New("no") })},
		{"a folder could not be listed", errorState, with(func(s *standing) { s.look.Incomplete = errors.New("no") })},
		{"the last cycle was long ago", errorState, with(func(s *standing) { s.stale = true })},
	} {
		state, reason := exportState(row.s)
		if state != row.want || (state == errorState) != (reason != "") {
			t.Errorf("%s: %s %q, want %s", row.name, state, reason, row.want)
		}
	}
}
