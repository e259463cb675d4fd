package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"csbackup/internal/failure"
)

// maximumFile bounds what is read of any certificate file, in bytes.
const maximumFile = 1 << 20

// Files names what a service or an administrator identifies itself with.
type Files struct {
	Certificate  string // PEM, or PFX with the key inside
	PrivateKey   string // PEM; empty with a PFX, or when Certificate holds the key too
	CA           string // PEM with one or more authorities; may be empty with a PFX that carries them
	PasswordFile string // holds the PFX's password in its first line
}

func (f Files) paths() []string {
	var list []string
	for _, p := range []string{f.Certificate, f.PrivateKey, f.CA, f.PasswordFile} {
		if p != "" {
			list = append(list, p)
		}
	}
	return list
}

// identity is what was read from Files at one time.
type identity struct {
	pair  tls.Certificate
	roots *x509.CertPool
}

func read(f Files) (*identity, error) {
	if f.Certificate == "" {
		return nil, invalid("", "No certificate was named", errors.New("its path is missing"))
	}
	text, err := content(f.Certificate)
	if err != nil {
		return nil, err
	}
	id := &identity{roots: x509.NewCertPool()}
	var carried []*x509.Certificate
	if bytes.Contains(text, []byte("-----BEGIN")) {
		key := f.PrivateKey
		if key == "" {
			key = f.Certificate
		}
		id.pair, err = loadPEM(f.Certificate, key)
	} else {
		id.pair, carried, err = loadPFX(f, text)
	}
	if err != nil {
		return nil, err
	}
	if err := id.authorities(f, carried); err != nil {
		return nil, err
	}
	return id, id.check(f.Certificate)
}

func (id *identity) authorities(f Files, carried []*x509.Certificate) error {
	if f.CA == "" {
		for _, c := range carried {
			id.roots.AddCert(c)
		}
		if len(carried) == 0 {
			return invalid("", "No authority was named", errors.New("its path is missing"))
		}
		return nil
	}
	text, err := content(f.CA)
	if err != nil {
		return err
	}
	found := false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return invalid(f.CA, "The authority's file cannot be read", err)
		}
		if !c.IsCA {
			return invalid(f.CA, "The authority's file holds a certificate that is no authority", fmt.Errorf("its subject is %s", c.Subject))
		}
		id.roots.AddCert(c)
		found = true
	}
	if !found {
		return invalid(f.CA, "The authority's file holds no certificate", errors.New("no PEM block of type CERTIFICATE"))
	}
	return nil
}

// check refuses at once what every peer would refuse later with less to say.
func (id *identity) check(path string) error {
	now, leaf := time.Now(), id.pair.Leaf
	if now.After(leaf.NotAfter) {
		return outlived(path, leaf, nil)
	}
	if now.Before(leaf.NotBefore) {
		return invalid(path, "The certificate is not valid yet", fmt.Errorf("it is valid from %s", leaf.NotBefore.UTC().Format(time.RFC3339)))
	}
	between := x509.NewCertPool()
	for _, der := range id.pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return invalid(path, "The certificate's chain cannot be read", err)
		}
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: id.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return invalid(path, "The certificate was not issued by the named authority", err)
	}
	return nil
}

func loadPEM(certPath, keyPath string) (tls.Certificate, error) {
	cert, err := content(certPath)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := content(keyPath)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, invalid(certPath, "The certificate and the private key in "+keyPath+" cannot be used together", err)
	}
	return pair, nil
}

func loadPFX(f Files, text []byte) (tls.Certificate, []*x509.Certificate, error) {
	password := ""
	if f.PasswordFile != "" {
		line, err := content(f.PasswordFile)
		if err != nil {
			return tls.Certificate{}, nil, err
		}
		password, _, _ = strings.Cut(string(line), "\n")
		password = strings.TrimSuffix(password, "\r")
	}
	key, leaf, chain, err := pkcs12.DecodeChain(text, password)
	if err != nil {
		return tls.Certificate{}, nil, invalid(f.Certificate, "The certificate file is neither PEM nor a PFX that its password opens", err)
	}
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	var authorities []*x509.Certificate
	for _, c := range chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
		if c.IsCA && bytes.Equal(c.RawIssuer, c.RawSubject) {
			authorities = append(authorities, c)
		}
	}
	return pair, authorities, nil
}

func content(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		return nil, invalid(path, "The file cannot be read", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, invalid(path, "The file cannot be read", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maximumFile+1))
	if err == nil && len(text) > maximumFile {
		err = fmt.Errorf("it is larger than %d bytes", maximumFile)
	}
	if err != nil {
		return nil, invalid(path, "The file cannot be read", err)
	}
	return text, nil
}

func invalid(path, message string, cause error) error {
	if path != "" {
		message += " (" + path + ")"
	}
	return failure.Wrap(failure.CertificateInvalid, path, message,
		"Check --certificate, --private-key and --ca, and --password-file for a PFX; for a lab, csbackup certificate create makes all three.", cause)
}

// renew is a failure that a new certificate ends.
func renew(path, message string, cause error) error {
	return failure.Wrap(failure.CertificateInvalid, path, message,
		"Put a new certificate and its key in the place of the old ones; a running service takes them up by itself. In a lab, move the old ones away and run csbackup certificate create.", cause)
}

// outlived is the failure of a certificate that has expired.
func outlived(path string, leaf *x509.Certificate, cause error) error {
	return renew(path, fmt.Sprintf("The certificate %s has expired: it was valid until %s", path, leaf.NotAfter.UTC().Format(time.RFC3339)), cause)
}
