package command

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"github.com/spf13/pflag"
)

// serviceName is the name of a pool's Windows service.
func serviceName(pool string) string { return "csbackup-" + pool }

func serviceNameFlag(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "service-name", "", "`name` of the Windows service (default csbackup-FQDN; LYNCBACKUP for scripts that use that name)")
}

// isOurs tells whether a service's ImagePath starts csbackup's Backup Service: the program of this process, or one that is
// called csbackup.exe, with the command serve.
func isOurs(imagePath, executable string) bool {
	program, rest := imagePath, ""
	if quoted, isQuoted := strings.CutPrefix(imagePath, `"`); isQuoted {
		program, rest, _ = strings.Cut(quoted, `"`)
	} else if at := strings.Index(strings.ToLower(imagePath), ".exe"); at >= 0 {
		program, rest = imagePath[:at+len(".exe")], imagePath[at+len(".exe"):]
	}
	name := program[strings.LastIndexAny(program, `\/`)+1:]
	words := strings.Fields(rest)
	return (strings.EqualFold(program, executable) || strings.EqualFold(name, "csbackup.exe")) && len(words) > 0 && strings.Trim(words[0], `"`) == "serve"
}

// ServiceInstall registers the Backup Service of one pool with Windows, to start automatically. On Linux
// it prints the unit file that does the same with systemd.
type ServiceInstall struct {
	PoolFqdn    string
	Listen      string
	StateDir    string
	ServiceName string // "" for csbackup-FQDN
	Connection
}

// AddFlags registers the command's flags.
func (o *ServiceInstall) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	serveFlags(flags, &o.Listen, &o.StateDir)
	serviceNameFlag(flags, &o.ServiceName)
	o.Connection.AddFlags(flags)
}

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
	return installService(env, cmp.Or(o.ServiceName, serviceName(pool.FQDN)), pool.FQDN, arguments)
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
type ServiceUninstall struct {
	PoolFqdn    string
	ServiceName string // "" for csbackup-FQDN
}

// AddFlags registers the command's flags.
func (o *ServiceUninstall) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	serviceNameFlag(flags, &o.ServiceName)
}

// Run stops and removes the service, unless it is one of another program.
func (o *ServiceUninstall) Run(context.Context, *Environment) error {
	if o.PoolFqdn == "" && o.ServiceName == "" {
		return failure.New(failure.InvalidUsage, "", "Nothing says which service is to be removed", "Give --pool-fqdn FQDN, or --service-name NAME.")
	}
	return uninstallService(cmp.Or(o.ServiceName, serviceName(o.PoolFqdn)))
}

// ownExecutable is the path of this program.
func ownExecutable(service string) (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", failure.Wrap(failure.ServiceInstallation, service, "The program's own path cannot be found", "Run csbackup by its full path.", err)
	}
	return executable, nil
}
