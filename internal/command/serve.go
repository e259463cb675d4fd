package command

import (
	"cmp"
	"context"

	"csbackup/internal/failure"
	"csbackup/internal/manager"
	"csbackup/internal/service"

	"github.com/spf13/pflag"
)

// DefaultStateDir is where a service keeps its index and settings unless something else is said.
const DefaultStateDir = "/var/lib/csbackup"

// Serve runs the Backup Service of one pool until it is stopped.
type Serve struct {
	PoolFqdn string
	Listen   string // address; empty means the port of the topology's service on all addresses
	StateDir string
	Connection
}

// AddFlags registers the command's flags.
func (o *Serve) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	serveFlags(flags, &o.Listen, &o.StateDir)
	o.Connection.AddFlags(flags)
}

func serveFlags(flags *pflag.FlagSet, listen, stateDir *string) {
	flags.StringVar(listen, "listen", "", "`address` to listen on (default: the topology's port on all addresses)")
	flags.StringVar(stateDir, "state-dir", "", "`folder` of the index and the settings (CSBACKUP_STATE_DIR, default "+DefaultStateDir+")")
}

// Run serves until ctx ends; being stopped is not an error.
func (o *Serve) Run(ctx context.Context, env *Environment) error {
	all, pool, err := findPool(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	options := service.Options{
		Topology: all, Pool: pool,
		Listen:       cmp.Or(o.Listen, pool.ListenAddress()),
		StateDir:     cmp.Or(o.StateDir, env.Lookup("CSBACKUP_STATE_DIR"), DefaultStateDir),
		RuntimeDir:   o.runtimeDir(env),
		Certificates: o.files(env),
		Log:          env.Log,
	}
	err = manager.Run(ctx, serviceName(pool.FQDN), func(ctx context.Context) error { return service.Run(ctx, options) })
	if ctx.Err() != nil && (err == nil || failure.IsID(failure.Of(err), failure.Cancelled)) {
		return nil
	}
	return err
}
