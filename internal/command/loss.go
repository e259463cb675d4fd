package command

import (
	"context"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/module"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// LossShow shows what the loss brake of a pool's service holds back.
type LossShow struct {
	PoolFqdn     string
	BackupModule string // empty means all
	Connection
}

// AddFlags registers the command's flags.
func (o *LossShow) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.BackupModule, "backup-module", "", moduleHelp)
	o.Connection.AddFlags(flags)
}

// Run gives one object for each module that is held; none when nothing is.
func (o *LossShow) Run(ctx context.Context, env *Environment) error {
	found, err := o.ask(ctx, env)
	if err != nil {
		return err
	}
	return env.Sink.Object(lossList(found))
}

func (o *LossShow) ask(ctx context.Context, env *Environment) ([]admin.Loss, error) {
	wanted, err := oneModule(o.BackupModule)
	if err != nil {
		return nil, err
	}
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Loss(ctx, wanted)
}

// lossList is shown as one table and written as one object for each module.
type lossList []admin.Loss

// Items gives the losses one by one.
func (l lossList) Items() []any { return report.Items(l) }

// Tables shows each loss with some of its files.
func (l lossList) Tables() []report.Table {
	if len(l) == 0 {
		return []report.Table{{Title: "The loss brake holds nothing."}}
	}
	tables := []report.Table{}
	for _, one := range l {
		rows := [][]string{
			{"Module", one.Module}, {"Plan", one.Plan}, {"Reason", one.Reason},
			{"Files", report.Number(one.Files) + " of " + report.Number(one.Known) + ", " + report.Bytes(one.Bytes)},
		}
		for _, path := range one.Sample {
			rows = append(rows, []string{"Such as", path})
		}
		tables = append(tables, report.Table{Rows: rows})
	}
	return tables
}

// LossConfirm says that a loss which the brake holds was meant, and lets it travel as deletions.
type LossConfirm struct {
	PoolFqdn     string
	BackupModule string // empty: the module that holds the plan
	Plan         string // the plan's id, as loss show gives it
	Connection
}

// AddFlags registers the command's flags.
func (o *LossConfirm) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.BackupModule, "backup-module", "", moduleHelp)
	flags.StringVar(&o.Plan, "plan", "", "`id` of the plan that was meant, as loss show gives it")
	o.Connection.AddFlags(flags)
}

// Run confirms exactly the named plan; one that is no longer true is refused by the service.
func (o *LossConfirm) Run(ctx context.Context, env *Environment) error {
	if o.Plan == "" {
		return failure.New(failure.InvalidUsage, o.PoolFqdn, "No plan was named", "Run \"csbackup loss show\" first and give its plan with --plan, if the loss was meant.")
	}
	wanted, err := oneModule(o.BackupModule)
	if err != nil {
		return err
	}
	client, err := o.dial(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	defer client.Close()
	held, err := client.Loss(ctx, wanted)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return failure.New(failure.LossNothingHeld, o.PoolFqdn, "The loss brake of "+o.PoolFqdn+" holds nothing", "There is nothing to confirm.")
	}
	for _, one := range held {
		if one.Plan == o.Plan {
			return client.ConfirmLoss(ctx, one.Module, o.Plan)
		}
	}
	return failure.New(failure.LossPlanStale, o.Plan, "The plan "+o.Plan+" is not what the loss brake holds now", "Run \"csbackup loss show\" again and look at what is held now.")
}

// oneModule gives the identity of a module, nothing for all of them.
func oneModule(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	named, err := module.Parse(name)
	if err != nil || len(named) != 1 {
		return "", err
	}
	return named[0].Identity, nil
}
