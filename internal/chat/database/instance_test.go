package database_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/failure"
)

func TestInstancesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]database.Instance{
		"sql1":               {Host: "sql1"},
		"sql1.contoso.com":   {Host: "sql1.contoso.com"},
		`sql1\LYNC`:          {Host: "sql1", Named: "LYNC"},
		"sql1,5000":          {Host: "sql1", Port: 5000},
		"tcp:sql1, 5000":     {Host: "sql1", Port: 5000},
		`sql1\LYNC,5000`:     {Host: "sql1", Port: 5000}, // the port says it already
		".":                  {Host: "localhost"},
		"(local)":            {Host: "localhost"},
		`(LOCAL)\LYNC`:       {Host: "localhost", Named: "LYNC"},
		`.\SQLEXPRESS`:       {Host: "localhost", Named: "SQLEXPRESS"},
		"::1,1433":           {Host: "::1", Port: 1433},
		"192.0.2.7":          {Host: "192.0.2.7"},
		"sqlite:/tmp/x y.db": {Path: "/tmp/x y.db"},
	} {
		got, err := database.ParseInstance(text, "", login("sa", "x"), database.Options{})
		if err != nil || got.Host != want.Host || got.Named != want.Named || got.Port != want.Port || got.Path != want.Path || got.Name != text || got.Database != "mgc" {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "sqlite:", "sql1,", "sql1,0", "sql1,70000", "sql1,x", `sql1\`, `\LYNC`, ",1433", "sql1;database=master", "sql1/x?y=z", "a b", "sql1\x00", "sqlite:a\x00b", strings.Repeat("x", 300)} {
		_, err := database.ParseInstance(text, "", login("sa", "x"), database.Options{})
		wantID(t, err, failure.InvalidUsage)
	}
	for _, options := range []database.Options{{Encrypt: "maybe"}, {Encrypt: "strict", TrustServerCertificate: true}} {
		_, err := database.ParseInstance("sql1", "", login("sa", "x"), options)
		wantID(t, err, failure.InvalidUsage)
	}
	_, err := database.ParseInstance("sql1", "bad\x01name", login("sa", "x"), database.Options{})
	wantID(t, err, failure.InvalidUsage)
}

func TestThePasswordComesFromAVariableOrAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("from the file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	parse := func(variables map[string]string) (database.Instance, error) {
		return database.ParseInstance("sql1", "", func(name string) string { return variables[name] }, database.Options{})
	}
	for _, c := range []map[string]string{
		{database.UserVariable: "sa", database.PasswordFileVariable: path},
		{database.UserVariable: `CONTOSO\anna`, database.PasswordVariable: "x"},
		{database.UserVariable: "anna@CONTOSO.COM"}, // Kerberos with a keytab
		{database.UserVariable: "a@b", database.PasswordVariable: "x", database.AuthenticationVariable: "SQL"},
		{"KRB5CCNAME": "FILE:/tmp/x", "KRB5_CONFIG": "/etc/krb5.conf", "KRB5_KTNAME": "FILE:/etc/krb5.keytab"},
		{},
	} {
		if instance, err := parse(c); err != nil || instance.User != c[database.UserVariable] || strings.Contains(instance.String(), "x") {
			t.Errorf("%v: got %v, %v", c, instance, err)
		}
	}
	for _, c := range []map[string]string{
		{database.PasswordVariable: "x"},
		{database.PasswordFileVariable: path},
		{database.AuthenticationVariable: "sql"},
		{database.UserVariable: "sa", database.PasswordVariable: "x", database.AuthenticationVariable: "ntlm"},
		{database.UserVariable: "sa", database.PasswordVariable: "x", database.AuthenticationVariable: "magic"},
	} {
		_, err := parse(c)
		wantID(t, err, failure.InvalidUsage)
	}
	_, err := parse(map[string]string{database.UserVariable: "sa", database.PasswordFileVariable: path + ".missing"})
	wantID(t, err, failure.FileNotReadable)
}
