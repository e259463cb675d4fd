package database

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// Options say how a connection to SQL Server is made and protected.
type Options struct {
	TrustServerCertificate bool          // take any certificate
	Encrypt                string        // "true" (also ""), "strict" (TLS before anything else) or "false"
	ServerCertificate      string        // path of the server's certificate or of its issuer's, PEM or DER
	LegacyTLS              bool          // TLS 1.0 and 1.1, RSA key exchange and old ciphers too
	Silence                time.Duration // how long the server may be silent within a statement; 0 is DefaultSilence
}

// DefaultSilence leaves a busy server the time to sort and check what a long import has loaded.
const DefaultSilence = 10 * time.Minute

// Warnings says, one sentence each, what the options take away from the protection of a connection.
func (o Options) Warnings() []string {
	var warnings []string
	if o.LegacyTLS {
		warnings = append(warnings, "TLS 1.0 and 1.1, old ciphers and key exchange without forward secrecy are allowed; do that only for servers that cannot be updated.")
	}
	if o.Encrypt == "false" {
		warnings = append(warnings, "Everything after the login is sent unencrypted, and the server's certificate is not checked.")
	} else if o.TrustServerCertificate {
		warnings = append(warnings, "It is not checked who answers as the server: somebody in between could read and change everything.")
	}
	return warnings
}

// Instance is a database that can be opened.
type Instance struct {
	Name     string // as the user wrote it
	Path     string // of the SQLite file; "" for SQL Server
	Host     string // of SQL Server
	Named    string // named instance, asked from the SQL Browser; "" for the default one
	Port     int    // 0 for the default or the named instance's
	Database string // name of the database on SQL Server
	User     string // "" for integrated security
	Options  Options

	password       string
	authentication authentication
	kerberos       map[string]string // the parameters of kerberosFiles
}

// SQLite tells whether the instance is a file.
func (i Instance) SQLite() bool { return i.Path != "" }

// String names the instance and its database; it never holds a secret.
func (i Instance) String() string {
	if i.SQLite() {
		return i.Name
	}
	return i.Name + " (" + i.Database + ")"
}

const instanceForms = "Write sqlite:PATH, server, server\\instance or server,port."

// ParseInstance reads what --db-instance and --db-name say and takes the login from the variables that
// lookup gives. failure.InvalidUsage where that is no instance, FileNotReadable for the password's file.
func ParseInstance(dbInstance, dbName string, lookup func(string) string, options Options) (Instance, error) {
	i := Instance{Name: dbInstance, Database: dbName, Options: options}
	if dbName == "" {
		i.Database = schema.Chat
	}
	if path, ok := strings.CutPrefix(dbInstance, "sqlite:"); ok {
		if path == "" || strings.ContainsRune(path, 0) {
			return Instance{}, usage(dbInstance, "names no file", instanceForms)
		}
		if name := strings.ToLower(i.Database); name != schema.Chat && name != schema.Compliance {
			return Instance{}, usage(dbInstance, fmt.Sprintf("has no database %.50q", dbName), "Give --db-name mgc or mgccomp, or leave it out.")
		}
		i.Path = path
		return i, nil
	}
	if err := i.parseServer(dbInstance); err != nil {
		return Instance{}, err
	}
	if strings.ContainsFunc(i.Database, isControl) || len(i.Database) > 128 {
		return Instance{}, usage(dbInstance, "has a database name that SQL Server cannot have", "Give --db-name as SQL Server shows it.")
	}
	switch options.Encrypt {
	case "", "true", "false":
	case "strict":
		if options.TrustServerCertificate {
			return Instance{}, usage(dbInstance, "cannot be trusted without a check where the encryption is strict", "Leave out --trust-server-certificate, and give --server-certificate FILE if the certificate is not known here.")
		}
	default:
		return Instance{}, usage(dbInstance, fmt.Sprintf("cannot be encrypted as %.20q", options.Encrypt), "Give --encrypt true, strict or false.")
	}
	return i.withLogin(lookup)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7F }

func (i *Instance) parseServer(text string) error {
	rest := strings.TrimPrefix(text, "tcp:")
	host, port, hasPort := strings.Cut(rest, ",")
	if hasPort {
		n, err := strconv.Atoi(strings.TrimSpace(port))
		if err != nil || n < 1 || n > 65535 {
			return usage(text, "has no port from 1 to 65535 after the comma", instanceForms)
		}
		i.Port = n
	}
	host, named, hasName := strings.Cut(host, `\`)
	if hasName && named == "" {
		return usage(text, "names no instance after the backslash", instanceForms)
	}
	host = strings.TrimSpace(host)
	switch strings.ToLower(host) {
	case ".", "(local)":
		host = "localhost"
	case "":
		return usage(text, "names no server", instanceForms)
	}
	if strings.ContainsAny(host+named, "/?#@;\"'<>{}|^`\\ ()") || strings.ContainsFunc(host+named, isControl) || len(host) > 255 || len(named) > 128 {
		return usage(text, "is not the name of a server", instanceForms)
	}
	i.Host, i.Named = host, named
	if i.Port != 0 {
		i.Named = "" // the port says it already
	}
	return nil
}

func usage(instance, what, hint string) error {
	return failure.New(failure.InvalidUsage, instance, fmt.Sprintf("The database instance %.100q %s", instance, what), hint)
}

// connection gives the driver's connection address, without what protection adds.
func (i Instance) connection() string {
	host := i.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if i.Port != 0 {
		host += ":" + strconv.Itoa(i.Port)
	}
	encrypt := i.Options.Encrypt
	if encrypt == "" {
		encrypt = "true"
	}
	values := url.Values{
		"database": {i.Database}, "app name": {"csbackup"}, "encrypt": {encrypt}, "trustservercertificate": {"false"},
		"dial timeout": {"15"}, "disableretry": {"true"}, "packet size": {"32767"},
	}
	address := url.URL{Scheme: "sqlserver", Host: host, Path: i.Named}
	i.loginParameters(&address, values)
	address.RawQuery = values.Encode()
	return address.String()
}
