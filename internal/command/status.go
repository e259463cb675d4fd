package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/module"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// Status shows how a pool's backup stands, module by module and direction by direction
// (Get-CsBackupServiceStatus).
type Status struct {
	PoolFqdn     string
	Category     string // UserData, CMS or RGS; empty means all
	BackupModule string // empty means all
	Force        bool
	Connection
}

// AddFlags registers the command's flags.
func (o *Status) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.Category, "category", "", "only the modules of a `category`: UserData, CMS or RGS")
	flags.StringVar(&o.BackupModule, "backup-module", "", moduleHelp)
	flags.BoolVar(&o.Force, "force", false, "no warnings about what does not stop the command")
	o.Connection.AddFlags(flags)
}

// Run asks the service and gives one status.
func (o *Status) Run(ctx context.Context, env *Environment) error {
	wanted, err := o.modules()
	if err != nil {
		return err
	}
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	status, err := askStatus(ctx, env, client, wanted, o.Force)
	if err != nil {
		return err
	}
	return env.Sink.Object(StatusResult{status})
}

// askStatus asks a service how it stands. What it advises comes in the caller's words.
func askStatus(ctx context.Context, env *Environment, client *admin.Client, wanted []string, force bool) (admin.Status, error) {
	status, err := client.Status(ctx, wanted, force)
	for i, m := range status.BackupModules {
		status.BackupModules[i].Reason = env.word(m.Reason)
	}
	return status, err
}

// modules gives the identities to ask for: what is in the category and named as well; none stands
// for all.
func (o *Status) modules() ([]string, error) {
	if o.Category == "" && (o.BackupModule == "" || strings.EqualFold(o.BackupModule, "All")) {
		return nil, nil
	}
	chosen := module.All()
	if o.BackupModule != "" {
		named, err := module.Parse(o.BackupModule)
		if err != nil {
			return nil, err
		}
		chosen = named
	}
	if o.Category != "" {
		named, err := module.ParseCategory(o.Category)
		if err != nil {
			return nil, err
		}
		chosen = slices.DeleteFunc(chosen, func(m module.Module) bool { return !slices.Contains(named, m) })
	}
	if len(chosen) == 0 {
		return nil, failure.New(failure.InvalidUsage, o.BackupModule, o.BackupModule+" is not in the category "+o.Category,
			"Leave out --category or --backup-module.")
	}
	identities := make([]string, len(chosen))
	for i, m := range chosen {
		identities[i] = m.Identity
	}
	return identities, nil
}

// StatusResult is a status with its table for people.
type StatusResult struct{ admin.Status }

// Tables shows who is paired with whom, then a line for each module.
func (s StatusResult) Tables() []report.Table {
	head := report.Table{Rows: [][]string{
		{"Pool", s.PoolFqdn},
		{"Backup pool", s.BackupPoolFqdn},
		{"Active machine", s.ActiveMachineFqdn},
		{"Export overall", s.OverallExportStatus},
		{"Import overall", s.OverallImportStatus},
	}}
	list := report.Table{Header: []string{"Module", "Export", "Import", "Backlog", "Acknowledged"}}
	notes := report.Table{}
	for _, m := range s.BackupModules {
		list.Rows = append(list.Rows, []string{m.Identity, m.ExportStatus, m.ImportStatus, backlog(m), age(m.LastAcknowledgedTime)})
		if m.Reason != "" {
			notes.Rows = append(notes.Rows, []string{m.Identity, m.Reason})
		}
		if m.Conflicts > 0 {
			notes.Rows = append(notes.Rows, []string{m.Identity, report.Number(m.Conflicts) + " conflicts: one version won, the other is kept; see \"csbackup versions list\""})
		}
		if m.Suspects > 0 {
			notes.Rows = append(notes.Rows, []string{m.Identity, report.Number(m.Suspects) + " files changed without a new size or time; they are not sent until somebody has looked at them"})
		}
	}
	tables := []report.Table{head, list}
	if len(notes.Rows) > 0 {
		tables = append(tables, notes)
	}
	return tables
}

func backlog(m admin.ModuleStatus) string {
	if m.Backlog == 0 {
		return "none"
	}
	return report.Number(m.Backlog) + " files, " + report.Bytes(m.BacklogBytes)
}

// age tells how long ago something was, as the caller's clock sees it.
func age(when *time.Time) string {
	if when == nil || when.IsZero() {
		return "never"
	}
	passed := time.Since(*when).Truncate(time.Second)
	switch {
	case passed < time.Second:
		return "just now"
	case passed < time.Minute:
		return passed.String() + " ago"
	case passed < 48*time.Hour:
		return strings.TrimSuffix(passed.Truncate(time.Minute).String(), "0s") + " ago"
	}
	return report.Number(int64(passed/(24*time.Hour))) + " days ago"
}
