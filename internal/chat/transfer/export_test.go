package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
)

// hookedWriter calls a function before each write.
type hookedWriter struct {
	to     io.Writer
	before func() error
}

func (w hookedWriter) Write(b []byte) (int, error) {
	if err := w.before(); err != nil {
		return 0, err
	}
	return w.to.Write(b)
}

// Before each piece of the archive, somebody writes messages in two rooms, renames a room, and deletes a principal
// and adds another. Whatever moment the archive holds, all of it is of that moment.
func TestAnExportHoldsOneMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := databasetest.Open(t, path)
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	databasetest.Sample(t, db)
	template := find(t, databasetest.Dump(t, db)["tblPrincipal"], int64(4))
	moment := int64(0)
	change := func() error {
		moment++
		principal := append([]any{}, template...)
		principal[0], principal[1], principal[2] = 100+moment, databasetest.GUID(6, int(moment)), fmt.Sprintf("sip:user%d@example.test", moment)
		databasetest.Write(t, db, func(ctx context.Context, w database.Writer) {
			databasetest.Fill(t, w, "tblPrincipal", [][]any{principal})
			databasetest.Fill(t, w, "tblPrincipalRole", [][]any{{int64(11), 100 + moment, int64(1), int64(1)}})
			databasetest.Fill(t, w, "tblChat", [][]any{{int64(10), 1000 + moment, moment, 100 + moment, int64(0), "a", nil}, {int64(12), 1000 + moment, moment, 100 + moment, int64(0), "b", nil}})
			if _, err := w.Update(ctx, "tblNode", map[string]any{"nodeName": fmt.Sprintf("moment %d", moment)}, []database.Condition{is("nodeID", int64(11))}); err != nil {
				t.Error(err)
			}
		})
		c, err := sqlite3.Open(path)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.Exec(fmt.Sprintf("BEGIN; DELETE FROM tblPrincipalRole WHERE prinRolePrinID = %d; DELETE FROM tblChat WHERE userId = %d; DELETE FROM tblPrincipal WHERE prinID = %d; COMMIT", 99+moment, 99+moment, 99+moment))
	}
	if err := change(); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	_, err := transfer.Export(t.Context(), db, hookedWriter{&file, change}, transfer.ExportOptions{Source: "source", Level: schema.LevelAll}, nil)
	if err != nil || moment < 10 {
		t.Fatalf("%d moments, %v", moment, err)
	}
	a, err := archive.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), "test.zip")
	if err != nil {
		t.Fatal(err)
	}
	to := embedded(t, schema.Chat)
	imported(t, to, a)
	dump := databasetest.Dump(t, to)
	name := find(t, dump["tblNode"], int64(11))[4].(string)
	var held int64
	if _, err := fmt.Sscanf(name, "moment %d", &held); err != nil {
		t.Fatal(err)
	}
	find(t, dump["tblPrincipal"], 100+held)
	find(t, dump["tblChat"], int64(10), 1000+held)
	find(t, dump["tblChat"], int64(12), 1000+held)
	find(t, dump["tblPrincipalRole"], int64(11), 100+held)
	if len(dump["tblChat"]) != databasetest.SampleMessages+2 || len(dump["tblPrincipal"]) != 6 {
		t.Errorf("%d messages and %d principals of several moments", len(dump["tblChat"]), len(dump["tblPrincipal"]))
	}
}

