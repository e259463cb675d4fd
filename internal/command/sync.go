package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/module"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// Sync asks a pool's service to compare with its partner in full and to send what differs
// (Invoke-CsBackupServiceSync).
type Sync struct {
	PoolFqdn     string
	BackupModule string // empty means All
	Force        bool   // no warnings about what does not stop the command
	Wait         bool   // until everything that was asked for is with the partner
	Connection
}

// AddFlags registers the command's flags.
func (o *Sync) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.BackupModule, "backup-module", "", moduleHelp)
	flags.BoolVar(&o.Force, "force", false, "no warnings about what does not stop the command")
	flags.BoolVar(&o.Wait, "wait", false, "show progress until the state is FinalState or SteadyState")
	o.Connection.AddFlags(flags)
}

const (
	waitInterval = 500 * time.Millisecond
	// waitPatience is how long --wait watches a module that is in error or does not begin before
	// it gives up: long enough for a service that restarts or a line that comes back.
	waitPatience = 30 * time.Second
	// steadyPatience is how long --wait stays with a SteadyState whose backlog does not shrink: on a
	// pool in use there is always something left, yet what the request found should have arrived.
	steadyPatience = 5 * time.Second
)

// Run sends the request and, with Wait, watches it being carried out.
func (o *Sync) Run(ctx context.Context, env *Environment) error {
	wanted, err := o.modules(env)
	if err != nil {
		return err
	}
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	env.Sink.Verbose("Attempting to synchronize " + o.PoolFqdn + " with its backup pool.")
	if err := client.Sync(ctx, wanted); err != nil {
		return err
	}
	env.Sink.Verbose("The request was accepted.")
	if !o.Wait {
		return nil
	}
	env.Sink.Verbose("Attempting to get into steady state.")
	return o.watch(ctx, env, client, wanted)
}

// modules gives the identities to send: none stands for all that the service holds.
func (o *Sync) modules(env *Environment) ([]string, error) {
	if o.BackupModule == "" {
		return nil, nil
	}
	named, err := module.Parse(o.BackupModule)
	if err != nil {
		return nil, err
	}
	if len(named) == len(module.All()) {
		return nil, nil
	}
	identities := make([]string, 0, len(named))
	for _, m := range named {
		identities = append(identities, m.Identity)
		if !m.Held && !o.Force {
			env.Sink.Warning("csbackup does not hold the data of " + m.Identity + "; there is nothing to send for it.")
		}
	}
	return identities, nil
}

func (o *Sync) watch(ctx context.Context, env *Environment, client *admin.Client, wanted []string) error {
	ticker := time.NewTicker(waitInterval)
	defer ticker.Stop()
	var w wait
	for {
		status, err := askStatus(ctx, env, client, wanted, o.Force)
		if err != nil {
			return err
		}
		done, err := w.look(status, time.Now())
		env.Sink.Progress(w.progress(status, done))
		if err != nil {
			return err
		}
		if done {
			return o.leftOut(ctx, client, wanted)
		}
		select {
		case <-ctx.Done():
			return failure.Of(ctx.Err())
		case <-ticker.C:
		}
	}
}

// leftOut fails with PartlyDone where something did not arrive, and names it.
func (o *Sync) leftOut(ctx context.Context, client *admin.Client, wanted []string) error {
	list, err := client.LeftOut(ctx, wanted)
	if err != nil || len(list) == 0 {
		return err
	}
	var said []string
	for _, one := range list {
		if one.Files > 0 {
			said = append(said, fmt.Sprintf("%s left out %d paths of %s: %s", o.PoolFqdn, one.Files, one.Module, named(one.Paths, one.Files)))
		}
		if one.PartnerFiles > 0 {
			said = append(said, fmt.Sprintf("%s could not take %d paths of %s: %s", one.PartnerFqdn, one.PartnerFiles, one.Module, named(one.PartnerPaths, one.PartnerFiles)))
		}
	}
	return failure.New(failure.PartlyDone, o.PoolFqdn, "Everything else was sent. "+strings.Join(said, ". "),
		"See to the reasons; what can be taken then follows by itself. The status of each pool names the reasons of its own side.")
}

// named lists paths, and says how many more there are.
func named(paths []string, all int64) string {
	text := strings.Join(paths, ", ")
	if more := all - int64(len(paths)); more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// wait judges one status after the other.
type wait struct {
	stuckSince           time.Time
	steadyBest           int64     // the smallest backlog in SteadyState so far
	steadySince          time.Time // when it was reached
	mostFiles, mostBytes int64
	begun                time.Time
}

// look tells whether everything that csbackup holds has arrived, but for what is always left in
// SteadyState. It fails when a module has been
// in error, or has not begun, for longer than waitPatience.
func (w *wait) look(status admin.Status, now time.Time) (done bool, err error) {
	done = true
	steady, left := false, int64(0)
	var stuck *admin.ModuleStatus
	for i, m := range status.BackupModules {
		if !isHeld(m.Identity) {
			continue
		}
		switch m.ExportStatus {
		case "FinalState":
		case "SteadyState":
			steady, left = true, left+m.Backlog
		case "ErrorState", "NotInitialized":
			done, stuck = false, &status.BackupModules[i]
		default:
			done = false
		}
	}
	if stuck == nil {
		w.stuckSince = time.Time{}
		return done && (!steady || w.settled(left, now)), nil
	}
	if w.stuckSince.IsZero() {
		w.stuckSince = now
	}
	if now.Sub(w.stuckSince) < waitPatience {
		return false, nil
	}
	reason := stuck.Reason
	if reason == "" {
		reason = "it gives no reason"
	}
	return false, failure.New(failure.StoreUnavailable, status.PoolFqdn,
		fmt.Sprintf("%s of %s stays in %s: %s", stuck.Identity, status.PoolFqdn, stuck.ExportStatus, reason),
		"Run \"csbackup status --pool-fqdn "+status.PoolFqdn+"\" and see to the reason; the service goes on by itself.")
}

// settled tells whether a backlog in SteadyState has stopped shrinking.
func (w *wait) settled(left int64, now time.Time) bool {
	if w.steadySince.IsZero() || left < w.steadyBest {
		w.steadyBest, w.steadySince = left, now
	}
	return now.Sub(w.steadySince) >= steadyPatience
}

// progress measures from the largest backlog that was seen down to nothing.
func (w *wait) progress(status admin.Status, done bool) report.Progress {
	var files, bytes int64
	text := ""
	for _, m := range status.BackupModules {
		if isHeld(m.Identity) {
			files += m.Backlog
			bytes += m.BacklogBytes
			text = m.ExportStatus
		}
	}
	w.mostFiles, w.mostBytes = max(w.mostFiles, files), max(w.mostBytes, bytes)
	p := report.Progress{
		Activity: "Synchronizing " + status.PoolFqdn, Status: text, Unit: "files",
		Done: w.mostFiles - files, Total: w.mostFiles, Bytes: w.mostBytes - bytes, TotalBytes: w.mostBytes,
		SecondsLeft: -1, Completed: done,
	}
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	if elapsed := time.Since(w.begun); p.Bytes > 0 && elapsed > time.Second {
		p.SecondsLeft = int64(elapsed.Seconds() * float64(bytes) / float64(p.Bytes))
	}
	return p
}

func isHeld(identity string) bool {
	for _, m := range module.All() {
		if m.Identity == identity {
			return m.Held
		}
	}
	return false
}
