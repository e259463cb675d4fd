package database_test

import (
	"testing"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
)

// TestRealServer runs the suite on a server that somebody has set up.
func TestRealServer(t *testing.T) {
	server := databasetest.Real(t)
	suite(t, server, func(t *testing.T) database.Database { return server.Open(t) })
}