func TestP2_AnExportThatIsCutAtAnyWriteLeavesTheOldFile(t *testing.T) {
	t.Run("a few messages", func(t *testing.T) { cutExport(t, sample(t)) })
	t.Run("messages that are read while others are written", func(t *testing.T) {
		db := sample(t)
		var messages [][]any
		for n := range int64(3000) {
			messages = append(messages, []any{int64(10), 100 + n, databasetest.Ticks, int64(3), int64(0), strings.Repeat(fmt.Sprintf("%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)})), 16), nil})
		}
		insert(t, db, "tblChat", messages...)
		cutExport(t, db)
	})
}

// cutExport lets each write of an export fail in turn, or cancels the export there.
func cutExport(t *testing.T, db database.Database) {
	dir := t.TempDir()
	path := filepath.Join(dir, "chat.zip")
	if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		left := n
		cut := func() error {
			if left--; left > 0 {
				return nil
			}
			if n%2 == 0 {
				cancel() // noticed by whatever is done next
				return nil
			}
			return errInjected
		}
		err := archive.Create(path, func(to io.Writer) error {
			_, err := transfer.Export(ctx, db, hookedWriter{to, cut}, transfer.ExportOptions{Source: "source", Level: schema.LevelAll}, nil)
			return err
		})
		cancel()
		if err == nil {
			if left > 0 {
				break
			}
			continue // it was cancelled when everything was written
		}
		if !errors.Is(err, errInjected) && !errors.Is(err, context.Canceled) {
			t.Fatalf("write %d: %v", n, err)
		}
		entries, _ := os.ReadDir(dir)
		if content, err := os.ReadFile(path); err != nil || string(content) != "the old one" || len(entries) != 1 {
			if left <= 0 && len(content) > 11 {
				continue
			}
			t.Fatalf("after a cut at write %d: %.20q, %v, %v", n, content, err, entries)
		}
	}
	if content, err := os.ReadFile(path); err != nil || len(content) < 1000 {
		t.Errorf("no new file: %d bytes, %v", len(content), err)
	}
}

// untouched is a database that an import must not open.
type untouched struct {
	database.Database
	t testing.TB
}

func (u untouched) Snapshot(context.Context) (database.Reader, error) {
	u.t.Error("a damaged archive was compared with the database")
	return nil, errInjected
}

func (u untouched) Begin(context.Context) (database.Writer, error) {
	u.t.Error("a transaction was begun for a damaged archive")
	return nil, errInjected
}

func TestP21_NothingIsOpenedForAnArchiveWithAFlippedBit(t *testing.T) {
	var file bytes.Buffer
	if _, err := transfer.Export(t.Context(), sample(t), &file, transfer.ExportOptions{Source: "source", Level: schema.LevelAll}, nil); err != nil {
		t.Fatal(err)
	}
	const flips = 400
	for n := range flips {
		bent := bytes.Clone(file.Bytes())
		bent[n*len(bent)/flips] ^= 1 << (n % 8)
		a, err := archive.Open(bytes.NewReader(bent), int64(len(bent)), "bent.zip")
		if err == nil {
			_, err = transfer.Import(t.Context(), untouched{t: t}, a, transfer.ImportOptions{Target: "target"}, nil)
		}
		if code := failure.ExitCode(err); code != failure.ExitDamaged {
			t.Fatalf("a flip at byte %d: exit code %d, %v", n*len(bent)/flips, code, err)
		}
	}
}

func TestLevelsAndScopesTakeWhatTheySay(t *testing.T) {
	db := sample(t)
	for _, one := range []struct {
		level schema.Level
		scope []string
		want  string // rows by table
	}{
		{schema.LevelAll, nil, "tblChat 60, tblPrincipalType 3, tblPrincipal 5, tblRoleType 4, tblSiopWhiteList 1, tblEnumAttribute 2, tblEnumValue 5, tblNode 6, tblScopePrincipal 3, tblPrincipalRole 4, tblPrincipalInvites 2, tblLastInviteId 2, tblLastChatId 3, tblPreference 2, tblConfig 1"},
		{schema.LevelUser, nil, "tblPrincipalType 3, tblPrincipal 5, tblPreference 2"},
		{schema.LevelCategory, nil, "tblRoleType 4, tblEnumAttribute 2, tblEnumValue 5, tblNode 3, tblScopePrincipal 3, tblPrincipalRole 1"},
		{schema.LevelRoomDirectory, nil, "tblRoleType 4, tblSiopWhiteList 1, tblEnumAttribute 2, tblEnumValue 5, tblNode 3, tblPrincipalRole 3"},
		{schema.LevelContent, nil, "tblChat 60, tblPrincipalInvites 2, tblLastInviteId 2, tblLastChatId 3"},
		{schema.LevelAll, []string{"Büro 日本"}, "tblChat 20, tblPrincipalType 3, tblPrincipal 5, tblRoleType 4, tblEnumAttribute 2, tblEnumValue 5, tblNode 3, tblScopePrincipal 1, tblPrincipalRole 1, tblLastChatId 1"},
		{schema.LevelAll, []string{"projects, büro 日本"}, "tblChat 60, tblPrincipalType 3, tblPrincipal 5, tblRoleType 4, tblSiopWhiteList 1, tblEnumAttribute 2, tblEnumValue 5, tblNode 6, tblScopePrincipal 3, tblPrincipalRole 4, tblPrincipalInvites 2, tblLastInviteId 2, tblLastChatId 3"},
		{schema.LevelContent, []string{"{" + strings.ToUpper(databasetest.GUID(2, 2)) + "}"}, "tblChat 40, tblPrincipalInvites 2, tblLastInviteId 2, tblLastChatId 2"},
		{schema.LevelCategory, []string{"Projects"}, "tblRoleType 4, tblEnumAttribute 2, tblEnumValue 5, tblNode 2, tblScopePrincipal 2, tblPrincipalRole 1"},
		{schema.LevelUser, []string{"Büro 日本"}, "tblPrincipalType 3, tblPrincipal 5"},
	} {
		t.Run(fmt.Sprint(one.level, one.scope), func(t *testing.T) {
			a, result := exported(t, db, transfer.ExportOptions{Level: one.level, Scope: one.scope})
			if _, err := transfer.Verify(t.Context(), a, nil); err != nil {
				t.Error(err)
			}
			var got []string
			for _, c := range result.Tables {
				got = append(got, fmt.Sprint(c.Table, " ", c.Rows))
			}
			if text := strings.Join(got, ", "); text != one.want {
				t.Errorf("got  %s\nwant %s", text, one.want)
			}
			if len(one.scope) > 0 && (one.level == schema.LevelAll) {
				if result := imported(t, embedded(t, schema.Chat), a); result.LeftOutCount > 0 {
					t.Errorf("got %+v", result)
				}
			}
		})
	}
}

func TestAStartDateLimitsMessages(t *testing.T) {
	db := sample(t)
	at, err := transfer.ParseDate("2018-01-31T10:00:00+01:00") // 9 hours and a bit after the first message
	if err != nil {
		t.Fatal(err)
	}
	a, result := exported(t, db, transfer.ExportOptions{StartDate: at})
	if result.Messages != 3*11 || a.Manifest().StartDate != "2018-01-31T09:00:00Z" {
		t.Errorf("%d messages from %s", result.Messages, a.Manifest().StartDate)
	}
	if _, err := transfer.Export(t.Context(), db, io.Discard, transfer.ExportOptions{Level: schema.LevelUser, StartDate: at}, nil); !failure.IsID(err, failure.InvalidUsage) {
		t.Errorf("got %v", err)
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"2018-01-31": "2018-01-31T00:00:00Z", "1/31/2018": "2018-01-31T00:00:00Z", "01/31/2018": "2018-01-31T00:00:00Z",
		"2018-01-31T12:00:00Z": "2018-01-31T12:00:00Z", "2018-01-31T00:30:00.1234567+02:00": "2018-01-30T22:30:00.1234567Z",
	} {
		if got, err := transfer.ParseDate(text); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s reads %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"31/1/2018", "2018-31-01", "31.1.2018", "yesterday", "", "2018-01-31 12:00", "2/30/2018", "0000-01-01"} {
		_, err := transfer.ParseDate(text)
		wantID(t, err, failure.DateInvalid)
	}
	if got := transfer.Ticks(time.Date(2018, 1, 31, 0, 0, 0, 100, time.UTC)); got != databasetest.Ticks+1 {
		t.Errorf("got %d", got)
	}
}

func TestUnknownColumnsAreRefusedByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	db := databasetest.Open(t, path)
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	databasetest.Sample(t, db)
	c, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Exec("ALTER TABLE tblNode ADD COLUMN colour TEXT; ALTER TABLE tblFileToken ADD COLUMN size TEXT"), c.Close()); err != nil {
		t.Fatal(err)
	}
	options := transfer.ExportOptions{Source: "source", Level: schema.LevelAll}
	_, err = transfer.Export(t.Context(), db, io.Discard, options, nil)
	wantID(t, err, failure.DatabaseNotChat)
	if !strings.Contains(err.Error(), "tblNode.colour") || strings.Contains(err.Error(), "tblFileToken") {
		t.Errorf("got %v", err)
	}
	options.LeaveOutUnknown = true
	result, err := transfer.Export(t.Context(), db, io.Discard, options, nil)
	if err != nil || len(result.LeftOut) != 1 || !strings.Contains(result.LeftOut[0], "tblNode.colour") {
		t.Errorf("got %q, %v", result.LeftOut, err)
	}
}
