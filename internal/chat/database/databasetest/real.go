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

// Server is a server that somebody has set up.
type Server struct {
	// Open opens the empty database, and drops the published tables first, each time that it is called. On a
	// server that cannot hold every text, other characters stand for those that it cannot.
	Open func(t testing.TB) database.Database

	LatestTime     string // the latest datetime2 that it holds
	LooseBulkLoads bool   // bulk loads do not check references
}

// LatestTime is the latest datetime2 of SQL Server.
const LatestTime = "9999-12-31 23:59:59.9999999"

// Real finds the server. It skips the test where none is named, refuses a database that has tables at the
// beginning, and says aloud what the server lacks of SQL Server.
func Real(t *testing.T) Server {
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
	everyText, server := abilities(t, openReal(t, config))
	server.Open = func(t testing.TB) database.Database {
		dropTables(t, pool)
		db := openReal(t, config)
		if !everyText {
			db = spelled{db}
		}
		return db
	}
	return server
}

// abilities finds out what a server lacks of SQL Server, and says so aloud.
func abilities(t *testing.T, db database.Database) (everyText bool, found Server) {
	t.Helper()
	for _, name := range []string{schema.Chat, schema.Compliance} {
		if err := db.CreateSchema(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	// try inserts a row in a transaction of its own, which read then looks at.
	try := func(table string, row []any, read func(w database.Writer)) error {
		w, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Rollback()
		published, _ := schema.Lookup(table)
		if _, err := w.Insert(t.Context(), table, published.ColumnNames(), Each([][]any{row})); err != nil {
			return err
		}
		read(w)
		return nil
	}
	lacks := func(what string) {
		t.Run(what, func(t *testing.T) { t.Skip("skipped, as this server lacks it, unlike SQL Server") })
	}
	nothing := func(database.Writer) {}
	everyText = try("tblRoleType", []any{int64(1), "a\x00b", int64(0)}, nothing) == nil && try("tblRoleType", []any{int64(1), "\xed\xa0\x80", int64(0)}, nothing) == nil
	if !everyText {
		lacks("U+0000 and lone surrogates")
	}
	found = Server{LatestTime: "9999-12-31 23:59:59.9999990", LooseBulkLoads: try("tblLastInviteId", []any{int64(77), int64(1)}, nothing) == nil}
	if found.LooseBulkLoads {
		lacks("references checked in a bulk load")
	}
	err := try("tblComplianceState", []any{int64(1), int64(1), "2018-01-31 00:00:00.0000001"}, func(w database.Writer) {
		err := w.Rows(t.Context(), database.Query{Table: "tblComplianceState", Columns: []string{"lockExpirationTime"}}, func(row []any) error {
			if row[0] == "2018-01-31 00:00:00.0000001" {
				found.LatestTime = LatestTime
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if found.LatestTime != LatestTime {
		lacks("datetime2 to 100 ns")
	}
	return everyText, found
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
	return opened(t, instance)
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
