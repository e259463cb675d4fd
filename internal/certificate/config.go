package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"csbackup/internal/failure"
)

// ServerConfig gives a listener's configuration: TLS 1.3, and a certificate of the authority from
// every caller.
func (k *Keeper) ServerConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			id := k.identity()
			return &tls.Config{
				MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{id.pair}, NextProtos: []string{"h2", "http/1.1"},
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: id.roots,
				// A resumed session would keep an authority that was replaced since.
				SessionTicketsDisabled: true,
			}, nil
		},
		// What a listener checks before the first caller; the function above decides.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair := k.Certificate()
			return &pair, nil
		},
		ClientAuth: tls.RequireAndVerifyClientCert,
		NextProtos: []string{"h2", "http/1.1"},
	}
}

// ClientConfig gives a caller's configuration: TLS 1.3, and a server with a certificate of the
// authority that names one of serverNames. Without names every server is refused, with PeerNotTrusted.
func (k *Keeper) ClientConfig(serverNames []string) *tls.Config {
	names := slices.Clone(serverNames)
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair := k.Certificate()
			return &pair, nil
		},
		// The library checks one name only. VerifyConnection below checks the whole chain, the use
		// and any of several names instead, and runs for every connection.
		InsecureSkipVerify: true,
		VerifyConnection:   func(cs tls.ConnectionState) error { return k.verifyServer(cs, names) },
	}
}

func (k *Keeper) verifyServer(cs tls.ConnectionState, names []string) error {
	if len(cs.PeerCertificates) == 0 {
		return notTrusted(errors.New("it shows no certificate"))
	}
	between := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		between.AddCert(c)
	}
	leaf := cs.PeerCertificates[0]
	_, err := leaf.Verify(x509.VerifyOptions{Roots: k.identity().roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return notTrusted(err)
	}
	for _, name := range names {
		if leaf.VerifyHostname(name) == nil {
			return nil
		}
	}
	return notTrusted(fmt.Errorf("it names %.300q, and expected is one of %q", leaf.DNSNames, names))
}

func notTrusted(cause error) error {
	return failure.Wrap(failure.PeerNotTrusted, "", "The other side's certificate is not trusted",
		"Compare the certificate with the pool's names in the topology, and --ca on both sides.", cause)
}

// PeerNames lists, in lower case, the DNS names of the peer's certificate.
func PeerNames(cs tls.ConnectionState) []string {
	var names []string
	if len(cs.PeerCertificates) > 0 {
		for _, n := range cs.PeerCertificates[0].DNSNames {
			names = append(names, strings.ToLower(n))
		}
	}
	return names
}

// Administrator tells whether the peer, whose certificate the handshake has verified, may administer:
// its certificate is for clients and not for servers, and its unit is "csbackup administrators" or
// one of groups, or its common name is one of accounts. The name is the common name.
func Administrator(cs tls.ConnectionState, groups, accounts []string) (name string, ok bool) {
	if len(cs.PeerCertificates) == 0 || len(cs.VerifiedChains) == 0 {
		return "", false
	}
	leaf := cs.PeerCertificates[0]
	name = leaf.Subject.CommonName
	for _, use := range leaf.ExtKeyUsage {
		if use == x509.ExtKeyUsageServerAuth || use == x509.ExtKeyUsageAny {
			return name, false
		}
	}
	if name == "" || !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return name, false
	}
	for _, unit := range leaf.Subject.OrganizationalUnit {
		if unit == AdministratorsUnit || contains(groups, unit) {
			return name, true
		}
	}
	return name, contains(accounts, name)
}

func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s != "" && strings.EqualFold(s, name) })
}
