package command

import (
	"context"

	"csbackup/internal/admin"

	"github.com/spf13/pflag"
)

// ConfigurationReset returns the Global settings to their defaults at every service that answers
// (Remove-CsBackupServiceConfiguration).
type ConfigurationReset struct {
	Identity string
	Force    bool // accepted for scripts
	Connection
}

// AddFlags registers the command's flags.
func (o *ConfigurationReset) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Identity, "identity", "", "`name` of the set: Global")
	flags.BoolVar(&o.Force, "force", false, "accepted for scripts")
	o.Connection.AddFlags(flags)
}

// Run resets the settings.
func (o *ConfigurationReset) Run(ctx context.Context, env *Environment) error {
	if err := checkIdentity(o.Identity); err != nil {
		return err
	}
	return changeEverywhere(ctx, env, &o.Connection, func(ctx context.Context, client *admin.Client) error {
		return client.ResetSettings(ctx)
	})
}
