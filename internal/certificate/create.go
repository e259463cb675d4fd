package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/topology"
)

// AdministratorsUnit is the organizational unit that marks an administrator's certificate.
const AdministratorsUnit = "csbackup administrators"

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 2 * 365 * 24 * time.Hour
	// backdate lets hosts whose clocks are a little behind accept a new certificate.
	backdate = 24 * time.Hour
)

// Created names the files that Create wrote.
type Created struct {
	Certificate, PrivateKey, CA string
	AuthorityCreated            bool // ca.pem and ca.key are new too
}

// Create writes a certificate and its key to dir, and ca.pem and ca.key when both are missing. It is
// for a pool's service, or, with pool nil, for the administrator named client. It fails with
// CertificateExists rather than overwrite a file.
func Create(dir string, pool *topology.Pool, client string) (Created, error) {
	name, leaf, err := template(pool, client)
	if err != nil {
		return Created{}, err
	}
	made := Created{Certificate: filepath.Join(dir, name+".pem"), PrivateKey: filepath.Join(dir, name+".key"), CA: filepath.Join(dir, "ca.pem")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Created{}, notWritten(dir, err)
	}
	for _, path := range []string{made.Certificate, made.PrivateKey} {
		if _, err := os.Lstat(path); err == nil {
			return Created{}, exists(path, nil)
		}
	}
	ca, caKey, created, err := authority(made.CA, filepath.Join(dir, "ca.key"))
	if err != nil {
		return Created{}, err
	}
	made.AuthorityCreated = created
	if leaf.NotAfter.After(ca.NotAfter) {
		leaf.NotAfter = ca.NotAfter
	}
	return made, issue(leaf, ca, caKey, made.Certificate, made.PrivateKey)
}

func template(pool *topology.Pool, client string) (string, *x509.Certificate, error) {
	leaf := &x509.Certificate{
		NotBefore: time.Now().Add(-backdate), NotAfter: time.Now().Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if (pool == nil) == (client == "") {
		return "", nil, failure.New(failure.InvalidUsage, "", "A certificate is for one pool or for one client", "Give either --pool-fqdn or --client.")
	}
	if pool == nil {
		if !plain(client) || strings.EqualFold(client, "ca") {
			return "", nil, failure.New(failure.InvalidUsage, "", fmt.Sprintf("%.100q cannot be a client's name", client),
				"Use at most 64 letters, digits, dots, dashes, underscores and @; ca is taken.")
		}
		leaf.Subject = pkix.Name{CommonName: client, OrganizationalUnit: []string{AdministratorsUnit}}
		leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		return client, leaf, nil
	}
	leaf.Subject = pkix.Name{OrganizationalUnit: []string{"csbackup services"}}
	if len(pool.FQDN) <= 64 { // a longer common name is not allowed; the names below are what counts
		leaf.Subject.CommonName = pool.FQDN
	}
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, n := range append(pool.Names(), "localhost") {
		if ip := net.ParseIP(n); ip == nil && !slices.Contains(leaf.DNSNames, n) {
			leaf.DNSNames = append(leaf.DNSNames, n)
		} else if ip != nil && !slices.ContainsFunc(leaf.IPAddresses, ip.Equal) {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		}
	}
	return pool.FQDN, leaf, nil
}

// plain accepts names that are safe as a file's name on both systems.
func plain(name string) bool {
	if name == "" || len(name) > 64 || strings.Trim(name, ".") != name {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(".-_@", c)
	})
}

// authority loads the authority of a folder, or makes it when both of its files are missing.
func authority(certPath, keyPath string) (*x509.Certificate, *ecdsa.PrivateKey, bool, error) {
	_, certErr := os.Lstat(certPath)
	_, keyErr := os.Lstat(keyPath)
	created := errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist)
	if created {
		ca := &x509.Certificate{
			Subject:   pkix.Name{CommonName: "csbackup lab authority"},
			NotBefore: time.Now().Add(-backdate), NotAfter: time.Now().Add(authorityLife),
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		}
		if err := issue(ca, nil, nil, certPath, keyPath); err != nil {
			return nil, nil, false, err
		}
	}
	pair, err := loadPEM(certPath, keyPath)
	if err != nil {
		return nil, nil, false, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, nil, false, invalid(certPath, "The authority in the folder is not one that csbackup made", errors.New("it is no authority with an ECDSA key"))
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, nil, false, invalid(certPath, "The authority in the folder has expired", fmt.Errorf("it was valid until %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339)))
	}
	return pair.Leaf, key, created, nil
}

// issue signs the certificate with the parent's key, or with its own without a parent, and writes
// both files; after a failure it leaves neither.
func issue(cert, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, certPath, keyPath string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if cert.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return fmt.Errorf("choose a serial number: %w", err)
	}
	if parent == nil {
		parent, parentKey = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, parentKey)
	if err != nil {
		return fmt.Errorf("sign the certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the key: %w", err)
	}
	if err := writeNew(keyPath, "PRIVATE KEY", keyDER, 0o600); err != nil {
		return err
	}
	if err := writeNew(certPath, "CERTIFICATE", der, 0o644); err != nil {
		return errors.Join(err, os.Remove(keyPath))
	}
	return nil
}

func writeNew(path, kind string, der []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return exists(path, err)
	}
	if err != nil {
		return notWritten(path, err)
	}
	err = pem.Encode(file, &pem.Block{Type: kind, Bytes: der})
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(notWritten(path, err), os.Remove(path))
	}
	return nil
}

func exists(path string, cause error) error {
	return failure.Wrap(failure.CertificateExists, path, "The file "+path+" exists and is not overwritten",
		"Choose another folder, or move the old certificate and key away first.", cause)
}

func notWritten(path string, err error) error {
	return failure.Wrap(failure.FileNotWritable, path, "The certificate could not be written", "Choose a folder that this account may write to.", err)
}
