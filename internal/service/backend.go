package service

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/index"
	"csbackup/internal/module"
	"csbackup/internal/replica"
	"csbackup/internal/settings"
)

// Status tells how the pool's modules stand.
func (s *service) Status(_ context.Context, modules []string) (admin.Status, error) {
	host, err := os.Hostname()
	if err != nil {
		host = s.Pool.FQDN
	}
	status := admin.Status{PoolFqdn: s.Pool.FQDN, BackupPoolFqdn: s.partner.FQDN, ActiveMachineFqdn: host, BackupModules: []admin.ModuleStatus{}}
	w, away, silent := s.stands()
	var exports, imports []string
	for _, m := range module.All() {
		asked := contains(modules, m.Identity)
		if len(modules) > 0 && !asked || len(modules) == 0 && m.Category == "RGS" && !s.settings.Get().EnableRgsBackupService {
			continue
		}
		ms := admin.ModuleStatus{Identity: m.Identity, ExportStatus: notInitialized, ImportStatus: notInitialized}
		if m.Held && s.enabled(m) {
			if w == nil {
				ms.ExportStatus, ms.ImportStatus, ms.Reason = errorState, errorState, advised(cmp.Or(silent, away))
			} else if ms, err = s.moduleStatus(w.engines[m.Identity], silent); err != nil {
				return admin.Status{}, err
			}
			exports, imports = append(exports, ms.ExportStatus), append(imports, ms.ImportStatus)
		}
		status.BackupModules = append(status.BackupModules, ms)
	}
	status.OverallExportStatus = worst(exports, errorState, nonSteadyState, notInitialized, steadyState, finalState)
	status.OverallImportStatus = worst(imports, errorState, notInitialized, normalState)
	return status, nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// worst gives the first of the ranked words that occurs, NotInitialized when there is none.
func worst(states []string, ranked ...string) string {
	for _, word := range ranked {
		if contains(states, word) {
			return word
		}
	}
	return notInitialized
}

// patience is how many intervals may pass without a cycle, and how long more, before a state is stale.
const (
	patientIntervals = 3
	patientBeyond    = 10 * time.Minute
)

func (s *service) moduleStatus(e *engine, silent error) (admin.ModuleStatus, error) {
	e.mu.Lock()
	p := e.progress
	e.mu.Unlock()
	now, x := s.settings.Get(), e.replica.Index
	counts := x.Counts()
	left, bytes := e.replica.Left()
	certificate, expired := s.keys.Trouble(time.Now())
	st := standing{progress: p, module: e.module.Identity, pool: s.Pool.FQDN, partner: s.partner.FQDN, certificate: certificate, expired: expired, silent: silent, now: time.Now(), patience: patientIntervals*time.Duration(now.SyncInterval) + patientBeyond,
		held: e.replica.Held(), heldBack: e.replica.HeldBack(), left: left, leftBytes: bytes, missing: counts.Missing, returned: e.replica.Returned(), suspects: counts.Suspects,
		kept: counts.Kept, keptBytes: counts.KeptBytes,
		pending: counts.Pending, packageBytes: int64(now.MaxDataConfPackageSizeKB) << 10}
	if err := examples(x, &st); err != nil {
		return admin.ModuleStatus{}, s.explain(err)
	}
	exported, reason := exportState(st)
	imported, importReason := importState(st)
	return admin.ModuleStatus{Identity: e.module.Identity, ExportStatus: exported, ImportStatus: imported, Reason: join(reason, importReason),
		Backlog: left, BacklogBytes: bytes, LastExportTime: p.lastExport, LastImportTime: p.lastImport, LastAcknowledgedTime: p.lastAcknowledged,
		Conflicts: e.replica.Conflicts(), Suspects: counts.Suspects}, nil
}

// examples finds one path of each kind that waits; it reads at most one item each.
func examples(x *index.Index, st *standing) error {
	if st.left > 0 {
		items, err := x.Since(x.Agreed(), 1)
		if err != nil {
			return err
		}
		for _, it := range items {
			st.oldest = it.Path
		}
	}
	if st.suspects > 0 {
		items, err := x.InState(index.Suspect, "", 1)
		if err != nil {
			return err
		}
		for _, it := range items {
			st.suspect = it.Path
		}
	}
	if st.pending > 0 {
		pending, err := x.Pending("", 1)
		if err != nil {
			return err
		}
		for _, p := range pending {
			st.waiting = fmt.Sprintf("%q: %s", p.Path, p.Reason)
		}
	}
	return nil
}

// Sync asks the modules for a full comparison; modules that csbackup does not hold have nothing to do.
// The order is kept until it is done: also while the file store cannot be used, or the loss brake holds.
func (s *service) Sync(_ context.Context, modules []string) error {
	for _, m := range module.All() {
		if !m.Held || len(modules) > 0 && !contains(modules, m.Identity) || !s.enabled(m) {
			continue
		}
		w, _, _ := s.stands()
		if w == nil {
			if err := replica.AcceptOrder(s.indexes[m.Identity]); err != nil {
				return s.explain(err)
			}
			w, _, _ = s.stands() // it may have come meanwhile, without seeing the order
		} else if err := w.engines[m.Identity].replica.AcceptOrder(); err != nil {
			return s.explain(err)
		}
		if w != nil {
			w.engines[m.Identity].sync()
		}
	}
	return nil
}

// Settings gives the settings in force.
func (s *service) Settings(context.Context) (settings.Versioned, error) {
	return s.settings.Get(), nil
}

// SetSettings changes settings; they take effect at once and, but for who may administer, reach the partner with the
// next session.
func (s *service) SetSettings(_ context.Context, change settings.Change) error {
	_, err := s.settings.Set(change, s.Pool.FQDN)
	return err
}

// ResetSettings sets the defaults.
func (s *service) ResetSettings(context.Context) error {
	_, err := s.settings.Reset(s.Pool.FQDN)
	return err
}

func (s *service) offer() []byte {
	raw, err := json.Marshal(s.settings.Get().Shared())
	if err != nil {
		return nil // a struct of plain values always marshals
	}
	return raw
}

func (s *service) offered(raw []byte) {
	var theirs settings.Versioned
	if json.Unmarshal(raw, &theirs) != nil {
		return // of another version: this side's settings stay
	}
	if _, err := s.settings.Offer(theirs); err != nil {
		s.Log.Warn("the partner's settings could not be taken", "error", err)
	}
}

// Versions lists a page of the kept versions of all modules, one module after the other.
func (s *service) Versions(_ context.Context, path, after string, limit int) ([]admin.Version, error) {
	w, err := s.working()
	if err != nil {
		return nil, err
	}
	all := []admin.Version{}
	from, id, goingOn := strings.Cut(after, "/")
	for _, m := range module.All() {
		e := w.engines[m.Identity]
		if e == nil || goingOn && m.Short != from {
			continue
		}
		goingOn = false
		kept, err := e.replica.Versions(named(path), named(id), limit-len(all))
		if err != nil {
			return nil, err
		}
		for _, k := range kept {
			all = append(all, admin.Version{ID: m.Short + "/" + readable(k.ID), Path: readable(k.Path), Kind: k.Kind, Size: k.Size, ModTime: k.ModTime, Kept: k.When})
		}
		if id = ""; len(all) == limit {
			break
		}
	}
	return all, nil
}

// RestoreVersion brings one kept version back.
func (s *service) RestoreVersion(_ context.Context, id string) error {
	w, err := s.working()
	if err != nil {
		return err
	}
	short, rest, _ := strings.Cut(id, "/")
	for _, e := range w.engines {
		if e.module.Short == short {
			if err := e.replica.RestoreVersion(named(rest)); err != nil {
				return s.explain(err)
			}
			e.nudge()
			return nil
		}
	}
	return failure.New(failure.VersionNotFound, id, "No kept version has this id", "List them: csbackup versions list --pool-fqdn "+s.Pool.FQDN+".")
}

// Loss tells what the brakes hold.
func (s *service) Loss(_ context.Context, name string) ([]admin.Loss, error) {
	w, err := s.working()
	if err != nil {
		return nil, err
	}
	all := []admin.Loss{}
	for _, m := range module.All() {
		e := w.engines[m.Identity]
		if e == nil || name != "" && !strings.EqualFold(name, m.Identity) {
			continue
		}
		loss, held, err := e.replica.Loss()
		if err != nil {
			return nil, err
		}
		if held {
			for i, p := range loss.Sample {
				loss.Sample[i] = readable(p)
			}
			all = append(all, admin.Loss{Module: m.Identity, Plan: loss.Plan, Reason: loss.Reason, Files: loss.Files, Bytes: loss.Bytes, Known: loss.Known, Sample: loss.Sample})
		}
	}
	return all, nil
}

// ConfirmLoss lets the named plan of losses pass as deletions.
func (s *service) ConfirmLoss(_ context.Context, name, plan string) error {
	w, err := s.working()
	if err != nil {
		return err
	}
	refused := failure.New(failure.LossNothingHeld, s.Pool.FQDN, "The loss brake holds nothing", "There is nothing to confirm.")
	var last error = refused
	for _, m := range module.All() {
		e := w.engines[m.Identity]
		if e == nil || name != "" && !strings.EqualFold(name, m.Identity) {
			continue
		}
		if _, held, err := e.replica.Loss(); err != nil || !held {
			continue
		}
		if last = e.replica.ConfirmLoss(plan); last == nil {
			e.nudge()
			return nil
		}
	}
	return last
}
