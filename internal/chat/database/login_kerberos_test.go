//go:build !windows

package database_test

import (
	"os"
	"path/filepath"
	"testing"

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
