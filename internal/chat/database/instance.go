package database

import (
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// The variables that carry the login; they never stand in a command line.
const (
	UserVariable         = "CSBACKUP_SQL_USER"
	PasswordVariable     = "CSBACKUP_SQL_PASSWORD"
	PasswordFileVariable = "CSBACKUP_SQL_PASSWORD_FILE"
)

// Options say how a connection to SQL Server is protected.
type Options struct {
	TrustServerCertificate bool   // take any certificate
	Encrypt                string // "true" (also ""), "strict" or "false"
	ServerCertificate      string // path of a .pem or .der file that the server's certificate must equal
	LegacyTLS              bool   // TLS 1.0 and RSA key exchange too
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

	password string
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
	case "", "true", "strict", "false":
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

func (i Instance) withLogin(lookup func(string) string) (Instance, error) {
	i.User, i.password = lookup(UserVariable), lookup(PasswordVariable)
	path := lookup(PasswordFileVariable)
	if i.User == "" {
		if i.password != "" || path != "" {
			return Instance{}, failure.New(failure.InvalidUsage, i.Name, "A password for SQL Server is given, but no user",
				"Set "+UserVariable+" too, or neither to log in as yourself.")
		}
		return i, nil
	}
	if i.password == "" && path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return Instance{}, failure.Wrap(failure.FileNotReadable, path, "The file of the SQL Server password cannot be read",
				"Correct "+PasswordFileVariable+".", err)
		}
		i.password = strings.TrimRight(string(content), "\r\n")
	}
	return i, nil
}

// connection gives the driver's connection address.
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
		"database": {i.Database}, "app name": {"csbackup"}, "encrypt": {encrypt},
		"trustservercertificate": {strconv.FormatBool(i.Options.TrustServerCertificate)},
		"dial timeout":           {"15"}, "connection timeout": {"0"}, "keepalive": {"30"}, "disableretry": {"true"},
		"packet size": {"32767"}, "tlsmin": {"1.2"},
	}
	if i.Options.LegacyTLS {
		values.Set("tlsmin", "1.0")
	}
	if i.Options.ServerCertificate != "" {
		values.Set("servercertificate", i.Options.ServerCertificate)
	}
	address := url.URL{Scheme: "sqlserver", Host: host, Path: i.Named}
	if i.User != "" {
		address.User = url.UserPassword(i.User, i.password)
		if strings.Contains(i.User, `\`) && runtime.GOOS == "windows" {
			values.Set("authenticator", "ntlm")
		}
	} else if runtime.GOOS != "windows" {
		values.Set("authenticator", "krb5")
	}
	address.RawQuery = values.Encode()
	return address.String()
}
