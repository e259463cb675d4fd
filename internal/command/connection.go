package command

import (
	"cmp"
	"strings"

	"csbackup/internal/admin"
	"csbackup/internal/certificate"
	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"github.com/spf13/pflag"
)

// DefaultRuntimeDir is where a service's socket is looked for unless something else is said.
const DefaultRuntimeDir = "/run/csbackup"

// Connection is what commands that talk to a service take beside their own options: who the caller
// is, and where a service on this machine listens. Each has an environment variable.
type Connection struct {
	Certificate  string // PEM or PFX file
	PrivateKey   string // PEM file; not needed with PFX
	CA           string // PEM file with the authority that signed the services' certificates
	PasswordFile string // file that holds the PFX file's password
	RuntimeDir   string
}

// AddFlags registers the connection's flags.
func (c *Connection) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Certificate, "certificate", "", "certificate `file`, PEM or PFX (CSBACKUP_CERTIFICATE)")
	flags.StringVar(&c.PrivateKey, "private-key", "", "private key `file`, PEM (CSBACKUP_PRIVATE_KEY)")
	flags.StringVar(&c.CA, "ca", "", "`file` with the authority that services are signed by (CSBACKUP_CA)")
	flags.StringVar(&c.PasswordFile, "password-file", "", "`file` with the password of a PFX (CSBACKUP_PASSWORD_FILE)")
	flags.StringVar(&c.RuntimeDir, "runtime-dir", "", "`folder` of the services' local sockets (CSBACKUP_RUNTIME_DIR, default "+DefaultRuntimeDir+")")
}

// files gives the certificate's files, from the flags or the environment.
func (c *Connection) files(env *Environment) certificate.Files {
	return certificate.Files{
		Certificate:  cmp.Or(c.Certificate, env.Lookup("CSBACKUP_CERTIFICATE")),
		PrivateKey:   cmp.Or(c.PrivateKey, env.Lookup("CSBACKUP_PRIVATE_KEY")),
		CA:           cmp.Or(c.CA, env.Lookup("CSBACKUP_CA")),
		PasswordFile: cmp.Or(c.PasswordFile, env.Lookup("CSBACKUP_PASSWORD_FILE")),
	}
}

func (c *Connection) runtimeDir(env *Environment) string {
	return cmp.Or(c.RuntimeDir, env.Lookup("CSBACKUP_RUNTIME_DIR"), DefaultRuntimeDir)
}

// dial connects to the service of the named pool, which none without a partner has. The caller closes the client.
func (c *Connection) dial(env *Environment, fqdn string) (*admin.Client, error) {
	all, pool, err := findPool(env, fqdn)
	if err != nil {
		return nil, err
	}
	if _, err := all.Partner(pool); err != nil {
		return nil, err
	}
	return admin.Dial(all, pool, c.files(env), c.runtimeDir(env))
}

// findPool reads the topology and finds a pool in it.
func findPool(env *Environment, fqdn string) (*topology.Topology, *topology.Pool, error) {
	if strings.TrimSpace(fqdn) == "" {
		return nil, nil, failure.New(failure.InvalidUsage, "", "No pool was named", "Name one with --pool-fqdn, as the topology spells it.")
	}
	all, err := topology.Find(env.Topology, env.Lookup)
	if err != nil {
		return nil, nil, err
	}
	pool, err := all.Pool(strings.TrimSpace(fqdn))
	if err != nil {
		return nil, nil, err
	}
	return all, pool, nil
}

// poolFlag registers --pool-fqdn, which nearly every command takes.
func poolFlag(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "pool-fqdn", "", "`FQDN` of the pool, as in the topology")
}

const moduleHelp = "backup `module` in full or short form, such as DataConf, or All"
