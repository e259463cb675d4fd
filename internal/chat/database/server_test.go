package database_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"testing"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/tdstest"
)

// selfSigned makes a certificate for 127.0.0.1 and localhost.
func selfSigned(t *testing.T, notAfter time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "SSL_Self_Signed_Fallback"}, NotBefore: notAfter.Add(-48 * time.Hour), NotAfter: notAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func usual(t *testing.T) tdstest.Options {
	return tdstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{selfSigned(t, time.Now().Add(24*time.Hour))}}}
}

var trusting = database.Options{TrustServerCertificate: true}

// login gives the variables of a login of SQL Server's own.
func login(user, password string) func(string) string {
	return func(name string) string {
		return map[string]string{database.UserVariable: user, database.PasswordVariable: password}[name]
	}
}

func connect(t *testing.T, s *tdstest.Server, options database.Options) (database.Database, error) {
	t.Helper()
	instance, err := database.ParseInstance(fmt.Sprintf("%s,%d", s.Host, s.Port), "", login("sa", "secret"), options)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), instance)
	if err == nil {
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return db, err
}

func openServer(t *testing.T, s *tdstest.Server) database.Database {
	t.Helper()
	db, err := connect(t, s, trusting)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestServer(t *testing.T) {
	suite(t, whole, func(t *testing.T) database.Database { return openServer(t, tdstest.Start(t, usual(t))) })
}

func portOf(s *tdstest.Server) string { return strconv.Itoa(s.Port) }
