package databasetest

import (
	"context"
	"fmt"
	"testing"

	"csbackup/internal/chat/database"
)

// Ticks is the time of the first message of the sample: 2018-01-31 00:00 UTC in units of 100 ns since the
// year 1. Each message of a room is sent one hour after the one before, and 1 unit.
const Ticks int64 = 636529536000000000

// What the sample holds.
const (
	SampleUsers      = 3 // besides the system user and one group
	SampleCategories = 2 // besides the root
	SampleRooms      = 3
	SampleMessages   = 3 * 20
)

// GUID makes a GUID out of a kind and a number.
func GUID(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n) }

// Sample fills an empty mgc: the root with the categories "Projects" and "Büro 日本", the rooms "Alpha"
// and "Quiet" in the first and "Ωmega \U0001F600" (disabled) in the second, scopes, roles, invitations,
// messages with HardTexts, counters, and at least one row of the tables that are not exported.
func Sample(t testing.TB, db database.Database) {
	t.Helper()
	Write(t, db, func(_ context.Context, w database.Writer) {
		for _, part := range [][]tableRows{static(), people(), tree(), rights(), messages(), rest()} {
			for _, p := range part {
				Fill(t, w, p.table, p.rows)
			}
		}
	})
}

type tableRows struct {
	table string
	rows  [][]any
}

const (
	no  = int64(0)
	yes = int64(1)
)

func static() []tableRows {
	return []tableRows{
		{"tblPrincipalType", [][]any{{int64(4), "SystemUser", yes, no}, {int64(5), "User", no, yes}, {int64(9), "Group", no, no}}},
		{"tblRoleType", [][]any{
			{int64(1), "Member", int64(3984)}, {int64(2), "Manager", int64(12276)}, {int64(3), "Voiced", int64(4096)}, {int64(4), "Creator", int64(16)}}},
		{"tblEnumAttribute", [][]any{{int64(1), "Visibility"}, {int64(2), "Behavior"}}},
		{"tblEnumValue", [][]any{
			{int64(2), int64(1), "private"}, {int64(3), int64(1), "scope"}, {int64(4), int64(2), "normal"}, {int64(5), int64(2), "auditorium"}, {int64(6), int64(1), "open"}}},
	}
}

func people() []tableRows {
	verified := "2018-02-01 03:04:05.0070000"
	principal := func(id int64, uri, name any, path any, kind int64) []any {
		return []any{id, GUID(1, int(id)), uri, name, name, nil, nil, path, nil, no, kind, nil, nil, yes, Ticks - id, nil, Ticks + id, verified}
	}
	return []tableRows{
		{"tblPrincipal", [][]any{
			principal(1, "ma-grp:system", nil, nil, 4),
			principal(2, "sip:anna@example.test", "Anna Grün", "CN=Anna Grün,OU=Users,DC=example,DC=test", 5),
			principal(3, "sip:bob@example.test", "Bob", "CN=Bob,OU=Users,DC=example,DC=test", 5),
			principal(4, "sip:chen@example.test", "陳 \U00020000", "CN=Chen,OU=Users,DC=example,DC=test", 5),
			principal(9, "ma-grp:"+GUID(1, 9)+"@u.g", nil, "CN=All,OU=Groups,DC=example,DC=test", 9),
		}},
		{"tblADCookie", [][]any{{GUID(1, 9), "dc.example.test", []byte{0, 1, 0xFF}, verified, nil}}},
		{"tblPrincipalMembers", [][]any{{int64(9), "CN=Anna Grün,OU=Users,DC=example,DC=test"}}},
		{"tblPrincipalAffiliations", [][]any{{int64(2), int64(2), int64(-1), yes}, {int64(2), int64(9), int64(1), yes}}},
		{"tblSiopWhiteList", [][]any{{GUID(3, 1), "Board", "https://board.example.test/"}}},
	}
}

func tree() []tableRows {
	node := func(id, parent, kind int64, name, description string, setting any, disabled, visibility int64, addIn any) []any {
		return []any{id, GUID(2, int(id)), parent, kind, name, description, setting, setting, setting, disabled, int64(4), visibility, addIn, int64(2), Ticks - 1000, int64(3), Ticks - 999, nil}
	}
	return []tableRows{{"tblNode", [][]any{
		node(1, 1, 1, "Root", "", no, no, 6, nil),
		node(2, 1, 1, "Projects", "What we work on", yes, no, 3, nil),
		node(3, 1, 1, "Büro 日本", "", yes, no, 6, nil),
		node(10, 2, 0, "Alpha", "<first> & \"best\"", nil, no, 3, GUID(3, 1)),
		node(11, 2, 0, "Quiet", "nobody writes much", nil, no, 2, nil),
		node(12, 3, 0, "Ωmega \U0001F600", "tab\tand\x00nothing", nil, yes, 6, nil),
	}}}
}

func rights() []tableRows {
	return []tableRows{
		{"tblScopePrincipal", [][]any{{int64(2), int64(9), no, int64(2)}, {int64(2), int64(4), yes, int64(2)}, {int64(3), int64(9), no, int64(2)}}},
		{"tblPrincipalRole", [][]any{
			{int64(2), int64(2), int64(4), yes}, {int64(10), int64(2), int64(2), yes}, {int64(10), int64(3), int64(1), yes}, {int64(12), int64(9), int64(1), yes}}},
		{"tblPrincipalInvites", [][]any{{int64(2), int64(1), int64(10), "2018-01-31 12:00:00"}, {int64(3), int64(7), int64(10), "2018-01-31 12:00:00.1230000"}}},
	}
}

func messages() []tableRows {
	hard := HardTexts()
	var rows, counters [][]any
	for room := int64(10); room < 10+SampleRooms; room++ {
		for n := int64(1); n <= SampleMessages/SampleRooms; n++ {
			content := fmt.Sprintf("Message %d of room %d", n, room)
			var rtf any
			if int(n) <= len(hard) {
				content = hard[n-1]
			} else {
				rtf = `{\rtf1\ansi ` + content + `}`
			}
			rows = append(rows, []any{room, n, Ticks + (n-1)*36000000001, 2 + n%3, n % 2, content, rtf})
		}
		counters = append(counters, []any{room, int64(SampleMessages/SampleRooms + 5)})
	}
	return []tableRows{{"tblChat", rows}, {"tblLastChatId", counters}, {"tblLastInviteId", [][]any{{int64(2), yes}, {int64(3), int64(7)}}}}
}

func rest() []tableRows {
	moment := "2018-02-01 00:00:00"
	return []tableRows{
		{"tblPreference", [][]any{{"sip:anna@example.test|anna.colours", yes, "\x00\U0001F3A8", int64(2)}, {"sip:anna@example.test|anna.colours", int64(2), nil, int64(2)}}},
		{"tblFileToken", [][]any{{GUID(4, 1), int64(2), GUID(2, 10), moment, nil, nil, "2018-02-01 00:00:00.1234567", nil, no}}},
		{"tblServerIdentity", [][]any{{yes, "net.tcp://chat.example.test", nil}}},
		{"tblSystemRevision", [][]any{{int64(42)}}},
		{"tblConfig", [][]any{{"pool", "", GUID(5, 1)}}},
	}
}
