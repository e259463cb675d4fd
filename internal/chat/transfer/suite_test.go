package transfer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
)

// suite is what export and import must do on every engine. The databases that are exported from lie in files, so
// that an engine with only one database can run it; one test exports from the engine itself.
func suite(t *testing.T, open engine) {
	for _, one := range []struct {
		name string
		test func(t *testing.T, open engine)
	}{
		{"the sample goes there and back", thereAndBack},
		{"archives a week apart", weekApart},
		{"an archive replaces a database", replacing},
		{"each level alone", levelsAlone},
		{"numbers that are taken", takenNumbers},
		{"the same names under other GUIDs", sameNames},
		{"a text that differs", differingText},
		{"what is missing is refused", missing},
		{"what-if changes nothing", whatIf},
		{"P22 a failure at any statement leaves everything as it was", cutImport},
		{"numbers that stand for nothing", danglingNumbers},
		{"rooms are disabled", disabling},
	} {
		t.Run(one.name, func(t *testing.T) { one.test(t, open) })
	}
}

func TestSuiteOnFiles(t *testing.T) { suite(t, embedded) }

func sample(t testing.TB) database.Database {
	t.Helper()
	db := embedded(t, schema.Chat)
	databasetest.Sample(t, db)
	return db
}

func wantID(t testing.TB, err error, id failure.ID) {
	t.Helper()
	f := failure.Of(err)
	if err == nil || f.ID != id || f.Hint == "" {
		t.Fatalf("got %v, want a %s with a hint", err, id)
	}
}

func thereAndBack(t *testing.T, open engine) {
	from, there := sample(t), open(t, schema.Chat)
	a, _ := exported(t, from, transfer.ExportOptions{})
	imported(t, there, a)
	b, result := exported(t, there, transfer.ExportOptions{})
	if result.Isolation == "" {
		t.Error("the result does not say how it was read")
	}
	back := embedded(t, schema.Chat)
	imported(t, back, b)
	wantSame(t, lasting(t, back), lasting(t, from))
}

// update changes rows of a database.
func update(t testing.TB, db database.Database, table string, set map[string]any, where ...database.Condition) {
	t.Helper()
	databasetest.Write(t, db, func(ctx context.Context, w database.Writer) {
		if n, err := w.Update(ctx, table, set, where); err != nil || n == 0 {
			t.Fatalf("%s: %d rows, %v", table, n, err)
		}
	})
}

func is(column string, value any) database.Condition {
	return database.Condition{Column: column, Operator: database.Equal, Values: []any{value}}
}

func insert(t testing.TB, db database.Database, table string, rows ...[]any) {
	t.Helper()
	databasetest.Write(t, db, func(_ context.Context, w database.Writer) { databasetest.Fill(t, w, table, rows) })
}

// find gives the row of a dump whose first values are these.
func find(t testing.TB, dump [][]any, first ...any) []any {
	t.Helper()
next:
	for _, row := range dump {
		for i, v := range first {
			if row[i] != v {
				continue next
			}
		}
		return row
	}
	t.Fatalf("there is no row %v", first)
	return nil
}

// aWeekLater changes what people change in a week: new principals, rooms and messages, other names, other rights.
func aWeekLater(t testing.TB, db database.Database) {
	t.Helper()
	dump := databasetest.Dump(t, db)
	principal, room := append([]any{}, find(t, dump["tblPrincipal"], int64(4))...), append([]any{}, find(t, dump["tblNode"], int64(10))...)
	principal[0], principal[1], principal[2] = int64(12), databasetest.GUID(1, 12), "sip:dora@example.test"
	room[0], room[1], room[4] = int64(13), databasetest.GUID(2, 13), "New room"
	insert(t, db, "tblPrincipal", principal)
	insert(t, db, "tblNode", room)
	insert(t, db, "tblPrincipalRole", []any{int64(13), int64(12), int64(2), int64(12)})
	insert(t, db, "tblPrincipalInvites", []any{int64(12), int64(1), int64(13), "2018-02-07 00:00:00"})
	insert(t, db, "tblLastInviteId", []any{int64(12), int64(1)})
	insert(t, db, "tblChat", []any{int64(13), int64(1), databasetest.Ticks * 2, int64(12), int64(0), "first", nil}, []any{int64(10), int64(26), databasetest.Ticks * 2, int64(12), int64(1), "later", `{\rtf1 later}`})
	insert(t, db, "tblLastChatId", []any{int64(13), int64(1)})
	update(t, db, "tblLastChatId", map[string]any{"lastChatID": int64(26)}, is("nodeID", int64(10)))
	update(t, db, "tblNode", map[string]any{"nodeName": "Alpha, renamed", "nodeUpdatedOn": databasetest.Ticks, "disabled": int64(1)}, is("nodeID", int64(10)))
	update(t, db, "tblNode", map[string]any{"parentID": int64(2)}, is("nodeID", int64(12)))
	update(t, db, "tblPrincipal", map[string]any{"prinDisplayName": "Bob B.", "prinUri": "sip:bob.b@example.test", "prinVerifiedOn": "2018-02-07 00:00:00"}, is("prinID", int64(3)))
	update(t, db, "tblPrincipal", map[string]any{"prinVerifiedOn": "2018-02-07 00:00:00"}, is("prinID", int64(4)))
	update(t, db, "tblScopePrincipal", map[string]any{"scopeIsDenied": int64(0)}, is("scopePrinID", int64(4)))
	update(t, db, "tblChat", map[string]any{"content": "This message was replaced by the Persistent Chat administrator.", "rtf": nil}, is("channelId", int64(11)), is("chatId", int64(19)))
	update(t, db, "tblPreference", map[string]any{"prefContent": "blue"}, is("prefSeqID", int64(1)))
	update(t, db, "tblConfig", map[string]any{"configContent": "changed"}, is("configLabel", "pool"))
}

