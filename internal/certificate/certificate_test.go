package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"csbackup/internal/failure"
	"csbackup/internal/topology"
)

func pool(name string) *topology.Pool {
	return &topology.Pool{FQDN: name + ".contoso.com", Service: []string{"https://fe-" + name + ".contoso.com:5077"}}
}

func create(t *testing.T, dir string, p *topology.Pool, client string) Files {
	t.Helper()
	made, err := Create(dir, p, client)
	if err != nil {
		t.Fatal(err)
	}
	return Files{Certificate: made.Certificate, PrivateKey: made.PrivateKey, CA: made.CA}
}

func load(t *testing.T, f Files) *Keeper {
	t.Helper()
	k, err := Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// shake makes a handshake over loopback, and gives what the server saw and both sides' errors.
func shake(t *testing.T, server, client *tls.Config) (seen tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			serverErr = err
			return
		}
		defer raw.Close()
		conn := tls.Server(raw, server)
		serverErr = conn.HandshakeContext(ctx)
		seen = conn.ConnectionState()
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	clientErr = tls.Client(raw, client).HandshakeContext(ctx)
	if clientErr != nil {
		raw.Close()
	}
	<-done
	raw.Close()
	return seen, serverErr, clientErr
}

func TestOnlyTheNamedPartnerOfTheSameAuthorityIsAccepted(t *testing.T) {
	dir, foreign := t.TempDir(), t.TempDir()
	one := load(t, create(t, dir, pool("pool1"), ""))
	two := load(t, create(t, dir, pool("pool2"), ""))
	admin := load(t, create(t, dir, nil, "alice"))
	stranger := load(t, create(t, foreign, pool("pool2"), ""))

	seen, serverErr, clientErr := shake(t, one.ServerConfig(), two.ClientConfig([]string{"nobody.contoso.com", "fe-pool1.contoso.com"}))
	if serverErr != nil || clientErr != nil {
		t.Fatal(serverErr, clientErr)
	}
	if names := PeerNames(seen); !slices.Contains(names, "pool2.contoso.com") || seen.Version != tls.VersionTLS13 {
		t.Error(names, seen.Version)
	}
	if name, ok := Administrator(seen, nil, []string{"pool2.contoso.com"}); ok {
		t.Errorf("the service %s counts as an administrator", name)
	}
	for name, c := range map[string]struct {
		server *tls.Config
		client *tls.Config
	}{
		"another pool":          {one.ServerConfig(), two.ClientConfig([]string{"pool3.contoso.com"})},
		"no names":              {one.ServerConfig(), two.ClientConfig(nil)},
		"a client as a server":  {admin.ServerConfig(), two.ClientConfig([]string{"alice"})},
		"foreign authority":     {one.ServerConfig(), stranger.ClientConfig([]string{"pool1.contoso.com"})},
		"foreign server":        {stranger.ServerConfig(), one.ClientConfig([]string{"pool2.contoso.com"})},
		"foreign client":        {one.ServerConfig(), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{stranger.Certificate()}}},
		"no client certificate": {one.ServerConfig(), &tls.Config{InsecureSkipVerify: true}},
		"TLS 1.2":               {one.ServerConfig(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{two.Certificate()}}},
	} {
		if _, serverErr, clientErr := shake(t, c.server, c.client); serverErr == nil && clientErr == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, _, err := shake(t, one.ServerConfig(), two.ClientConfig(nil)); !failure.IsID(err, failure.PeerNotTrusted) {
		t.Errorf("%v", err)
	}
}

