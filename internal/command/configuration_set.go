package command

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/settings"

	"github.com/spf13/pflag"
)

// ConfigurationSet changes Global settings at every service that answers
// (Set-CsBackupServiceConfiguration). What is nil stays as it is.
type ConfigurationSet struct {
	Identity string
	Force    bool
	settings.Change
	Connection
}

// AddFlags registers the command's flags.
func (o *ConfigurationSet) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Identity, "identity", "", "`name` of the set: Global")
	flags.BoolVar(&o.Force, "force", false, "accepted for scripts")
	flags.Func("sync-interval", "`time` between two cycles, 00:00:05 to 03:00:00", func(text string) error {
		interval, err := settings.ParseInterval(text)
		o.SyncInterval = &interval
		return err
	})
	number(flags, "max-concurrent-calls", "accepted and kept for the original's sake", &o.MaxConcurrentCalls)
	number(flags, "max-batches-per-cms-sync", "accepted and kept for the original's sake", &o.MaxBatchesPerCmsSync)
	number(flags, "max-batches-per-user-store-sync", "accepted and kept for the original's sake", &o.MaxBatchesPerUserStoreSync)
	number(flags, "max-data-conf-package-size-kb", "most that one cycle's batch carries, in KiB", &o.MaxDataConfPackageSizeKB)
	number(flags, "max-high-pri-queue-percentage-per-user-store-sync", "accepted and kept for the original's sake", &o.MaxHighPriQueuePercentagePerUserStoreSync)
	names(flags, "authorized-universal-groups", "groups that may administer, separated by commas", &o.AuthorizedUniversalGroups)
	names(flags, "authorized-local-accounts", "accounts that may administer, separated by commas", &o.AuthorizedLocalAccounts)
	flags.Func("enable-rgs-backup-service", "whether the response groups' files are replicated: `true` or false", func(text string) error {
		value, err := strconv.ParseBool(text)
		o.EnableRgsBackupService = &value
		return err
	})
	o.Connection.AddFlags(flags)
}

func number(flags *pflag.FlagSet, name, usage string, to **int) {
	flags.Func(name, usage+" (`number`)", func(text string) error {
		value, err := strconv.Atoi(text)
		*to = &value
		return err
	})
}

func names(flags *pflag.FlagSet, name, usage string, to **[]string) {
	flags.Func(name, usage+" (`names`)", func(text string) error {
		list := slices.DeleteFunc(strings.Split(text, ","), func(one string) bool { return strings.TrimSpace(one) == "" })
		*to = &list
		return nil
	})
}

// Run checks the change against the ranges before any service sees it.
func (o *ConfigurationSet) Run(ctx context.Context, env *Environment) error {
	if err := checkIdentity(o.Identity); err != nil {
		return err
	}
	if o.Change == (settings.Change{}) {
		return failure.New(failure.InvalidUsage, settings.Global, "No setting was named", "Name at least one, as in --sync-interval 00:05:00.")
	}
	if _, err := o.Change.Apply(settings.Defaults()); err != nil {
		return err
	}
	return changeEverywhere(ctx, env, &o.Connection, func(ctx context.Context, client *admin.Client) error {
		return client.SetSettings(ctx, o.Change)
	})
}