func weekApart(t *testing.T, open engine) {
	from := sample(t)
	first, _ := exported(t, from, transfer.ExportOptions{})
	aWeekLater(t, from)
	second, _ := exported(t, from, transfer.ExportOptions{})
	to := open(t, schema.Chat)
	imported(t, to, first)
	result := imported(t, to, second)
	wantSame(t, lasting(t, to), lasting(t, from))
	text := fmt.Sprintf("%q", result.Clashes)
	for _, want := range []string{"Alpha, renamed", "Bob B.", "scopeIsDenied", "was replaced by the Persistent Chat administrator", "prefContent", "configContent"} {
		if !strings.Contains(text, want) {
			t.Errorf("no clash tells of %q: %s", want, text)
		}
	}
	before := databasetest.Dump(t, to)
	if again := imported(t, to, second); !again.NothingToDo {
		t.Errorf("the second import did something: %+v", again)
	}
	// The older archive again: what it holds is known, and what is newer stays.
	if older := imported(t, to, first); older.Tables == nil {
		t.Errorf("got %+v", older)
	}
	after := databasetest.Dump(t, to)
	if got := find(t, after["tblNode"], int64(10)); got[4] != "Alpha, renamed" || got[9] != int64(1) {
		t.Errorf("an older archive undid a newer change: %q", got)
	}
	if len(after["tblChat"]) != len(before["tblChat"]) {
		t.Errorf("%d messages, then %d", len(before["tblChat"]), len(after["tblChat"]))
	}
}

func levelsAlone(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	for _, level := range []schema.Level{schema.LevelUser, schema.LevelCategory, schema.LevelRoomDirectory, schema.LevelContent} {
		a, _ := exported(t, from, transfer.ExportOptions{Level: level})
		imported(t, to, a)
	}
	want := lasting(t, from)
	delete(want, "tblConfig")
	wantSame(t, lasting(t, to), want)
}

