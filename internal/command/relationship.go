package command

import (
	"context"

	"github.com/spf13/pflag"
)

// Relationship tells which pool is a pool's partner, from the topology alone
// (Get-CsPoolBackupRelationship).
type Relationship struct {
	PoolFqdn   string
	LocalStore bool // accepted for scripts: the topology file is always local
	Force      bool // accepted for scripts
}

// RelationshipResult is what Relationship gives.
type RelationshipResult struct {
	PoolFqdn       string
	BackupPoolFqdn string
}

// AddFlags registers the command's flags.
func (o *Relationship) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.BoolVar(&o.LocalStore, "local-store", false, "accepted for scripts: the topology file is always local")
	flags.BoolVar(&o.Force, "force", false, "accepted for scripts")
}

// Run reads the topology; it needs no service.
func (o *Relationship) Run(_ context.Context, env *Environment) error {
	all, pool, err := findPool(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	partner, err := all.Partner(pool)
	if err != nil {
		return err
	}
	return env.Sink.Object(RelationshipResult{PoolFqdn: pool.FQDN, BackupPoolFqdn: partner.FQDN})
}
