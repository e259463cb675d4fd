package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/replica"
	"csbackup/internal/report"
)

// The words for states; there are no others.
const (
	notInitialized = "NotInitialized"
	finalState     = "FinalState"
	steadyState    = "SteadyState"
	nonSteadyState = "NonSteadyState"
	errorState     = "ErrorState"
	normalState    = "NormalState"
)

// standing is all that a module's states are decided from.
type standing struct {
	progress
	module         string
	pool, partner  string
	certificate    error // why the service's own certificate needs somebody, nil when it does not
	expired        bool  // it is of no use any more
	silent         error // why the file store does not answer
	now            time.Time
	patience       time.Duration // how long nothing may be heard of a cycle or of the partner
	held, heldBack string
	left           int64
	leftBytes      int64
	oldest         string // path of the change that waits longest
	missing        int64
	suspects       int64
	suspect        string // path of one
	kept           int64  // kept versions, and their bytes
	keptBytes      int64
	pending        int64
	waiting        string // one path of the partner's that waits, with the reason
	packageBytes   int64
}

// stale tells whether something was last heard of too long ago to believe it.
func (s standing) stale(heard time.Time) bool {
	return !heard.IsZero() && s.now.Sub(heard) > s.patience
}

// exportState decides the word and the reason. It is pure.
func exportState(s standing) (state, reason string) {
	heard := s.lastCycle
	if s.lastMove.After(heard) {
		heard = s.lastMove
	}
	switch {
	case s.silent != nil:
		return errorState, advised(s.silent)
	case s.held != "":
		return errorState, fmt.Sprintf("The loss brake holds: %s. If the store is not mounted, mount it; the service goes on by itself. %s", s.held, replica.HeldAdvice(s.pool, s.partner, s.module))
	case s.expired:
		return errorState, advised(s.certificate)
	case s.exportError != nil:
		return errorState, join(advised(s.exportError), s.unlisted())
	case s.look.Incomplete != nil:
		return errorState, s.unlisted()
	case s.stale(heard):
		return errorState, fmt.Sprintf("No cycle has come to its end since %s; what is shown here may be out of date. See whether the disks answer, and what the log says; else restart the service.", heard.UTC().Format(time.RFC3339))
	}
	reason = s.notes()
	switch {
	case s.syncWanted || s.comparing:
		return nonSteadyState, reason // until it is compared, nobody knows how much is left
	case !s.exported && s.lastMove.IsZero():
		return notInitialized, join("No session with "+s.partner+" has come to its end since the service started.", reason)
	case s.leftBytes > s.packageBytes:
		return nonSteadyState, reason
	case s.exported && s.left == 0 && s.missing == 0 && s.look.Deferred == 0 && s.partnerPending == 0:
		return finalState, reason
	}
	return steadyState, reason
}

// unlisted says what could not be listed, "" when everything could.
func (s standing) unlisted() string {
	if s.look.Incomplete == nil {
		return ""
	}
	return "The store could not be listed in full, and nothing in what could not be listed counts as deleted: " + s.look.Incomplete.Error() +
		". Let the service's account read it; the next cycle looks again by itself."
}

// notes says in sentences what is worth knowing besides the word.
func (s standing) notes() string {
	var notes []string
	add := func(format string, values ...any) { notes = append(notes, fmt.Sprintf(format, values...)) }
	if s.syncWanted || s.comparing {
		add("A full comparison is under way.")
	}
	if s.left > 0 && s.oldest != "" && !s.unsentSince.IsZero() {
		add("Of what is left, %q waits longest, since %s.", s.oldest, s.unsentSince.UTC().Format(time.RFC3339))
	}
	if s.missing > 0 {
		add("Deletions that have not settled: %d.", s.missing)
	}
	if s.look.Deferred > 0 {
		add("Paths that could not be read yet: %d, such as %s.", s.look.Deferred, s.look.Example)
	}
	if s.partnerPending > 0 {
		add("Paths that %s could not take yet: %d; its own status says why.", s.partner, s.partnerPending)
	}
	if s.suspects > 0 {
		add("Suspect files: %d, such as %q: their content changed without a new size or time; they are not sent, and the partner's copy is asked for.", s.suspects, s.suspect)
	}
	if errors.Is(s.blind, filestore.ErrLimit) {
		add("All of the store is scanned in every cycle: %v.", s.blind)
	}
	if s.blind != nil && !s.lookBegan.IsZero() {
		add("The file store does not tell about changes: what is shown is as of its last scan, which began at %s, %s ago.",
			s.lookBegan.UTC().Format(time.RFC3339), s.now.Sub(s.lookBegan).Round(time.Second))
	}
	if s.certificate != nil {
		add("%s", advised(s.certificate))
	}
	if s.look.Skipped > 0 {
		example := ""
		if s.look.Deferred == 0 {
			example = ", such as " + s.look.Example
		}
		add("Paths that are not replicated: %d%s.", s.look.Skipped, example)
	}
	if s.kept > 0 {
		add("Kept versions of replaced and deleted files: %d, which hold %s.", s.kept, report.Bytes(s.keptBytes))
	}
	return strings.Join(notes, " ")
}

func importState(s standing) (state, reason string) {
	switch {
	case s.silent != nil:
		return errorState, "" // the export's reason says it
	case s.heldBack != "":
		return errorState, fmt.Sprintf("The loss brake holds: %s. If that is meant, run: csbackup loss show --pool-fqdn %s. If not, bring it back to the partner: csbackup sync --pool-fqdn %s --backup-module %s.",
			s.heldBack, s.pool, s.pool, s.module)
	case !s.imported:
		return notInitialized, ""
	case s.held != "" && failure.IsID(s.importError, failure.StoreHeld):
		return errorState, "" // the export's reason says it
	case s.importError != nil && !errors.Is(s.importError, context.Canceled):
		return errorState, "The last import failed: " + advised(s.importError)
	case s.stale(s.lastCall):
		return errorState, fmt.Sprintf("%s has not called since %s. See whether its service runs and reaches this one.", s.partner, s.lastCall.UTC().Format(time.RFC3339))
	case s.pending > 0:
		return normalState, fmt.Sprintf("Paths of %s that could not be taken yet: %d, such as %s.", s.partner, s.pending, s.waiting)
	}
	return normalState, ""
}

// advised gives an error's sentence and what to do next.
func advised(err error) string {
	shown := failure.Of(err)
	if shown.Hint == "" {
		return shown.Error()
	}
	return strings.TrimSuffix(shown.Error(), ".") + ". " + shown.Hint
}

func join(sentences ...string) string {
	return strings.TrimSpace(strings.Join(sentences, " "))
}