// takenNumbers imports into a database whose numbers mean other things.
func takenNumbers(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	fill(t, to, rows{
		"tblPrincipalType":    {{int64(5), "Group", int64(0), int64(0)}, {int64(9), "User", int64(0), int64(1)}, {int64(4), "SystemUser", int64(1), int64(0)}},
		"tblRoleType":         {{int64(2), "Member", int64(3984)}},
		"tblEnumAttribute":    {{int64(1), "Visibility"}, {int64(2), "Behavior"}},
		"tblEnumValue":        {{int64(6), int64(1), "open"}, {int64(4), int64(2), "normal"}},
		"tblPrincipal":        {{int64(2), databasetest.GUID(1, 3), "sip:bob@example.test", nil, nil, nil, nil, nil, nil, int64(0), int64(9), nil, nil, nil, int64(5), nil, databasetest.Ticks * 2, "2020-01-01 00:00:00"}},
		"tblNode":             {{int64(1), databasetest.GUID(7, 1), int64(1), int64(1), "Top", "", nil, nil, nil, int64(0), int64(4), int64(6), nil, int64(2), int64(1), int64(2), int64(1), nil}, {int64(10), databasetest.GUID(7, 10), int64(1), int64(1), "Elsewhere", "", nil, nil, nil, int64(0), int64(4), int64(6), nil, int64(2), int64(1), int64(2), int64(1), nil}},
		"tblPrincipalInvites": {{int64(2), int64(7), int64(10), "2020-01-01 00:00:00"}},
		"tblLastInviteId":     {{int64(2), int64(7)}},
	})
	a, _ := exported(t, from, transfer.ExportOptions{})
	imported(t, to, a)
	dump := databasetest.Dump(t, to)
	if n := len(dump["tblPrincipal"]); n != 5 {
		t.Errorf("%d principals", n)
	}
	if got := find(t, dump["tblNode"], int64(1)); got[1] != databasetest.GUID(7, 1) {
		t.Errorf("the root is %q", got)
	}
	people, nodes := map[any]string{}, map[any]string{}
	for _, p := range dump["tblPrincipal"] {
		people[p[0]] = p[2].(string)
	}
	for _, n := range dump["tblNode"] {
		nodes[n[0]] = n[4].(string)
	}
	types := map[any]string{}
	for _, r := range dump["tblRoleType"] {
		types[r[0]] = r[1].(string)
	}
	var roles []string
	for _, r := range dump["tblPrincipalRole"] {
		roles = append(roles, nodes[r[0]]+" "+people[r[1]]+" "+types[r[2]])
	}
	for _, want := range []string{"Projects sip:anna@example.test Creator", "Alpha sip:anna@example.test Manager", "Alpha sip:bob@example.test Member"} {
		if !strings.Contains(strings.Join(roles, "\n"), want) {
			t.Errorf("no role %q: %q", want, roles)
		}
	}
	count := map[string]int{}
	for _, m := range dump["tblChat"] {
		count[nodes[m[0]]+" "+people[m[3]]]++
	}
	if count["Alpha sip:bob@example.test"] != 7 || count["Elsewhere sip:bob@example.test"] != 0 || len(dump["tblChat"]) != databasetest.SampleMessages {
		t.Errorf("messages: %v", count)
	}
	invites := map[any]string{}
	for _, i := range dump["tblPrincipalInvites"] {
		invites[i[1]] += people[i[0]] + " " + nodes[i[2]] + " "
	}
	if invites[int64(7)] != "sip:bob@example.test Elsewhere " || invites[int64(8)] != "sip:bob@example.test Alpha " {
		t.Errorf("invitations by number: %v", invites)
	}
	if got := find(t, dump["tblLastInviteId"], int64(2)); got[1] != int64(8) {
		t.Errorf("the counter of invitations is %v", got)
	}
	if again := imported(t, to, a); !again.NothingToDo {
		t.Errorf("the second import did something: %+v", again)
	}
}

// sameNames merges rooms that are the same by name only, so that different messages have the same number.
func sameNames(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	renamed := rows(lasting(t, from))
	for _, n := range renamed["tblNode"] {
		n[1] = databasetest.GUID(8, int(n[0].(int64)))
	}
	for _, m := range renamed["tblChat"] {
		if m[0] == int64(10) {
			m[2] = databasetest.Ticks * 3
		}
	}
	find(t, renamed["tblPrincipal"], int64(3))[1] = databasetest.GUID(9, 3)
	other := embedded(t, schema.Chat)
	fill(t, other, renamed)
	start, _ := exported(t, other, transfer.ExportOptions{})
	imported(t, to, start)
	a, _ := exported(t, from, transfer.ExportOptions{})
	result := imported(t, to, a)
	dump := databasetest.Dump(t, to)
	if n := len(dump["tblNode"]); n != 6 {
		t.Errorf("%d nodes", n)
	}
	if got := find(t, dump["tblPrincipal"], int64(3)); got[1] != databasetest.GUID(9, 3) {
		t.Errorf("the GUID of a principal found by URI became %v", got[1])
	}
	texts := map[any][]int64{}
	for _, m := range dump["tblChat"] {
		if m[0] == int64(10) {
			texts[m[5]] = append(texts[m[5]], m[1].(int64))
		}
	}
	if got := texts["Message 18 of room 10"]; len(got) != 2 || got[0] != 18 || got[1] != 43 {
		t.Errorf("message 18 has the numbers %v, want 18 and, behind the counter of 25, 43", got)
	}
	if len(dump["tblChat"]) != databasetest.SampleMessages+20 {
		t.Errorf("%d messages", len(dump["tblChat"]))
	}
	if got := find(t, dump["tblLastChatId"], int64(10)); got[1] != int64(45) {
		t.Errorf("the counter is %v", got)
	}
	text := fmt.Sprintf("%q", result.Clashes)
	for _, want := range []string{"Projects / Alpha", "nodeGuid " + databasetest.GUID(8, 10), "nodeGuid " + databasetest.GUID(2, 10), "message 18", "behind the last", "prinGuid " + databasetest.GUID(9, 3)} {
		if !strings.Contains(text, want) {
			t.Errorf("no clash tells of %q", want)
		}
	}
	if again := imported(t, to, a); !again.NothingToDo {
		t.Errorf("the second import did something: %+v", again.Tables)
	}
	insert(t, from, "tblChat", []any{int64(10), int64(26), databasetest.Ticks * 2, int64(2), int64(0), "newer", nil})
	b, _ := exported(t, from, transfer.ExportOptions{})
	if more := imported(t, to, b); more.NothingToDo {
		t.Error("a new message was not taken")
	}
	if again := imported(t, to, b); !again.NothingToDo {
		t.Errorf("the second import did something: %+v", again.Tables)
	}
	if n := len(databasetest.Dump(t, to)["tblChat"]); n != databasetest.SampleMessages+21 {
		t.Errorf("%d messages", n)
	}
}

