package command

import (
	"context"
	"path/filepath"

	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"github.com/spf13/pflag"
)

// The Windows service's names, as scripts know them from the original.
const (
	serviceName        = "LYNCBACKUP"
	serviceDisplayName = "csbackup Backup Service"
)

// ServiceInstall registers the Backup Service of one pool with Windows, to start automatically. On Linux
// it prints the unit file that does the same with systemd.
type ServiceInstall struct {
	PoolFqdn string
	Listen   string
	StateDir string
	Connection
}

// AddFlags registers the command's flags.
func (o *ServiceInstall) AddFlags(flags *pflag.FlagSet) { (*Serve)(o).AddFlags(flags) }

// Run installs the service, or prints its unit.
func (o *ServiceInstall) Run(_ context.Context, env *Environment) error {
	all, pool, err := findPool(env, o.PoolFqdn)
	if err != nil {
		return err
	}
	arguments, err := o.arguments(env, all, pool)
	if err != nil {
		return err
	}
	return installService(env, pool.FQDN, arguments)
}

// arguments gives the command line of the installed service, with absolute paths, since a service
// does not start where it was installed.
func (o *ServiceInstall) arguments(env *Environment, all *topology.Topology, pool *topology.Pool) ([]string, error) {
	arguments := []string{"serve", "--pool-fqdn", pool.FQDN}
	files := o.files(env)
	for _, one := range []struct{ flag, path string }{
		{"--topology", all.Path},
		{"--certificate", files.Certificate}, {"--private-key", files.PrivateKey}, {"--ca", files.CA}, {"--password-file", files.PasswordFile},
		{"--state-dir", o.StateDir}, {"--runtime-dir", o.RuntimeDir}, {"--log-file", env.LogFile},
	} {
		if one.path == "" {
			continue
		}
		absolute, err := filepath.Abs(one.path)
		if err != nil {
			return nil, failure.Wrap(failure.ServiceInstallation, one.path, "The path of "+one.flag+" cannot be made absolute", "Give it in full.", err)
		}
		arguments = append(arguments, one.flag, absolute)
	}
	if o.Listen != "" {
		arguments = append(arguments, "--listen", o.Listen)
	}
	return arguments, nil
}

// ServiceUninstall removes the service from Windows; the data and the state stay.
type ServiceUninstall struct{}

// Run stops and removes the service.
func (o *ServiceUninstall) Run(context.Context, *Environment) error { return uninstallService() }
