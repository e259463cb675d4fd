package databasetest

import (
	"database/sql"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/microsoft/go-mssqldb/msdsn"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// realVariable names an empty database of a real server, as a connection URL of the driver.
const realVariable = "CSBACKUP_TEST_MSSQL"

// Real gives a function that opens the empty database of a server that somebody has set up, and drops the published tables
// first, each time that it is called. It skips the test where no server is named, and refuses a database that has
// tables at the beginning.
func Real(t *testing.T) func(t testing.TB) database.Database {
	t.Helper()
	address := os.Getenv(realVariable)
	if address == "" {
		t.Skip("skipped, as no real server is at hand: set " + realVariable + " to sqlserver://user:password@host:port?database=empty")
	}
	config, err := msdsn.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlserver", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dropTables(t, pool)
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	if tables := publishedTables(t, pool); len(tables) > 0 {
		t.Fatalf("the database is not empty, it has %v", tables)
	}
	return func(t testing.TB) database.Database {
		dropTables(t, pool)
		return openReal(t, config)
	}
}

func openReal(t testing.TB, config msdsn.Config) database.Database {
	t.Helper()
	name := config.Host
	if config.Port != 0 {
		name += "," + strconv.FormatUint(config.Port, 10)
	} else if config.Instance != "" {
		name += `\` + config.Instance
	}
	options := database.Options{TrustServerCertificate: config.TrustServerCertificate}
	if config.Encryption != msdsn.EncryptionRequired && config.Encryption != msdsn.EncryptionStrict {
		options.Encrypt = "false"
	}
	login := map[string]string{database.UserVariable: config.User, database.PasswordVariable: config.Password}
	instance, err := database.ParseInstance(name, config.Database, func(name string) string { return login[name] }, options)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// publishedTables lists the tables of both databases that are there, those that refer to others first.
func publishedTables(t testing.TB, pool *sql.DB) []string {
	t.Helper()
	var names []string
	for _, published := range [][]schema.Table{schema.Tables(schema.Chat), schema.Tables(schema.Compliance)} {
		for _, table := range published {
			var count int
			if err := pool.QueryRow("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE LOWER(TABLE_NAME) = LOWER(@p1)", table.Name).Scan(&count); err != nil {
				t.Fatal(err)
			}
			if count > 0 {
				names = append(names, table.Name)
			}
		}
	}
	slices.Reverse(names)
	return names
}

func dropTables(t testing.TB, pool *sql.DB) {
	t.Helper()
	for _, name := range publishedTables(t, pool) {
		if _, err := pool.Exec("DROP TABLE dbo.[" + name + "]"); err != nil {
			t.Fatal(err)
		}
	}
}