func differingText(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	a, _ := exported(t, from, transfer.ExportOptions{})
	imported(t, to, a)
	text := func(chat int64) any { return find(t, databasetest.Dump(t, to)["tblChat"], int64(10), chat)[5] }
	update(t, to, "tblChat", map[string]any{"content": "replaced"}, is("channelId", int64(10)), is("chatId", int64(18)))
	if result := imported(t, to, a); text(18) != "Message 18 of room 10" || result.ClashCount != 1 || result.Clashes[0].Database != `"replaced"` {
		t.Errorf("got %q and %+v", text(18), result.Clashes)
	}
	update(t, to, "tblChat", map[string]any{"content": "replaced"}, is("channelId", int64(10)), is("chatId", int64(18)))
	update(t, to, "tblLastChatId", map[string]any{"lastChatID": int64(30)}, is("nodeID", int64(10)))
	result := imported(t, to, a)
	if text(18) != "replaced" || result.ClashCount != 1 || !result.NothingToDo || !strings.Contains(result.Clashes[0].Done, "stays") {
		t.Errorf("got %q and %+v", text(18), result.Clashes)
	}
	by := "This message was replaced by the Persistent Chat administrator."
	update(t, to, "tblChat", map[string]any{"content": by}, is("channelId", int64(11)), is("chatId", int64(18)))
	imported(t, to, a)
	if got := find(t, databasetest.Dump(t, to)["tblChat"], int64(11), int64(18))[5]; got != by {
		t.Errorf("an import undid what an administrator had replaced: %q", got)
	}
	// The counter never goes back.
	dump := databasetest.Dump(t, to)
	if got := find(t, dump["tblLastChatId"], int64(10)); got[1] != int64(30) {
		t.Errorf("the counter is %v", got)
	}
}

func missing(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	for level, want := range map[schema.Level]string{schema.LevelContent: "Projects / Alpha", schema.LevelRoomDirectory: "sip:anna@example.test", schema.LevelCategory: "principal"} {
		a, _ := exported(t, from, transfer.ExportOptions{Level: level})
		before := databasetest.Dump(t, to)
		for _, whatIf := range []bool{true, false} {
			result, err := transfer.Import(t.Context(), to, a, transfer.ImportOptions{Target: "target", WhatIf: whatIf}, nil)
			wantID(t, err, failure.ImportMissing)
			if !strings.Contains(strings.Join(result.Missing, "\n"), want) {
				t.Errorf("%s: %q is not named: %q", level, want, result.Missing)
			}
		}
		wantSame(t, databasetest.Dump(t, to), before)
	}
}

