package database

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"csbackup/internal/failure"
)

// protection gives the TLS settings of a connection. Without encryption TLS still hides the login, where
// the server can; its certificate is not checked then, as everything else is in the open anyway.
func protection(i Instance) (*tls.Config, error) {
	config := &tls.Config{
		ServerName: i.Host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify:          i.Options.TrustServerCertificate || i.Options.Encrypt == "false",
		DynamicRecordSizingDisabled: true, // the driver wants one packet in one record
	}
	if i.Options.LegacyTLS {
		config.MinVersion = tls.VersionTLS10
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			config.CipherSuites = append(config.CipherSuites, suite.ID)
		}
		allow("tlssha1=1") // TLS 1.2 of that age signs with SHA-1
	}
	if i.Options.ServerCertificate == "" {
		return config, nil
	}
	known, err := readCertificates(i.Options.ServerCertificate)
	if err != nil {
		return nil, failure.Wrap(failure.FileNotReadable, i.Options.ServerCertificate, "The file of the server's certificate cannot be used",
			"Give the server's certificate, or that of its issuer, as PEM or DER.", err)
	}
	config.InsecureSkipVerify = true // checkKnown does it
	config.VerifyConnection = func(state tls.ConnectionState) error { return checkKnown(known, i.Host, state.PeerCertificates) }
	return config, nil
}

// allow adds a setting of the Go libraries that is off by default.
func allow(setting string) {
	settings := os.Getenv("GODEBUG")
	if !strings.Contains(settings, setting) {
		os.Setenv("GODEBUG", strings.TrimPrefix(settings+","+setting, ","))
	}
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(content, []byte("-----BEGIN")) {
		return x509.ParseCertificates(content)
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, errors.New("it holds no certificate")
	}
	return all, nil
}

// checkKnown takes a certificate that equals a known one, whatever its name and dates, or one that a known
// one has issued for the host.
func checkKnown(known []*x509.Certificate, host string, presented []*x509.Certificate) error {
	if len(presented) == 0 {
		return errors.New("x509: the server presented no certificate")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, one := range known {
		if one.Equal(presented[0]) {
			return nil
		}
		roots.AddCert(one)
	}
	for _, one := range presented[1:] {
		between.AddCert(one)
	}
	if _, err := presented[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between}); err != nil {
		return fmt.Errorf("it is not the named one, nor issued by it: %w", err)
	}
	return nil
}
