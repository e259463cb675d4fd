package command

import (
	"context"

	"csbackup/internal/certificate"
	"csbackup/internal/failure"
	"csbackup/internal/topology"

	"github.com/spf13/pflag"
)

// CertificateCreate makes a small private authority for labs, and a certificate for a pool or a
// client. Nothing is overwritten.
type CertificateCreate struct {
	Dir      string
	PoolFqdn string // either this
	Client   string // or this
}

// AddFlags registers the command's flags.
func (o *CertificateCreate) AddFlags(flags *pflag.FlagSet) {
	poolFlag(flags, &o.PoolFqdn)
	flags.StringVar(&o.Dir, "dir", "", "`folder` for the authority and the certificates")
	flags.StringVar(&o.Client, "client", "", "make a certificate for an administrator of this `name` instead of a pool")
}

// Run makes the files.
func (o *CertificateCreate) Run(_ context.Context, env *Environment) error {
	if o.Dir == "" {
		return failure.New(failure.InvalidUsage, "", "No folder was named", "Say with --dir where the certificates go.")
	}
	if (o.PoolFqdn == "") == (o.Client == "") {
		return failure.New(failure.InvalidUsage, "", "Say for whom the certificate is, in one way", "Give either --pool-fqdn or --client.")
	}
	var pool *topology.Pool
	if o.PoolFqdn != "" {
		var err error
		if _, pool, err = findPool(env, o.PoolFqdn); err != nil {
			return err
		}
	}
	created, err := certificate.Create(o.Dir, pool, o.Client)
	if err != nil {
		return err
	}
	return env.Sink.Object(created)
}
