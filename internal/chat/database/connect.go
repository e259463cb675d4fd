package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
)

const (
	loginTimeout   = 30 * time.Second // for the browser, the connection, TLS and the login together
	browserTimeout = 3 * time.Second
	keepAlive      = 30 * time.Second
)

// Why a named instance cannot be found.
var (
	errBrowserSilent   = errors.New("the SQL Server Browser gave no answer")
	errInstanceUnknown = errors.New("the SQL Server Browser does not know the instance")
)

// connector makes the driver's connections, and adds what the driver lacks: an end to a login that hangs,
// and what the SQL Browser answered when it did not name the instance.
type connector struct {
	inner *mssql.Connector
}

func (c connector) Driver() driver.Driver { return c.inner.Driver() }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	attempt := &attempt{}
	inTime := context.AfterFunc(ctx, attempt.cut)
	connection, err := c.inner.Connect(context.WithValue(ctx, attemptKey{}, attempt))
	if inTime() {
		return connection, attempt.explain(err)
	}
	if err == nil {
		err = connection.Close()
	}
	return nil, errors.Join(ctx.Err(), err)
}

// attempt is one try to connect.
type attempt struct {
	mu       sync.Mutex
	lines    []net.Conn
	over     bool
	asked    bool   // the browser
	answered []byte // by it
}

type attemptKey struct{}

// cut ends whatever waits for the server.
func (a *attempt) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	for _, line := range a.lines {
		line.Close()
	}
}

func (a *attempt) hold(line net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, line)
	if a.over {
		line.Close()
	}
}

// explain says more about an instance that was not found than the driver does.
func (a *attempt) explain(err error) error {
	if err == nil || !a.asked || len(a.lines) > 0 {
		return err
	}
	if len(a.answered) == 0 {
		return errBrowserSilent
	}
	names := instanceNames(a.answered)
	if len(names) == 0 {
		return errInstanceUnknown
	}
	return fmt.Errorf("%w; it knows %s", errInstanceUnknown, few(names))
}

// instanceNames reads the names out of an answer of the browser, which anybody may have sent: at most 50
// of them, and only what can be a name.
func instanceNames(answer []byte) []string {
	var names []string
	fields := strings.Split(string(answer[min(3, len(answer)):]), ";")
	for i := 0; i+1 < len(fields) && len(names) < 50; i++ {
		name := fields[i+1]
		if fields[i] != "InstanceName" || name == "" || len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// dialer opens the lines of an attempt.
type dialer struct{}

func (dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	line, err := (&net.Dialer{KeepAlive: keepAlive}).DialContext(ctx, network, address)
	attempt, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return line, err
	}
	if network == "udp" {
		attempt.asked = true
		if err == nil {
			line = &browserLine{line, attempt}
		}
		return line, err
	}
	if err == nil {
		attempt.hold(line)
	}
	return line, err
}

// browserLine asks the SQL Browser, which answers within milliseconds or never.
type browserLine struct {
	net.Conn
	attempt *attempt
}

func (l *browserLine) SetDeadline(at time.Time) error {
	if soon := time.Now().Add(browserTimeout); at.IsZero() || at.After(soon) {
		at = soon
	}
	return l.Conn.SetDeadline(at)
}

func (l *browserLine) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.attempt.answered = append([]byte(nil), p[:n]...)
	return n, err
}
