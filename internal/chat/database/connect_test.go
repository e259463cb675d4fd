package database_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/database/tdstest"
	"csbackup/internal/failure"
)

// open opens an instance with the login "sa".
func open(t *testing.T, name string, options database.Options) error {
	t.Helper()
	instance, err := database.ParseInstance(name, "", login("sa", "secret"), options)
	if err != nil {
		return err
	}
	db, err := database.Open(t.Context(), instance)
	if err != nil {
		return err
	}
	return db.Close()
}

// wantHint checks an error's id and that its hint holds a word.
func wantHint(t *testing.T, err error, id failure.ID, word string) {
	t.Helper()
	wantID(t, err, id)
	if f := failure.Of(err); !strings.Contains(f.Hint, word) {
		t.Errorf("the hint of %v lacks %q: %s", err, word, f.Hint)
	}
}

func TestTheServerSeesWhoLogsIn(t *testing.T) {
	options := usual(t)
	options.User, options.Password = "sa", "secret"
	s := tdstest.Start(t, options)
	openServer(t, s)
	for _, l := range s.Logins() {
		if l.User != "sa" || l.Password != "secret" || l.Application != "csbackup" || l.Database != "mgc" || !l.Encrypted {
			t.Errorf("got %+v", l)
		}
	}
	instance, err := database.ParseInstance(fmt.Sprintf("%s,%d", s.Host, s.Port), "", login("sa", "wrong"), trusting)
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.Open(t.Context(), instance)
	wantHint(t, err, failure.DatabaseLoginFailed, database.PasswordVariable)
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v holds the password", err)
	}
}

func TestADomainUserLogsInByNTLM(t *testing.T) {
	s := tdstest.Start(t, usual(t))
	instance, err := database.ParseInstance(fmt.Sprintf("%s,%d", s.Host, s.Port), "", login(`CONTOSO\anna`, "secret"), trusting)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if l := s.Logins()[0]; !l.NTLM || l.User != `CONTOSO\anna` || l.Password != "" {
		t.Errorf("got %+v", l)
	}
}

func TestServersThatCannotBeReached(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	wantHint(t, open(t, fmt.Sprintf("127.0.0.1,%d", port), database.Options{}), failure.DatabaseUnreachable, "TCP/IP")
	wantHint(t, open(t, "no-such-server.invalid", database.Options{}), failure.DatabaseUnknownHost, "DNS")

	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	wantHint(t, open(t, fmt.Sprintf("127.0.0.1,%d", silent.Addr().(*net.TCPAddr).Port), database.Options{Silence: 200 * time.Millisecond}), failure.DatabaseTimeout, "firewall")
}

// loopback is an address that no other test uses, for the one port that a browser can have.
func loopback(t *testing.T) (host string, browser net.PacketConn) {
	t.Helper()
	pid := os.Getpid()
	host = fmt.Sprintf("127.%d.%d.%d", 1+pid>>14&0x7F, pid>>7&0x7F, 1+pid&0x7F)
	browser, err := net.ListenPacket("udp", host+":1434")
	if err != nil {
		t.Skipf("skipped, as this system has no further loopback addresses: %v", err)
	}
	t.Cleanup(func() { browser.Close() })
	return host, browser
}

func TestANamedInstanceIsFoundThroughTheBrowser(t *testing.T) {
	host, browser := loopback(t)
	options := usual(t)
	options.Host = host
	s := tdstest.Start(t, options)
	wantHint(t, open(t, host+`\LYNC`, trusting), failure.DatabaseNoBrowser, "UDP 1434")

	go func() {
		question := make([]byte, 100)
		for {
			n, from, err := browser.ReadFrom(question)
			if err != nil {
				return
			}
			text := "ServerName;SQL1;InstanceName;RTC;IsClustered;No;Version;15.0;tcp;1;;" +
				fmt.Sprintf("ServerName;SQL1;InstanceName;LYNC;IsClustered;No;Version;15.0;tcp;%d;;", s.Port)
			if n == 1 && question[0] == 3 {
				browser.WriteTo(append([]byte{5, byte(len(text)), byte(len(text) >> 8)}, text...), from)
			}
		}
	}()
	if err := open(t, host+`\lync`, trusting); err != nil {
		t.Errorf("got %v", err)
	}
	err := open(t, host+`\LINC`, trusting)
	wantHint(t, err, failure.DatabaseUnknownName, "after the backslash")
	if !strings.Contains(err.Error(), "LYNC, RTC") {
		t.Errorf("%v does not name those that there are", err)
	}
}

