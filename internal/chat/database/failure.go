package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
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
	noTicket     = advice{failure.DatabaseLoginFailed, "Kerberos could not log in to", "Run kinit, or set " + UserVariable + " to user@REALM with a password or with KRB5_KTNAME; check KRB5_CONFIG and KRB5CCNAME."}
	notFound     = advice{failure.DatabaseNotFound, "There is no such database, or this login may not open it:", "Check --db-name, and that the login has a user in the database."}
	accessDenied = advice{failure.DatabaseAccessDenied, "The login lacks rights in", "Grant it SELECT on the tables to export, INSERT and UPDATE to import, DELETE to replace what is there, or db_owner to create a database."}
	recovering   = advice{failure.DatabaseNotReady, "The database is starting, offline or being restored:", "Wait until SQL Server shows it online, then run the command again."}
	deadlocked   = advice{failure.DatabaseDeadlock, "Another user of the database won a deadlock in", "Nothing was changed; run the command again."}
	locked       = advice{failure.DatabaseBusy, "Other users held their locks for too long in", "Nothing was changed; run the command again when the database is less busy."}
	full         = advice{failure.DatabaseFull, "There is no room left for", "Free space for the data and the log (on SQL Server: back up the log or let it grow), then run the command again."}
	noSnapshot   = advice{failure.DatabaseNoSnapshot, "Snapshot isolation is not allowed, or was switched off meanwhile, in", "Run the command again; without snapshot isolation it reads table by table, or allow it: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON."}
	clash        = advice{failure.DatabaseValueUnfit, "A row contradicts a key or a reference of", "Nothing was changed; look at the row that the message names."}
	tooLong      = advice{failure.DatabaseValueUnfit, fmt.Sprintf("A value is longer than the %d MiB that can be read from", longestValue>>20), "Look with the sqlite3 program for the row that holds it, and shorten it."}
	unknownHost  = advice{failure.DatabaseUnknownHost, "The name of the server is not known:", "Check the spelling of --db-instance, and the DNS of this computer."}
	refused      = advice{failure.DatabaseUnreachable, "Nothing answers at the port of", "Check that SQL Server runs, that TCP/IP is switched on in it, and the port: server,port."}
	noBrowser    = advice{failure.DatabaseNoBrowser, "The SQL Server Browser does not tell the port of", "Start the SQL Server Browser, let UDP 1434 through the firewall, or give the port: server,port."}
	unknownName  = advice{failure.DatabaseUnknownName, "The server has no instance of that name:", "Correct the name after the backslash, or give the port: server,port."}
	timeout      = advice{failure.DatabaseTimeout, "The server did not answer in time:", "Check the name, the firewall and that the server is not overloaded, then run the command again."}
	broken       = advice{failure.DatabaseBroken, "The connection broke to", "What was not committed is undone; check the network and the server, then run the command again."}
	damaged      = advice{failure.DatabaseDamaged, "The file is damaged:", "Restore it from a copy; the sqlite3 program's PRAGMA integrity_check names the damage."}
	notSQLite    = advice{failure.DatabaseNotChat, "The file is no SQLite database:", "Give the file that csbackup chat create-database made."}
	noFile       = advice{failure.DatabaseNotFound, "There is no file of that name:", "Check the path; csbackup chat create-database makes a new one."}
	notTaken     = advice{failure.DatabaseFailed, "The disk did not take or give what it should of", "See whether it has room, and whether it is sound; nothing was changed."}
	readOnly     = advice{failure.DatabaseAccessDenied, "The file cannot be used with the rights that there are:", "Check the rights on the file and on its folder, in which SQLite keeps files beside it, and whether its volume can be written."}
	other        = advice{failure.DatabaseFailed, "The database reported an error:", "Read what it says; nothing was changed."}
)

// What can be wrong with the protection of a connection.
var (
	untrusted   = advice{failure.DatabaseUntrusted, "Nobody known here has issued the certificate of", "Install its issuer on this computer, give --server-certificate FILE, or --trust-server-certificate where the network itself is trusted."}
	expired     = advice{failure.DatabaseUntrusted, "The certificate is not valid today, at", "Check the clock of this computer; renew the certificate of the server, or give it as --server-certificate FILE."}
	otherName   = advice{failure.DatabaseUntrusted, "The certificate is for another name than", "Write the server in --db-instance as its certificate does, or give it as --server-certificate FILE."}
	notTheSame  = advice{failure.DatabaseUntrusted, "The certificate is not the expected one, at", "Check that --server-certificate holds the certificate that the server uses now, and that nobody sits in between."}
	oldTLS      = advice{failure.DatabaseOldTLS, "No protected connection could be agreed with", "If the server speaks only TLS 1.0, 1.1 or RSA key exchange, add --legacy-tls; better, update its protocols."}
	unprotected = advice{failure.DatabaseOldTLS, "There is no encryption at", "Switch encryption on in the server, or give --encrypt false where the network itself is trusted."}
)

// numbers gives the advice for SQL Server's error numbers.
var numbers = map[int32]advice{
	18456: loginFailed, 18452: loginFailed, 18470: loginFailed, 18486: loginFailed, 18487: loginFailed, 18488: loginFailed,
	4060: notFound, 911: notFound, 916: accessDenied, 229: accessDenied, 230: accessDenied, 262: accessDenied, 297: accessDenied, 300: accessDenied, 4834: accessDenied,
	922: recovering, 927: recovering, 942: recovering, 945: recovering, 6005: recovering, 17142: recovering, 40613: recovering,
	1205: deadlocked, 1222: locked, 9002: full, 1105: full, 1101: full, 3952: noSnapshot, 3960: noSnapshot,
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
	case sqlite3.CONSTRAINT, sqlite3.MISMATCH:
		return clash
	case sqlite3.TOOBIG:
		return tooLong
	case sqlite3.CORRUPT:
		return damaged
	case sqlite3.NOTADB:
		return notSQLite
	case sqlite3.IOERR: // also of a full disk: what the system said is lost by then
		return notTaken
	case sqlite3.CANTOPEN:
		return noFile
	case sqlite3.READONLY, sqlite3.PERM, sqlite3.AUTH:
		return readOnly
	}
	return other
}

// adviseNetwork partly reads texts, because the driver wraps some errors as text only.
func adviseNetwork(err error) advice {
	var name *net.DNSError
	var timed net.Error
	text := err.Error()
	switch {
	case errors.Is(err, errBrowserSilent):
		return noBrowser
	case errors.Is(err, errInstanceUnknown):
		return unknownName
	case errors.As(err, &name):
		return unknownHost
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return timeout
	case isAny(text, "krb5", "KRB", "kerberos", "Kerberos"):
		return noTicket
	case strings.Contains(text, "server does not support encryption"):
		return unprotected
	case isAny(text, "x509:", "certificate", "tls:", "TLS Handshake"):
		return adviseProtection(text)
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "actively refused"):
		return refused
	case isAny(text, "Login error", "Login failed"):
		return loginFailed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.As(err, &timed), isAny(text, "EOF", "broken pipe", "connection reset", "forcibly closed"):
		return broken
	}
	return other
}

// adviseProtection tells what is wrong with a certificate, or that TLS itself could not be agreed.
func adviseProtection(text string) advice {
	switch {
	case isAny(text, "expired", "not yet valid"):
		return expired
	case isAny(text, "certificate is valid for", "certificate is not valid for", "doesn't contain any", "legacy Common Name"):
		return otherName
	case isAny(text, "it is not the named one"):
		return notTheSame
	case isAny(text, "x509:", "certificate"):
		return untrusted
	}
	return oldTLS
}

func isAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