func whatIf(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	a, _ := exported(t, from, transfer.ExportOptions{})
	plan, err := transfer.Import(t.Context(), to, a, transfer.ImportOptions{Target: "target", WhatIf: true}, nil)
	if err != nil || plan.NothingToDo || !plan.WhatIf {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if n := len(databasetest.Dump(t, to)); n != 0 {
		t.Errorf("--what-if wrote %d tables", n)
	}
	done := imported(t, to, a)
	if fmt.Sprint(plan.Tables) != fmt.Sprint(done.Tables) {
		t.Errorf("planned %+v, done %+v", plan.Tables, done.Tables)
	}
	plan, err = transfer.Import(t.Context(), to, a, transfer.ImportOptions{Target: "target", WhatIf: true}, nil)
	if err != nil || !plan.NothingToDo {
		t.Errorf("got %+v, %v", plan, err)
	}
}

// danglingNumbers moves messages whose room or author does not exist, into an empty database and into one where the
// numbers mean something.
func danglingNumbers(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	insert(t, from, "tblChat", []any{int64(77), int64(1), int64(5), int64(2), int64(0), "of no room", nil}, []any{int64(10), int64(22), int64(5), int64(88), int64(0), "of nobody", nil})
	a, _ := exported(t, from, transfer.ExportOptions{})
	imported(t, to, a)
	wantSame(t, lasting(t, to), lasting(t, from))

	dump := databasetest.Dump(t, from)
	principal, room := append([]any{}, find(t, dump["tblPrincipal"], int64(4))...), append([]any{}, find(t, dump["tblNode"], int64(10))...)
	principal[0], principal[1], principal[2] = int64(88), databasetest.GUID(1, 88), "sip:someone@example.test"
	room[0], room[1], room[4] = int64(77), databasetest.GUID(2, 77), "Somewhere"
	other := sample(t)
	insert(t, other, "tblPrincipal", principal)
	insert(t, other, "tblNode", room)
	for range 2 {
		result := imported(t, other, a)
		after := databasetest.Dump(t, other)
		if result.LeftOutCount != 1 || len(result.LeftOut) != 1 || !strings.Contains(result.LeftOut[0], "77") {
			t.Errorf("left out: %q", result.LeftOut)
		}
		if len(after["tblChat"]) != databasetest.SampleMessages+1 {
			t.Errorf("%d messages", len(after["tblChat"]))
		}
		if m := find(t, after["tblChat"], int64(10), int64(22)); m[3] == int64(88) {
			t.Error("a message of nobody became somebody's")
		}
	}
}

func disabling(t *testing.T, open engine) {
	to := open(t, schema.Chat)
	databasetest.Sample(t, to)
	a, result := exported(t, to, transfer.ExportOptions{Scope: []string{"projects"}})
	n, err := transfer.Disable(t.Context(), to, append(result.RoomIDs, 2))
	if n != 2 || err != nil {
		t.Fatalf("%d rooms, %v", n, err)
	}
	for _, node := range databasetest.Dump(t, to)["tblNode"] {
		if want := node[3] == int64(0); (node[9] == int64(1)) != want {
			t.Errorf("%v is disabled: %v, want %v", node[4], node[9], want)
		}
	}
	if n, err := transfer.Disable(t.Context(), to, result.RoomIDs); n != 0 || err != nil {
		t.Errorf("%d rooms, %v", n, err)
	}
	before := databasetest.Dump(t, to)
	back := imported(t, to, a)
	wantSame(t, databasetest.Dump(t, to), before)
	if !back.NothingToDo || back.ClashCount != 2 {
		t.Errorf("the archive does not leave alone the 2 rooms that were disabled after it: %+v", back)
	}
}

// cutImport lets each call to the database fail in turn, of an import that merges and then of one that replaces.
func cutImport(t *testing.T, open engine) {
	from, to := sample(t), open(t, schema.Chat)
	first, _ := exported(t, from, transfer.ExportOptions{})
	aWeekLater(t, from)
	second, _ := exported(t, from, transfer.ExportOptions{})
	imported(t, to, first)
	cutAtEachCall(t, to, second, false)
	wantSame(t, lasting(t, to), lasting(t, from))
	insert(t, to, "tblChat", []any{int64(10), int64(99), databasetest.Ticks, int64(2), int64(0), "in the target alone", nil})
	cutAtEachCall(t, to, second, true)
	wantSame(t, lasting(t, to), lasting(t, from))
}

func cutAtEachCall(t *testing.T, to database.Database, a *archive.Archive, replace bool) {
	t.Helper()
	before := databasetest.Dump(t, to)
	for n := 1; ; n++ {
		faulty := &faultyDatabase{Database: to, left: n}
		_, err := transfer.Import(t.Context(), faulty, a, transfer.ImportOptions{Target: "target", Replace: replace}, nil)
		if err == nil {
			if n < 60 {
				t.Errorf("only %d calls could fail", n)
			}
			break
		}
		if !strings.Contains(err.Error(), errInjected.Error()) {
			t.Fatalf("call %d: %v", n, err)
		}
		wantSame(t, databasetest.Dump(t, to), before)
		if t.Failed() {
			t.Fatalf("after a failure of call %d", n)
		}
	}
}

// patience is how long a test waits for what must happen soon.
const patience = time.Minute
