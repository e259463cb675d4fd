//go:build !windows

package database

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/microsoft/go-mssqldb/integratedauth"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// The driver's own Kerberos cuts the last letter off a server's name that stands in the file of hosts, so it
// is not used.
func init() {
	provider := integratedauth.ProviderFunc(func(c msdsn.Config) (integratedauth.IntegratedAuthenticator, error) {
		return &ticket{login: c}, nil
	})
	if err := integratedauth.SetIntegratedAuthenticationProvider(kerberosProvider, provider); err != nil {
		panic(err) // only for a provider without a name
	}
}

// ticket proves a login by Kerberos.
type ticket struct {
	login  msdsn.Config
	client *client.Client
}

// InitialBytes gets a ticket for the server.
func (t *ticket) InitialBytes() ([]byte, error) {
	token, err := t.initial()
	if err != nil {
		return nil, fmt.Errorf("kerberos: %w", err)
	}
	return token, nil
}

func (t *ticket) initial() ([]byte, error) {
	settings, err := config.Load(t.login.Parameters[kerberosConfiguration])
	if err != nil {
		return nil, err
	}
	if t.client, err = t.newClient(settings); err != nil {
		return nil, err
	}
	if err := t.client.Login(); err != nil {
		return nil, err
	}
	negotiation := spnego.SPNEGOClient(t.client, canonical(t.login.ServerSPN))
	token, err := negotiation.InitSecContext()
	if err != nil {
		return nil, err
	}
	return token.Marshal()
}

// newClient takes the password, else the keytab where a user is named, else the ticket of kinit.
func (t *ticket) newClient(settings *config.Config) (*client.Client, error) {
	user, realm, ok := strings.Cut(t.login.User, "@")
	if !ok {
		realm = settings.LibDefaults.DefaultRealm
	}
	switch {
	case user == "":
		path := t.login.Parameters[kerberosCache]
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		cache, err := credentials.LoadCCache(path)
		if err != nil {
			return nil, err
		}
		return client.NewFromCCache(cache, settings, client.DisablePAFXFAST(true))
	case t.login.Password != "":
		return client.NewWithPassword(user, realm, t.login.Password, settings, client.DisablePAFXFAST(true)), nil
	}
	keys, err := keytab.Load(t.login.Parameters[kerberosKeytab])
	if err != nil {
		return nil, err
	}
	return client.NewWithKeytab(user, realm, keys, settings, client.DisablePAFXFAST(true)), nil
}

// NextBytes takes the server's answer, after which there is nothing more to say.
func (t *ticket) NextBytes(answer []byte) ([]byte, error) {
	var token spnego.SPNEGOToken
	if err := token.Unmarshal(answer); err != nil {
		return nil, fmt.Errorf("kerberos: %w", err)
	}
	if ok, status := token.Verify(); !ok && status.Code != gssapi.StatusContinueNeeded {
		return nil, errors.New("kerberos: the server does not accept the ticket: " + status.Message)
	}
	return nil, nil
}

// Free forgets the keys.
func (t *ticket) Free() {
	if t.client != nil {
		t.client.Destroy()
	}
}

// canonical puts a server's full name into the name of its service, under which directories know it.
func canonical(service string) string {
	kind, place, _ := strings.Cut(service, "/")
	host, port, err := net.SplitHostPort(place)
	if err != nil {
		return service
	}
	name, err := net.LookupCNAME(strings.ToLower(host))
	if err != nil {
		return service
	}
	return kind + "/" + net.JoinHostPort(strings.TrimSuffix(name, "."), port)
}
