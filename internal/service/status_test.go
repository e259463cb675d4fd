package service

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/topology"
)

var noon = time.Date(2018, 1, 31, 12, 0, 0, 0, time.UTC)

// Green is shown only for what was acknowledged and is still true, and whatever is not well is named.
func TestP24_HonestStates(t *testing.T) {
	sound := standing{progress: progress{exported: true, imported: true, lastCycle: noon, lastCall: noon}, partner: "pool2", now: noon, patience: time.Hour, packageBytes: 100}
	with := func(change func(*standing)) standing { s := sound; change(&s); return s }
	for _, row := range []struct {
		name, export, imported, names string
		s                             standing
	}{
		{"nothing was exchanged yet", notInitialized, notInitialized, "No session with pool2", standing{partner: "pool2", now: noon}},
		{"the first comparison runs", nonSteadyState, notInitialized, "full comparison", standing{progress: progress{comparing: true}}},
		{"the first session goes on", steadyState, notInitialized, "", standing{progress: progress{lastMove: noon}, now: noon, patience: time.Hour}},
		{"all is acknowledged", finalState, normalState, "", sound},
		{"a sync was accepted", nonSteadyState, normalState, "full comparison", with(func(s *standing) { s.syncWanted = true })},
		{"a comparison runs", nonSteadyState, normalState, "full comparison", with(func(s *standing) { s.comparing = true })},
		{"the partner has paths left", steadyState, normalState, "pool2 could not take yet: 1", with(func(s *standing) { s.partnerPending = 1 })},
		{"a file is still changing", steadyState, normalState, "x: held", with(func(s *standing) { s.look.Deferred, s.look.Example = 1, "x: held" })},
		{"deletions wait", steadyState, normalState, "Deletions", with(func(s *standing) { s.missing = 1 })},
		{"what is left fits a batch", steadyState, normalState, "", with(func(s *standing) { s.left, s.leftBytes = 3, 100 })},
		{"the oldest of it is known", steadyState, normalState, `"old" waits longest, since 2018-01-31T12:00:00Z`, with(func(s *standing) { s.left, s.oldest, s.unsentSince = 3, "old", noon })},
		{"a backlog", nonSteadyState, normalState, "", with(func(s *standing) { s.left, s.leftBytes = 3, 101 })},
		{"suspect files", finalState, normalState, `Suspect files: 2, such as "rotten"`, with(func(s *standing) { s.suspects, s.suspect = 2, "rotten" })},
		{"versions are kept", finalState, normalState, "deleted files: 3, which hold 2.0 KiB", with(func(s *standing) { s.kept, s.keptBytes = 3, 2048 })},
		{"names that are left out", finalState, normalState, "not replicated: 1, such as link", with(func(s *standing) { s.look.Skipped, s.look.Example = 1, "link" })},
		{"the store tells nothing of changes", finalState, normalState, "as of its last scan, which began at 2018-01-31T11:58:30Z, 1m30s ago", with(func(s *standing) { s.blind, s.lookBegan = errors.New("a share"), noon.Add(-90*time.Second) })},
		{"the brake holds", errorState, normalState, "the folder is gone", with(func(s *standing) { s.held = "the folder is gone" })},
		{"the store does not answer", errorState, errorState, "no answer", with(func(s *standing) { s.silent, s.held = errors.New("no answer"), "the folder is gone" })},
		{"the last cycle failed", errorState, normalState, "no", with(func(s *standing) { s.exportError = errors.New("no") })},
		{"a folder could not be listed", errorState, normalState, "no", with(func(s *standing) { s.look.Incomplete = errors.New("no") })},
		{"the worker stopped", errorState, normalState, "No cycle has come to its end since 2018-01-31T10:59:59Z", with(func(s *standing) { s.lastCycle = noon.Add(-time.Hour - time.Second) })},
		{"a long session goes on", finalState, normalState, "", with(func(s *standing) { s.lastCycle, s.lastMove = noon.Add(-9*time.Hour), noon })},
		{"the partner fell silent", finalState, errorState, "pool2 has not called since", with(func(s *standing) { s.lastCall = noon.Add(-2 * time.Hour) })},
		{"the partner's session failed", finalState, errorState, "no", with(func(s *standing) { s.importError = errors.New("no") })},
		{"the partner deletes everything", finalState, errorState, "nearly all", with(func(s *standing) { s.heldBack = "nearly all" })},
		{"a path of the partner's waits", finalState, normalState, "could not be taken yet: 1, such as y: why", with(func(s *standing) { s.pending, s.waiting = 1, "y: why" })},
	} {
		state, reason := exportState(row.s)
		imported, importReason := importState(row.s)
		told := join(reason, importReason)
		bad := state == errorState || imported == errorState
		if state != row.export || imported != row.imported || bad && told == "" || !strings.Contains(told, row.names) || row.names == "" && told != "" {
			t.Errorf("%s: %s, %s, %q; want %s, %s", row.name, state, imported, told, row.export, row.imported)
		}
	}
}

// A partner that breaks off, or sends what cannot be read, is named with what to do next.
func TestP24_ASessionThatBreaksOffIsNamed(t *testing.T) {
	s := &service{partner: &topology.Pool{FQDN: "pool2"}}
	for _, row := range []struct {
		err  error
		says string
	}{
		{io.ErrUnexpectedEOF, "The last import failed: A session of pool2 broke off: unexpected EOF. Nothing is lost"},
		{exchange.ErrFrame, "The last import failed: pool2 sent what this side cannot read: " + exchange.ErrFrame.Error() + ". Install the same version"},
		{failure.New(failure.DiskFull, "x", "The volume is full", "Make room."), "The last import failed: The volume is full. Make room."},
	} {
		state, reason := importState(standing{progress: progress{imported: true, importError: s.brokenOff(row.err)}, now: noon})
		if state != errorState || !strings.HasPrefix(reason, row.says) {
			t.Errorf("%v: %s, %s", row.err, state, reason)
		}
	}
	if err := s.brokenOff(context.Canceled); err != context.Canceled {
		t.Errorf("a session that this side ended is %v", err)
	}
}

// The order of the properties is the contract's; scripts depend on the names.
func TestP24_TheShapeOfAStatus(t *testing.T) {
	when := noon
	raw, err := json.Marshal(admin.Status{PoolFqdn: "a", BackupPoolFqdn: "b", ActiveMachineFqdn: "c", OverallExportStatus: finalState, OverallImportStatus: normalState,
		BackupModules: []admin.ModuleStatus{{Identity: "ConfServices.DataConf", ExportStatus: errorState, ImportStatus: normalState, Reason: "why", Backlog: 1, BacklogBytes: 2, LastExportTime: &when, Conflicts: 3, Suspects: 4}}})
	const want = `{"PoolFqdn":"a","BackupPoolFqdn":"b","ActiveMachineFqdn":"c","OverallExportStatus":"FinalState","OverallImportStatus":"NormalState","BackupModules":[` +
		`{"Identity":"ConfServices.DataConf","ExportStatus":"ErrorState","ImportStatus":"NormalState","Reason":"why","Backlog":1,"BacklogBytes":2,` +
		`"LastExportTime":"2018-01-31T12:00:00Z","LastImportTime":null,"LastAcknowledgedTime":null,"Conflicts":3,"Suspects":4}]}`
	if err != nil || string(raw) != want {
		t.Errorf("%s (%v), want %s", raw, err, want)
	}
}
