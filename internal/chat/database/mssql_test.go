package database_test

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

// TestRealServer runs the suite on a server that somebody has set up. It drops the published tables of the
// database again and again, so it refuses one that has tables at the beginning.
func TestRealServer(t *testing.T) {
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
	defer pool.Close()
	if tables := publishedTables(t, pool); len(tables) > 0 {
		t.Fatalf("the database is not empty, it has %v", tables)
	}
	defer dropTables(t, pool)
	suite(t, func(t *testing.T) database.Database {
		dropTables(t, pool)
		return openReal(t, config)
	})
}

func openReal(t *testing.T, config msdsn.Config) database.Database {
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
	instance, err := database.ParseInstance(name, config.Database, login(config.User, config.Password), options)
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
func publishedTables(t *testing.T, pool *sql.DB) []string {
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

func dropTables(t *testing.T, pool *sql.DB) {
	t.Helper()
	for _, name := range publishedTables(t, pool) {
		if _, err := pool.Exec("DROP TABLE dbo.[" + name + "]"); err != nil {
			t.Fatal(err)
		}
	}
}
