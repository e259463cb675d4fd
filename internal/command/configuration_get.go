package command

import (
	"context"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/settings"
	"csbackup/internal/topology"

	"github.com/spf13/pflag"
)

// ConfigurationGet shows the Global settings (Get-CsBackupServiceConfiguration). It always
// succeeds when it is called without options: with the settings that the nearest service has, else
// with the defaults.
type ConfigurationGet struct {
	Identity   string // Global or empty
	Filter     string // wildcards on the identity
	LocalStore bool   // accepted for scripts
	Connection
}

// AddFlags registers the command's flags.
func (o *ConfigurationGet) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Identity, "identity", "", "`name` of the set: Global")
	flags.StringVar(&o.Filter, "filter", "", "`pattern` with * and ? on the set's name")
	flags.BoolVar(&o.LocalStore, "local-store", false, "accepted for scripts")
	o.Connection.AddFlags(flags)
}

// Run gives the settings; nothing when the filter does not match.
func (o *ConfigurationGet) Run(ctx context.Context, env *Environment) error {
	if o.Identity != "" && o.Filter != "" {
		return failure.New(failure.InvalidUsage, "", "Settings are asked for either by name or by a pattern", "Leave out --identity or --filter.")
	}
	if err := checkIdentity(o.Identity); err != nil {
		return err
	}
	if fits, err := matches(o.Filter); err != nil || !fits {
		return err
	}
	return env.Sink.Object(o.nearest(ctx, env))
}

// nearest gives the settings of the service that answers first: the one on this machine where
// there is one, as the way to it is the shortest.
func (o *ConfigurationGet) nearest(ctx context.Context, env *Environment) settings.Settings {
	all, err := topology.Find(env.Topology, env.Lookup)
	if err != nil {
		env.Sink.Verbose("There is no topology to find a service with (" + failure.Of(err).Error() + "); these are the defaults.")
		return settings.Defaults()
	}
	ctx, stop := context.WithTimeout(ctx, nearestTimeout)
	defer stop()
	answers := ask(ctx, env, &o.Connection, all, func(ctx context.Context, client *admin.Client) (settings.Versioned, error) {
		return client.Settings(ctx)
	})
	for {
		select {
		case one, more := <-answers:
			if !more {
				env.Sink.Verbose("No Backup Service answered; these are the defaults.")
				return settings.Defaults()
			}
			if one.err == nil {
				env.Sink.Verbose("These are the settings of " + one.pool.FQDN + ".")
				return one.value.Settings
			}
			env.Sink.Verbose("The service of " + one.pool.FQDN + " did not answer: " + failure.Of(one.err).Error())
		case <-ctx.Done():
			env.Sink.Verbose("No Backup Service answered in time; these are the defaults.")
			return settings.Defaults()
		}
	}
}
