package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/failure"
)

// advice is a kind of failure with its sentence, which the name of the database ends, and its hint.
type advice struct {
	id       failure.ID
	sentence string
	hint     string
}

var (
	loginFailed  = advice{failure.DatabaseLoginFailed, "SQL Server refused the login to", "Check " + UserVariable + " and " + PasswordVariable + ", or unset both to log in as yourself."}
	notFound     = advice{failure.DatabaseNotFound, "There is no such database, or this login may not open it:", "Check --db-name, and that the login has a user in the database."}
	accessDenied = advice{failure.DatabaseAccessDenied, "The login lacks rights in", "Grant it SELECT on the tables to export, INSERT and UPDATE to import, or db_owner to create a database."}
	recovering   = advice{failure.DatabaseUnreachable, "The database is starting, offline or being restored:", "Wait until SQL Server shows it online, then run the command again."}
	deadlocked   = advice{failure.DatabaseBusy, "Another user of the database won a deadlock in", "Nothing was changed; run the command again."}
	locked       = advice{failure.DatabaseBusy, "Other users held their locks for too long in", "Nothing was changed; run the command again when the database is less busy."}
	full         = advice{failure.DatabaseFull, "There is no room left for", "Free space for the data and the log (on SQL Server: back up the log or let it grow), then run the command again."}
	noSnapshot   = advice{failure.DatabaseFailed, "Snapshot isolation was switched off while it was used in", "Run the command again; without snapshot isolation it reads table by table."}
	clash        = advice{failure.DatabaseValueUnfit, "A row contradicts a key or a reference of", "Nothing was changed; look at the row that the message names."}
	untrusted    = advice{failure.DatabaseUntrusted, "The certificate of the server is not trusted:", "Install its issuer, give --server-certificate FILE, or --trust-server-certificate where the network itself is trusted."}
	oldTLS       = advice{failure.DatabaseUntrusted, "No protected connection could be agreed with", "If the server speaks only TLS 1.0, 1.1 or RSA key exchange, add --legacy-tls; better, update its protocols."}
	unknownHost  = advice{failure.DatabaseUnreachable, "The name of the server is not known:", "Check the spelling of --db-instance, and the DNS of this computer."}
	refused      = advice{failure.DatabaseUnreachable, "Nothing answers at the port of", "Check that SQL Server runs, that TCP/IP is switched on in it, and the port: server,port."}
	browser      = advice{failure.DatabaseUnreachable, "The SQL Server Browser does not tell the port of", "Check the name of the instance, start the SQL Server Browser (UDP 1434), or give the port: server,port."}
	timeout      = advice{failure.DatabaseUnreachable, "The server did not answer in time:", "Check the name, the firewall and that the server is not overloaded, then run the command again."}
	broken       = advice{failure.DatabaseUnreachable, "The connection broke to", "What was not committed is undone; check the network and the server, then run the command again."}
	damaged      = advice{failure.DatabaseFailed, "The file is damaged:", "Restore it from a copy; the sqlite3 program's PRAGMA integrity_check names the damage."}
	notSQLite    = advice{failure.DatabaseNotChat, "The file is no SQLite database:", "Give the file that csbackup chat create-database made."}
	noFile       = advice{failure.DatabaseNotFound, "The file of the database cannot be opened:", "Check the path; csbackup chat create-database makes a new one."}
	readOnly     = advice{failure.DatabaseAccessDenied, "The file cannot be written:", "Check the rights on the file and on its folder, in which SQLite keeps files beside it."}
	other        = advice{failure.DatabaseFailed, "The database reported an error:", "Read what it says; nothing was changed."}
)

// numbers gives the advice for SQL Server's error numbers.
var numbers = map[int32]advice{
	18456: loginFailed, 18452: loginFailed, 18470: loginFailed, 18486: loginFailed, 18487: loginFailed, 18488: loginFailed,
	4060: notFound, 911: notFound, 916: accessDenied, 229: accessDenied, 230: accessDenied, 262: accessDenied, 297: accessDenied, 300: accessDenied, 4834: accessDenied,
	922: recovering, 927: recovering, 942: recovering, 945: recovering, 6005: recovering, 17142: recovering, 40613: recovering,
	1205: deadlocked, 1222: locked, 9002: full, 1105: full, 1101: full, 3952: noSnapshot,
	547: clash, 515: clash, 2601: clash, 2627: clash, 2628: clash, 8152: clash,
}

// explain turns an error of either engine into a failure; a cancellation and what is a failure already
// stay as they are.
func explain(instance Instance, err error) error {
	var known *failure.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	a := advise(err)
	return failure.Wrap(a.id, instance.String(), a.sentence+" "+instance.String(), a.hint, err)
}

// advise is pure: it looks at nothing but the error.
func advise(err error) advice {
	var server mssql.Error
	if errors.As(err, &server) {
		return adviseServer(server)
	}
	var code sqlite3.ErrorCode
	if errors.As(err, &code) {
		return adviseSQLite(code)
	}
	return adviseNetwork(err)
}

// adviseServer takes the first error that has a known number: the last one often only says that the
// statement was ended.
func adviseServer(err mssql.Error) advice {
	for _, e := range err.All {
		if a, ok := numbers[e.Number]; ok {
			return a
		}
	}
	if a, ok := numbers[err.Number]; ok {
		return a
	}
	return other
}

func adviseSQLite(code sqlite3.ErrorCode) advice {
	switch code {
	case sqlite3.BUSY, sqlite3.LOCKED, sqlite3.PROTOCOL:
		return locked
	case sqlite3.FULL:
		return full
	case sqlite3.CONSTRAINT, sqlite3.MISMATCH, sqlite3.TOOBIG:
		return clash
	case sqlite3.CORRUPT:
		return damaged
	case sqlite3.NOTADB:
		return notSQLite
	case sqlite3.CANTOPEN:
		return noFile
	case sqlite3.READONLY, sqlite3.PERM, sqlite3.AUTH:
		return readOnly
	}
	return other
}

func adviseNetwork(err error) advice {
	var name *net.DNSError
	var unknownIssuer x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var timed net.Error
	text := err.Error()
	switch {
	case strings.Contains(text, "instance matching") || strings.Contains(text, "SQL Server Browser") || strings.Contains(text, "unable to get instances"):
		return browser
	case errors.As(err, &name):
		return unknownHost
	case errors.As(err, &unknownIssuer), errors.As(err, &wrongHost), errors.As(err, &invalid), errors.As(err, &verification),
		strings.Contains(text, "x509:"), strings.Contains(text, "certificate"):
		return untrusted
	case errors.As(err, &alert), errors.As(err, &record), strings.Contains(text, "tls:"), strings.Contains(text, "TLS Handshake"):
		return oldTLS
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "actively refused"):
		return refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return timeout
	case strings.Contains(text, "Login error"), strings.Contains(text, "Login failed"):
		return loginFailed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.As(err, &timed):
		return broken
	}
	return other
}
