package command

import (
	"context"
	"iter"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// VersionsList lists the kept versions of replaced and deleted files on a pool's store.
type VersionsList struct {
	PoolFqdn string
	Path     string // a file or a folder, as in "CollabContent/meeting/slides.bin"; empty means all
	Connection
}

// AddFlags registers the command's flags.
func (o *VersionsList) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.Path, "path", "", "only versions of this file or folder `path`, as in CollabContent/meeting")
	o.Connection.AddFlags(flags)
}

// Run gives one object for each version.
func (o *VersionsList) Run(ctx context.Context, env *Environment) error {
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	var page versionList
	shown := false
	for v, err := range client.Versions(ctx, o.Path) {
		if err != nil {
			return err
		}
		if page = append(page, v); len(page) < admin.VersionsPage {
			continue
		}
		if err := env.Sink.Object(page); err != nil {
			return err
		}
		page, shown = nil, true
	}
	if shown && len(page) == 0 {
		return nil
	}
	return env.Sink.Object(page)
}

// versionList is a page of versions: one table, or one object for each version.
type versionList []admin.Version

// Items gives the versions one by one.
func (v versionList) Items() []any { return report.Items(v) }

// Tables shows all versions together.
func (v versionList) Tables() []report.Table {
	if len(v) == 0 {
		return []report.Table{{Title: "No versions are kept."}}
	}
	table := report.Table{Header: []string{"Id", "Path", "Kind", "Size", "Modified", "Kept"}}
	for _, one := range v {
		table.Rows = append(table.Rows, []string{one.ID, one.Path, one.Kind, report.Bytes(one.Size), moment(one.ModTime), moment(one.Kept)})
	}
	return []report.Table{table}
}

// VersionsRestore brings a kept version back to where it was; what is there now is kept in turn.
type VersionsRestore struct {
	PoolFqdn string
	Path     string // brings back the newest kept version of this file
	ID       string // brings back this version
	Connection
}

// AddFlags registers the command's flags.
func (o *VersionsRestore) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.Path, "path", "", "bring back the newest kept version of this file `path`")
	flags.StringVar(&o.ID, "id", "", "bring back the version with this `id`, as versions list shows it")
	o.Connection.AddFlags(flags)
}

// Run restores exactly one version.
func (o *VersionsRestore) Run(ctx context.Context, env *Environment) error {
	if (o.Path == "") == (o.ID == "") {
		return failure.New(failure.InvalidUsage, "", "Say which version to bring back, in one way", "Give --id with an id from \"csbackup versions list\", or --path for the newest version of a file.")
	}
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	id := o.ID
	if id == "" {
		if id, err = newest(client.Versions(ctx, o.Path), o.Path); err != nil {
			return err
		}
	}
	if err := client.RestoreVersion(ctx, id); err != nil {
		return err
	}
	env.Sink.Verbose("The version " + id + " is back in its place.")
	return nil
}

// newest gives the id of the version of exactly this path that was kept last: the first one that is listed.
func newest(listed iter.Seq2[admin.Version, error], path string) (string, error) {
	for v, err := range listed {
		if err != nil {
			return "", err
		}
		if v.Path == path {
			return v.ID, nil
		}
	}
	return "", failure.New(failure.VersionNotFound, path, "No version of "+path+" is kept", "List what there is with \"csbackup versions list\".")
}
