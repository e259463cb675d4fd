package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
)

// replacing imports an archive over one of a week before, since when a room, its messages, rights and a person were
// removed, and what the directory and the service keep is there, too.
func replacing(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	aWeekLater(t, from)
	first, _ := exported(t, from, transfer.ExportOptions{})
	second, _ := exported(t, sample(t), transfer.ExportOptions{})
	imported(t, to, first)
	fill(t, to, rows{
		"tblADCookie":              {{databasetest.GUID(1, 12), "dc", nil, nil, nil}},
		"tblPrincipalAffiliations": {{int64(12), int64(2), int64(1), int64(2)}},
		"tblSystemRevision":        {{int64(7)}},
	})
	before := databasetest.Dump(t, to)
	options := transfer.ImportOptions{Target: "target", Replace: true, WhatIf: true}
	planned, err := transfer.Import(t.Context(), to, second, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, databasetest.Dump(t, to), before)
	options.WhatIf = false
	done, err := transfer.Import(t.Context(), to, second, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(planned.Tables) != fmt.Sprint(done.Tables) {
		t.Errorf("planned %+v, done %+v", planned.Tables, done.Tables)
	}
	alone := embedded(t, schema.Chat)
	imported(t, alone, second)
	after := databasetest.Dump(t, to)
	wantSame(t, lasting(t, to), lasting(t, alone))
	if len(after["tblADCookie"])+len(after["tblPrincipalAffiliations"]) != 0 || len(after["tblSystemRevision"]) != 1 {
		t.Errorf("what belonged to people that are gone: %v, %v; the revision: %v", after["tblADCookie"], after["tblPrincipalAffiliations"], after["tblSystemRevision"])
	}
	if done.ClashCount != 1 || done.Clashes[0].Where != "Projects / New room" || done.Clashes[0].Database != "a room with 1 messages" || done.Clashes[0].Done != "removed" {
		t.Errorf("the room that goes is told as %+v", done.Clashes)
	}
	removed := map[string]int64{}
	for _, table := range done.Tables {
		removed[table.Table] = table.Removed
	}
	for name, rows := range before {
		if name != "tblSystemRevision" && removed[name] != int64(len(rows)) {
			t.Errorf("%d rows of %s are said to have gone, want %d", removed[name], name, len(rows))
		}
	}
}

func TestAnArchiveReplacesAnyDatabase(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		old, all := randomDatabase(r, false), randomDatabase(r, false)
		return func(t testing.TB) {
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat, schema.Compliance)
			fill(t, from, all)
			fill(t, to, old)
			for _, name := range []string{schema.Chat, schema.Compliance} {
				a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: name})
				if _, err := transfer.Import(t.Context(), to, a, transfer.ImportOptions{Target: "target", Replace: true}, nil); err != nil {
					t.Fatal(err)
				}
			}
			want := all.travels()
			for _, table := range schema.Tables(schema.Compliance) {
				want[table.Name] = all[table.Name]
			}
			wantSame(t, lasting(t, to), want)
		}
	})
}

func TestOnlyAWholeArchiveReplacesADatabase(t *testing.T) {
	db := sample(t)
	before := databasetest.Dump(t, db)
	start, err := transfer.ParseDate("2018-01-31")
	if err != nil {
		t.Fatal(err)
	}
	for want, options := range map[string]transfer.ExportOptions{
		"the level RoomDirectory": {Level: schema.LevelRoomDirectory},
		"some categories":         {Scope: []string{"projects"}},
		"the messages from 2018":  {StartDate: start},
	} {
		a, _ := exported(t, db, options)
		_, err := transfer.Import(t.Context(), db, a, transfer.ImportOptions{Target: "target", Replace: true}, nil)
		wantID(t, err, failure.InvalidUsage)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %q", err, want)
		}
	}
	wantSame(t, databasetest.Dump(t, db), before)
}
