//go:build !windows

package database_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/tdstest"
	"csbackup/internal/failure"
)

func TestKerberosThatIsNotReadySaysWhatToDo(t *testing.T) {
	s := tdstest.Start(t, usual(t))
	folder := t.TempDir()
	configuration := filepath.Join(folder, "krb5.conf")
	if err := os.WriteFile(configuration, []byte("[libdefaults]\n default_realm = CONTOSO.TEST\n dns_lookup_kdc = false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, variables := range []map[string]string{
		{"KRB5_CONFIG": filepath.Join(folder, "missing.conf")},
		{"KRB5_CONFIG": configuration, "KRB5CCNAME": "FILE:" + filepath.Join(folder, "missing")},
		{"KRB5_CONFIG": configuration, database.UserVariable: "anna@CONTOSO.TEST", "KRB5_KTNAME": filepath.Join(folder, "missing")},
	} {
		instance, err := database.ParseInstance(s.Host+","+portOf(s), "", func(name string) string { return variables[name] }, trusting)
		if err != nil {
			t.Fatal(err)
		}
		_, err = database.Open(t.Context(), instance)
		wantHint(t, err, failure.DatabaseLoginFailed, "kinit")
	}
	_, err := database.ParseInstance("sql1", "", func(name string) string { return map[string]string{"KRB5CCNAME": "KEYRING:persistent:0"}[name] }, trusting)
	wantHint(t, err, failure.InvalidUsage, "KRB5CCNAME=FILE:")
}

// realm is a Kerberos realm of its own with a real key distribution centre.
type realm struct {
	folder    string
	variables []string
}

// startRealm runs the centre of MIT Kerberos until the end of the test.
func startRealm(t *testing.T) *realm {
	t.Helper()
	programs := map[string]string{}
	for _, name := range []string{"kdb5_util", "kadmin.local", "krb5kdc", "kinit"} {
		path, err := exec.LookPath(name)
		if err != nil {
			if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
				t.Skip("skipped, as " + name + " is missing: install MIT Kerberos (on Debian: krb5-kdc, krb5-admin-server, krb5-user)")
			}
		}
		programs[name] = path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.Addr().(*net.TCPAddr).Port
	taken.Close()
	r := &realm{folder: t.TempDir()}
	write := func(name, text string) {
		if err := os.WriteFile(r.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("krb5.conf", fmt.Sprintf("[libdefaults]\n default_realm = CONTOSO.TEST\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n udp_preference_limit = 1\n"+
		"[realms]\n CONTOSO.TEST = {\n  kdc = 127.0.0.1:%d\n }\n", port))
	write("kdc.conf", fmt.Sprintf("[kdcdefaults]\n kdc_listen = 127.0.0.1:%[1]d\n kdc_tcp_listen = 127.0.0.1:%[1]d\n[realms]\n CONTOSO.TEST = {\n  database_name = %[2]s\n  key_stash_file = %[3]s\n }\n", port, r.path("principal"), r.path("stash")))
	r.variables = append(os.Environ(), "KRB5_CONFIG="+r.path("krb5.conf"), "KRB5_KDC_PROFILE="+r.path("kdc.conf"), "KRB5CCNAME=FILE:"+r.path("ccache"))
	r.run(t, "", programs["kdb5_util"], "create", "-s", "-P", "master", "-r", "CONTOSO.TEST")
	r.run(t, "", programs["kadmin.local"], "-q", "addprinc -pw secret anna")
	r.run(t, "", programs["kadmin.local"], "-q", "ktadd -norandkey -k "+r.path("keytab")+" anna")
	centre := exec.Command(programs["krb5kdc"], "-n")
	centre.Env = r.variables
	if err := centre.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := centre.Process.Kill(); err != nil {
			t.Error(err)
		}
		centre.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		line, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			line.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.run(t, "secret\n", programs["kinit"], "anna")
	return r
}

func (r *realm) path(name string) string { return filepath.Join(r.folder, name) }

func (r *realm) run(t *testing.T, input, program string, arguments ...string) {
	t.Helper()
	command := exec.Command(program, arguments...)
	command.Env, command.Stdin = r.variables, strings.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", program, arguments, err, output)
	}
}

func TestKerberosLogsInByTicketKeytabAndPassword(t *testing.T) {
	r := startRealm(t)
	s := tdstest.Start(t, usual(t))
	r.run(t, "", "/usr/sbin/kadmin.local", "-q", fmt.Sprintf("addprinc -randkey MSSQLSvc/localhost:%d", s.Port))
	for name, variables := range map[string]map[string]string{
		"the ticket of kinit": {"KRB5CCNAME": "FILE:" + r.path("ccache")},
		"a keytab":            {database.UserVariable: "anna@CONTOSO.TEST", "KRB5_KTNAME": "FILE:" + r.path("keytab")},
		"a password":          {database.UserVariable: "anna@CONTOSO.TEST", database.PasswordVariable: "secret"},
	} {
		variables["KRB5_CONFIG"] = r.path("krb5.conf")
		instance, err := database.ParseInstance("localhost,"+portOf(s), "", func(name string) string { return variables[name] }, trusting)
		if err != nil {
			t.Fatal(err)
		}
		before := len(s.Logins())
		db, err := database.Open(t.Context(), instance)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if l := s.Logins()[before]; !l.Kerberos || l.Password != "" || l.User != "" {
			t.Errorf("%s: got %+v", name, l)
		}
	}
	wrong := map[string]string{"KRB5_CONFIG": r.path("krb5.conf"), database.UserVariable: "anna@CONTOSO.TEST", database.PasswordVariable: "wrong"}
	instance, err := database.ParseInstance("localhost,"+portOf(s), "", func(name string) string { return wrong[name] }, trusting)
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.Open(t.Context(), instance)
	wantHint(t, err, failure.DatabaseLoginFailed, database.UserVariable)
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v holds the password", err)
	}
}
