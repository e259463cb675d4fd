package command

import (
	"context"
	"errors"
	"slices"
	"strings"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"

	"github.com/spf13/pflag"
)

// ChatDatabase names the database that a chat command works on, and how to reach it.
type ChatDatabase struct {
	DBInstance             string // server, server\instance, server,port or sqlite:PATH
	DBName                 string // mgc when empty
	TrustServerCertificate bool
	Encrypt                string // true (also empty), strict or false
	ServerCertificate      string // file with the certificate that the server must have
	LegacyTLS              bool
}

// AddFlags registers the flags.
func (o *ChatDatabase) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.DBInstance, "db-instance", "", "`instance` of SQL Server: server, server\\instance or server,port; or sqlite:PATH")
	flags.StringVar(&o.DBName, "db-name", "", "`name` of the database, mgc when left out; also mgccomp")
	flags.BoolVar(&o.TrustServerCertificate, "trust-server-certificate", false, "take any certificate of the server; only where the network itself is trusted")
	flags.StringVar(&o.Encrypt, "encrypt", "", "how the connection is encrypted, a `mode`: true (the default), strict or false")
	flags.StringVar(&o.ServerCertificate, "server-certificate", "", "`file`, PEM or DER, with the certificate that the server must have")
	flags.BoolVar(&o.LegacyTLS, "legacy-tls", false, "allow TLS 1.0, TLS 1.1 and RSA key exchange, for servers that know nothing better")
}

// open connects to the database; the caller closes it.
func (o *ChatDatabase) open(ctx context.Context, env *Environment) (database.Database, error) {
	if strings.TrimSpace(o.DBInstance) == "" {
		return nil, failure.New(failure.InvalidUsage, "", "No database was named", "Name one with --db-instance: server, server\\instance, server,port or sqlite:PATH.")
	}
	options := database.Options{TrustServerCertificate: o.TrustServerCertificate, Encrypt: strings.ToLower(o.Encrypt), ServerCertificate: o.ServerCertificate, LegacyTLS: o.LegacyTLS}
	instance, err := await(ctx, func() (database.Instance, error) { // the password may come from somebody who says nothing
		return database.ParseInstance(o.DBInstance, o.DBName, env.Lookup, options)
	})
	if err != nil {
		return nil, err
	}
	for _, warning := range options.Warnings() {
		env.Sink.Warning(warning)
	}
	return database.Open(ctx, instance)
}

// await gives what fn gives, or the context's error where that ends first; fn is left alone then.
func await[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := fn()
		done <- outcome{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case o := <-done:
		return o.value, o.err
	}
}

// ChatCreateDatabase makes the published tables in a database.
type ChatCreateDatabase struct{ ChatDatabase }

// Run makes the tables of mgc, or of mgccomp where the database is named so.
func (o *ChatCreateDatabase) Run(ctx context.Context, env *Environment) error {
	db, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	name := schema.Chat
	if strings.EqualFold(o.DBName, schema.Compliance) {
		name = schema.Compliance
	}
	if err := errors.Join(db.CreateSchema(ctx, name), db.Close()); err != nil {
		return err
	}
	return env.Sink.Object(ChatDatabaseCreated{Database: o.DBInstance, Schema: name, Tables: len(schema.Tables(name))})
}

// ChatDatabaseCreated is what ChatCreateDatabase gives.
type ChatDatabaseCreated struct {
	Database string
	Schema   string // mgc or mgccomp
	Tables   int
}

// firstOnes shortens a list for people.
func firstOnes(list []string, most int) []string {
	return slices.Clip(list[:min(len(list), most)])
}
