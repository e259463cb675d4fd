package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"csbackup/internal/chat/archive"
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
	instance, err := database.ParseInstance(o.DBInstance, o.DBName, env.Lookup, options)
	if err != nil {
		return nil, err
	}
	for _, warning := range options.Warnings() {
		env.Sink.Warning(warning)
	}
	return database.Open(ctx, instance)
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

// openArchive opens an archive's file; the caller closes the file.
func openArchive(path string) (*archive.Archive, *os.File, error) {
	if path == "" {
		return nil, nil, failure.New(failure.InvalidUsage, "", "No archive was named", "Give the path of a file that \"csbackup chat export\" made.")
	}
	file, err := os.Open(path)
	if err != nil {
		id, hint := failure.FileNotReadable, "Check the rights on the file."
		if errors.Is(err, fs.ErrNotExist) {
			id, hint = failure.FileNotFound, "Check the path."
		}
		return nil, nil, failure.Wrap(id, path, "The archive cannot be opened", hint, err)
	}
	a, err := readArchive(file, path)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return a, file, nil
}

func readArchive(file *os.File, name string) (*archive.Archive, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, failure.Wrap(failure.FileNotReadable, name, "The archive cannot be read", "Check the disk that it lies on.", err)
	}
	if !info.Mode().IsRegular() {
		return nil, failure.New(failure.ArchiveForeign, name, name+" is no file", "Give the path of a file that \"csbackup chat export\" made.")
	}
	return archive.Open(file, info.Size(), name)
}

// checkFolder refuses early to write a file into a folder that is not there.
func checkFolder(path string) error {
	if path == "" {
		return nil
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err == nil && info.IsDir() {
		return nil
	}
	return failure.New(failure.FileNotFound, path, "There is no folder "+folder+" for "+filepath.Base(path), "Make the folder first, or correct the path.")
}

// keepApart refuses to write a file over another one that the same command needs.
func (o *ChatDatabase) keepApart(archive, report string) error {
	database, inFile := strings.CutPrefix(o.DBInstance, "sqlite:")
	if !inFile {
		database = ""
	}
	named := []struct{ what, path string }{{"database", database}, {"archive", archive}, {"report", report}}
	for i, one := range named {
		for _, other := range named[:i] {
			if sameFile(one.path, other.path) {
				return failure.New(failure.InvalidUsage, one.path, fmt.Sprintf("The %s and the %s cannot be the same file, %s", one.what, other.what, one.path), "Give one of them another path.")
			}
		}
	}
	return nil
}

// sameFile tells whether two paths lead to one file, which need not be there yet.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	if errOne == nil && errOther == nil {
		return os.SameFile(one, other)
	}
	absoluteOne, errOne := filepath.Abs(a)
	absoluteOther, errOther := filepath.Abs(b)
	return errOne == nil && errOther == nil && absoluteOne == absoluteOther
}

// firstOnes shortens a list for people.
func firstOnes(list []string, most int) []string {
	return slices.Clip(list[:min(len(list), most)])
}