func TestAdministratorsAreKnownByUnitGroupOrAccount(t *testing.T) {
	dir := t.TempDir()
	one := load(t, create(t, dir, pool("pool1"), ""))
	alice := load(t, create(t, dir, nil, "alice"))
	seen, serverErr, clientErr := shake(t, one.ServerConfig(), alice.ClientConfig([]string{"127.0.0.1"}))
	if serverErr != nil || clientErr != nil {
		t.Fatal(serverErr, clientErr)
	}
	if name, ok := Administrator(seen, nil, nil); !ok || name != "alice" {
		t.Error(name, ok)
	}
	unit := func(name string) tls.ConnectionState {
		leaf := *seen.PeerCertificates[0]
		leaf.Subject.OrganizationalUnit = []string{name}
		return tls.ConnectionState{PeerCertificates: []*x509.Certificate{&leaf}, VerifiedChains: seen.VerifiedChains}
	}
	both := unit(AdministratorsUnit)
	both.PeerCertificates[0].ExtKeyUsage = append(both.PeerCertificates[0].ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	unverified := unit(AdministratorsUnit)
	unverified.VerifiedChains = nil
	for name, c := range map[string]struct {
		state            tls.ConnectionState
		groups, accounts []string
		want             bool
	}{
		"group":        {unit("CsAdmins"), []string{"csadmins"}, nil, true},
		"account":      {unit("x"), nil, []string{"Alice"}, true},
		"neither":      {unit("x"), []string{"y"}, []string{"bob"}, false},
		"empty entry":  {unit(""), []string{""}, []string{""}, false},
		"server too":   {both, nil, nil, false},
		"not verified": {unverified, nil, nil, false},
		"nothing":      {tls.ConnectionState{}, nil, nil, false},
	} {
		if _, ok := Administrator(c.state, c.groups, c.accounts); ok != c.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestCreateMakesWhatTheContractNamesAndOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, pool("pool1"), "")
	leaf := load(t, files).Certificate().Leaf
	for _, name := range []string{"pool1.contoso.com", "fe-pool1.contoso.com", "localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	for _, key := range []string{files.PrivateKey, filepath.Join(dir, "ca.key")} {
		info, err := os.Stat(key)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Error(key, info, err)
		}
	}
	before, _ := os.ReadFile(files.Certificate)
	if _, err := Create(dir, pool("pool1"), ""); !failure.IsID(err, failure.CertificateExists) {
		t.Error(err)
	}
	if after, _ := os.ReadFile(files.Certificate); !bytes.Equal(before, after) {
		t.Error("overwritten")
	}
	if err := os.Remove(filepath.Join(dir, "ca.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, pool("pool2"), ""); err == nil {
		t.Error("an authority without its key was replaced")
	}
}

func TestHostileClientNamesAreRefused(t *testing.T) {
	for _, name := range []string{"ca", "CA", "../x", `a\b`, "a/b", ".", "..", "a b", "a\x00", "ä"} {
		dir := t.TempDir()
		if _, err := Create(dir, nil, name); !failure.IsID(err, failure.InvalidUsage) {
			t.Errorf("%q: %v", name, err)
		}
		if list, _ := os.ReadDir(dir); len(list) != 0 {
			t.Errorf("%q left %v", name, list)
		}
	}
	if _, err := Create(t.TempDir(), nil, ""); !failure.IsID(err, failure.InvalidUsage) {
		t.Error(err)
	}
}

func TestUnusableFilesAreRefusedClearly(t *testing.T) {
	dir, foreign := t.TempDir(), t.TempDir()
	a, b := create(t, dir, pool("pool1"), ""), create(t, dir, pool("pool2"), "")
	other := create(t, foreign, pool("pool1"), "")
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("\x30\x82\xff\xff junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Files{
		"nothing":       {},
		"missing":       {Certificate: filepath.Join(dir, "none"), PrivateKey: a.PrivateKey, CA: a.CA},
		"mismatched":    {Certificate: a.Certificate, PrivateKey: b.PrivateKey, CA: a.CA},
		"other issuer":  {Certificate: a.Certificate, PrivateKey: a.PrivateKey, CA: other.CA},
		"no authority":  {Certificate: a.Certificate, PrivateKey: a.PrivateKey},
		"leaf as ca":    {Certificate: a.Certificate, PrivateKey: a.PrivateKey, CA: a.Certificate},
		"key as ca":     {Certificate: a.Certificate, PrivateKey: a.PrivateKey, CA: a.PrivateKey},
		"junk":          {Certificate: junk, CA: a.CA},
		"folder":        {Certificate: dir, CA: a.CA},
		"key only":      {Certificate: a.PrivateKey, CA: a.CA},
		"expired":       expired(t, dir),
		"not yet valid": early(t, dir),
	} {
		if _, err := Load(f); !failure.IsID(err, failure.CertificateInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func expired(t *testing.T, dir string) Files {
	return dated(t, dir, "expired", -2*time.Hour, -time.Hour)
}

func early(t *testing.T, dir string) Files { return dated(t, dir, "early", time.Hour, 2*time.Hour) }

func dated(t *testing.T, dir, name string, from, to time.Duration) Files {
	t.Helper()
	f := Files{Certificate: filepath.Join(dir, name+".pem"), PrivateKey: filepath.Join(dir, name+".key"), CA: filepath.Join(dir, "ca.pem")}
	ca, key, _, err := authority(f.CA, filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	_, leaf, err := template(pool("pool1"), "")
	if err != nil {
		t.Fatal(err)
	}
	leaf.NotBefore, leaf.NotAfter = time.Now().Add(from), time.Now().Add(to)
	if err := issue(leaf, ca, key, f.Certificate, f.PrivateKey); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAPFXOpensWithThePasswordFromItsFile(t *testing.T) {
	dir := t.TempDir()
	f := create(t, dir, pool("pool1"), "")
	pair := load(t, f).Certificate()
	ca, _, _, err := authority(f.CA, filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, []*x509.Certificate{ca}, "pass word")
	if err != nil {
		t.Fatal(err)
	}
	g := Files{Certificate: filepath.Join(dir, "p.pfx"), PasswordFile: filepath.Join(dir, "password")}
	for path, text := range map[string][]byte{g.Certificate: pfx, g.PasswordFile: []byte("pass word\r\n")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if k := load(t, g); !k.Certificate().Leaf.Equal(pair.Leaf) {
		t.Error("another certificate came out")
	}
	g.PasswordFile = ""
	if _, err := Load(g); !failure.IsID(err, failure.CertificateInvalid) {
		t.Error(err)
	}
}

func TestRenewedFilesAreTakenUpAndBrokenOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	f := create(t, dir, pool("pool1"), "")
	k := load(t, f)
	old := k.Certificate().Leaf
	// The clock of the next check is set back, so that the test need not wait for it.
	again := func() *x509.Certificate {
		k.mutex.Lock()
		k.checked = time.Now().Add(-2 * checkEvery)
		k.mutex.Unlock()
		return k.Certificate().Leaf
	}
	if err := os.WriteFile(f.Certificate, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := again()
	if trouble, expired := k.Trouble(time.Now()); !inUse.Equal(old) || trouble == nil || expired {
		t.Error("a broken file was taken up or not reported", trouble)
	}
	for _, path := range []string{f.Certificate, f.PrivateKey} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	create(t, dir, pool("pool1"), "")
	inUse = again()
	if trouble, _ := k.Trouble(time.Now()); inUse.Equal(old) || trouble != nil {
		t.Error("the renewed certificate was not taken up", trouble)
	}
}

// The end of a certificate is told before it comes, and what to do.
func TestTheEndOfACertificateIsTold(t *testing.T) {
	k := load(t, create(t, t.TempDir(), pool("pool1"), ""))
	end := k.Certificate().Leaf.NotAfter
	for _, row := range []struct {
		now     time.Time
		says    string
		expired bool
	}{
		{end.Add(-15 * 24 * time.Hour), "", false},
		{end.Add(-13 * 24 * time.Hour), "is valid until " + end.UTC().Format(time.RFC3339) + " only", false},
		{end.Add(time.Second), "has expired: it was valid until " + end.UTC().Format(time.RFC3339), true},
	} {
		trouble, expired := k.Trouble(row.now)
		told := ""
		if trouble != nil {
			told = trouble.Error()
		}
		if expired != row.expired || !strings.Contains(told, row.says) || (told == "") != (row.says == "") {
			t.Errorf("at %s: %q, %v", row.now, told, expired)
		}
	}
}