// issued makes a certificate for a name by an authority.
func issued(t *testing.T, authority tls.Certificate, name string, key any, public any) tls.Certificate {
	t.Helper()
	parent, err := x509.ParseCertificate(authority.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func issuedForName(t *testing.T, authority tls.Certificate, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issued(t, authority, name, key, &key.PublicKey)
}

// write puts a certificate into a file, as PEM or DER.
func write(t *testing.T, certificate tls.Certificate, asPEM bool) string {
	t.Helper()
	content, name := certificate.Certificate[0], "server.cer"
	if asPEM {
		content, name = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}), "server.pem"
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCertificatesAreChecked(t *testing.T) {
	authority, stranger := selfSigned(t, time.Now().Add(time.Hour)), selfSigned(t, time.Now().Add(time.Hour))
	old := selfSigned(t, time.Now().Add(-time.Hour))
	mine, elsewhere := issuedForName(t, authority, "127.0.0.1"), issuedForName(t, authority, "10.1.2.3")
	issuer := database.Options{ServerCertificate: write(t, authority, true)}
	for name, c := range map[string]struct {
		server  tls.Certificate
		options database.Options
		id      failure.ID // "" for a connection
		word    string
	}{
		"a known issuer":                    {mine, issuer, "", ""},
		"an unknown issuer":                 {mine, database.Options{}, failure.DatabaseUntrusted, "Install its issuer"},
		"a name that is another one":        {elsewhere, issuer, failure.DatabaseUntrusted, "as its certificate does"},
		"trust without a check":             {elsewhere, trusting, "", ""},
		"the very certificate, as PEM":      {elsewhere, database.Options{ServerCertificate: write(t, elsewhere, true)}, "", ""},
		"the very certificate, as DER":      {stranger, database.Options{ServerCertificate: write(t, stranger, false)}, "", ""},
		"the very certificate, expired":     {old, database.Options{ServerCertificate: write(t, old, false)}, "", ""},
		"a certificate that is another one": {stranger, issuer, failure.DatabaseUntrusted, "--server-certificate"},
		"no encryption of what comes after": {stranger, database.Options{Encrypt: "false"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				options := c.options
				if strict && (options.TrustServerCertificate || options.Encrypt == "false") {
					continue
				}
				if strict {
					options.Encrypt = "strict"
				}
				s := tdstest.Start(t, tdstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{c.server}}, Strict: strict})
				_, err := connect(t, s, options)
				switch {
				case c.id != "":
					wantHint(t, err, c.id, c.word)
				case err != nil:
					t.Errorf("strict %t: %v", strict, err)
				case !s.Logins()[0].Encrypted:
					t.Error("the login was not encrypted")
				}
			}
		})
	}
	wantID(t, open(t, "server", database.Options{ServerCertificate: filepath.Join(t.TempDir(), "missing.pem")}), failure.FileNotReadable)
	text := filepath.Join(t.TempDir(), "text.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantID(t, open(t, "server", database.Options{ServerCertificate: text}), failure.FileNotReadable)
}

func TestACertificateThatHasExpiredIsSaidSo(t *testing.T) {
	s := tdstest.Start(t, tdstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{selfSigned(t, time.Now().Add(-time.Hour))}}})
	_, err := connect(t, s, database.Options{})
	wantHint(t, err, failure.DatabaseUntrusted, "clock")
}

func TestEncryptionThatTheServerLacks(t *testing.T) {
	plain := tdstest.Start(t, tdstest.Options{})
	_, err := connect(t, plain, trusting)
	wantHint(t, err, failure.DatabaseOldTLS, "--encrypt false")
	if _, err := connect(t, plain, database.Options{Encrypt: "false"}); err != nil || plain.Logins()[0].Encrypted {
		t.Errorf("got %v, %+v", err, plain.Logins())
	}
	options := usual(t)
	options.LoginOnly = true
	halfway := tdstest.Start(t, options)
	if _, err := connect(t, halfway, database.Options{Encrypt: "false"}); err != nil || !halfway.Logins()[0].Encrypted {
		t.Errorf("got %v, %+v", err, halfway.Logins())
	}
	_, err = connect(t, tdstest.Start(t, usual(t)), database.Options{Encrypt: "strict"})
	var f *failure.Error
	if !errors.As(err, &f) || f.Hint == "" {
		t.Errorf("got %v", err)
	}
}

// legacy is a server of the time of TLS 1.0, with RSA key exchange.
func legacy(t *testing.T, version uint16) *tdstest.Server {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate := issued(t, selfSigned(t, time.Now().Add(time.Hour)), "127.0.0.1", key, &key.PublicKey)
	return tdstest.Start(t, tdstest.Options{TLS: &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: version, MaxVersion: version,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	}})
}

func TestOldTLSIsSpokenOnlyWhereItIsAskedFor(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
		s := legacy(t, version)
		_, err := connect(t, s, trusting)
		wantHint(t, err, failure.DatabaseOldTLS, "--legacy-tls")
		options := trusting
		options.LegacyTLS = true
		db, err := connect(t, s, options)
		if err != nil {
			t.Fatalf("version %#x: %v", version, err)
		}
		create(t, db)
		databasetest.Sample(t, db)
		if got := s.Logins()[0].TLS; got != version {
			t.Errorf("version %#x, want %#x", got, version)
		}
	}
}

// TestACertificateWithANegativeNumber is about what SQL Server makes for itself, which Go refuses to read
// by default.
func TestACertificateWithANegativeNumber(t *testing.T) {
	certificate := selfSigned(t, time.Now().Add(time.Hour))
	der := append([]byte(nil), certificate.Certificate[0]...)
	place := strings.Index(string(der), "\x02\x01\x01\x30") // the serial number 1, then a sequence
	if place < 0 {
		t.Fatal("no serial number was found")
	}
	der[place+2] = 0x81
	certificate.Certificate = [][]byte{der}
	s := tdstest.Start(t, tdstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	if _, err := connect(t, s, trusting); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOptionsSayWhatTheyTakeAway(t *testing.T) {
	for word, options := range map[string]database.Options{"TLS 1.0": {LegacyTLS: true}, "unencrypted": {Encrypt: "false"}, "not checked who answers": trusting} {
		if warnings := options.Warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], word) {
			t.Errorf("got %q", warnings)
		}
	}
	if warnings := (database.Options{Encrypt: "strict", ServerCertificate: "x"}).Warnings(); len(warnings) != 0 {
		t.Errorf("got %q", warnings)
	}
}
