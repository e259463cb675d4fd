package command

import (
	"context"

	"csbackup/internal/admin"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// StoreAdopt shows what taking a pool's file store over from a pool of another name means, and does it when its
// plan is named.
type StoreAdopt struct {
	PoolFqdn string
	Plan     string // empty: the plan is shown and nothing is changed
	Connection
}

// AddFlags registers the command's flags.
func (o *StoreAdopt) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.Plan, "plan", "", "`id` of the plan to carry out, as the command without this flag gives it")
	o.Connection.AddFlags(flags)
}

// Run gives the plan as one object, or carries the named one out.
func (o *StoreAdopt) Run(ctx context.Context, env *Environment) error {
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	if o.Plan != "" {
		if err := client.AdoptStore(ctx, o.Plan); err != nil {
			return err
		}
		env.Sink.Verbose("The file store belongs to " + o.PoolFqdn + " now.")
		return nil
	}
	plan, err := client.Adoption(ctx)
	if err != nil {
		return err
	}
	return env.Sink.Object(adoption(plan))
}

// adoption is shown as a list of its fields.
type adoption admin.Adoption

// Items gives the plan.
func (a adoption) Items() []any { return []any{admin.Adoption(a)} }

// Tables shows the plan.
func (a adoption) Tables() []report.Table {
	return []report.Table{{Rows: [][]string{
		{"File store", a.FileStore}, {"Belongs to", a.FormerPoolFqdn}, {"Adopted by", a.PoolFqdn},
		{"Known in it", report.Number(a.Files) + " files, " + report.Bytes(a.Bytes)}, {"Plan", a.Plan},
	}}}
}
