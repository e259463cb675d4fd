package converttest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/schema"
	"csbackup/internal/report"
)

// Archive is what an archive holds.
type Archive struct {
	People       []Person
	Categories   []Category
	Rooms        []Room
	Affiliations [][2]int64 // a person and a group
}

// Person is a row of tblPrincipal.
type Person struct {
	Number           int64
	URI, Name, Email string
	Type             int64 // 5, a person, where it is 0
}

// Category is a category under the root.
type Category struct {
	Number          int64
	Name            string
	Allowed, Denied []int64
}

// Room is a room with its messages, which come in the order of their chatId.
type Room struct {
	Number, Category              int64
	Name, Description             string
	Visibility                    int64 // 6, open, where it is 0
	Auditorium, Disabled          bool
	Members, Managers, Presenters []int64
	Messages                      []archive.Message
	Files                         map[string]string // contents by name
}

// Kinds of principals.
const (
	User   = 5
	Domain = 8
	Group  = 9
)

// Ticks counts a time as the database does.
func Ticks(at time.Time) int64 {
	return (at.Unix()+62_135_596_800)*10_000_000 + int64(at.Nanosecond()/100)
}

// GUID makes a GUID of a kind and a number.
func GUID(kind, n int64) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, uint32(n)) }

// Start is the time of the first message that Say makes.
var Start = time.Date(2018, 1, 31, 22, 0, 0, 0, time.UTC)

// Say makes messages with the texts, by the people in turn, an hour apart.
func Say(people []int64, texts ...string) (messages []archive.Message) {
	for i, text := range texts {
		messages = append(messages, archive.Message{
			ChatID: int64(i) + 1, ChatDate: Ticks(Start.Add(time.Duration(i) * time.Hour)), UserID: people[i%len(people)], Content: text,
		})
	}
	return messages
}

// Bytes writes the archive.
func (a Archive) Bytes(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := archive.NewWriter(&out, archive.About{Source: "test", Database: "mgc", Schema: "mgc", Level: "All", Scope: []archive.Node{}})
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	slices.SortFunc(a.Rooms, func(x, y Room) int { return cmp.Compare(x.Number, y.Number) })
	for _, room := range a.Rooms {
		if len(room.Messages) == 0 {
			continue
		}
		must(w.Room(archive.Room{ID: room.Number, GUID: GUID(2, room.Number), Name: room.Name, Known: true}))
		for _, m := range room.Messages {
			m.ChannelID = room.Number
			must(w.Message(m))
		}
	}
	for _, table := range a.tables() {
		if len(table.rows) == 0 {
			continue
		}
		must(w.Table(table.name))
		for _, row := range table.rows {
			must(w.Row(row))
		}
	}
	a.files(t, w)
	_, err := w.Close()
	must(err)
	return out.Bytes()
}

func (a Archive) files(t testing.TB, w *archive.Writer) {
	rooms := slices.Clone(a.Rooms)
	slices.SortFunc(rooms, func(x, y Room) int { return strings.Compare(GUID(2, x.Number), GUID(2, y.Number)) })
	for _, room := range rooms {
		names := []string{}
		for name := range room.Files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if err := w.File(GUID(2, room.Number), name, Start, strings.NewReader(room.Files[name])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

type table struct {
	name string
	rows [][]any
}

// tables gives the rows in the order of the schema.
func (a Archive) tables() []table {
	const zero, one = int64(0), int64(1)
	bit := func(is bool) int64 {
		if is {
			return one
		}
		return zero
	}
	rows := map[string][][]any{
		"tblRoleType": {{int64(1), "Member", zero}, {int64(2), "Manager", zero}, {int64(3), "Voiced", zero}, {int64(4), "Creator", zero}},
	}
	principal := func(p Person) []any {
		return []any{p.Number, GUID(1, p.Number), p.URI, orNull(p.Name), orNull(p.Name), nil, orNull(p.Email), nil, nil, zero, cmp.Or(p.Type, int64(User)), nil, nil, nil, zero, nil, zero, "2018-01-31 00:00:00"}
	}
	for _, p := range a.People {
		rows["tblPrincipal"] = append(rows["tblPrincipal"], principal(p))
	}
	node := func(number, parent, kind int64, name, description string, disabled bool, behavior, visibility int64) {
		first := a.People[0].Number
		rows["tblNode"] = append(rows["tblNode"], []any{number, GUID(2, number), parent, kind, name, description, nil, nil, nil, bit(disabled), behavior, visibility, nil, first, Ticks(Start), first, Ticks(Start), nil})
	}
	node(1, 1, 1, "Root", "", false, 4, 6)
	for _, c := range a.Categories {
		node(c.Number, 1, 1, c.Name, "", false, 4, 6)
		for _, n := range c.Allowed {
			rows["tblScopePrincipal"] = append(rows["tblScopePrincipal"], []any{c.Number, n, zero, one})
		}
		for _, n := range c.Denied {
			rows["tblScopePrincipal"] = append(rows["tblScopePrincipal"], []any{c.Number, n, one, one})
		}
	}
	for _, r := range a.Rooms {
		node(r.Number, cmp.Or(r.Category, one), 0, r.Name, r.Description, r.Disabled, 4+bit(r.Auditorium), cmp.Or(r.Visibility, int64(6)))
		for role, numbers := range [][]int64{r.Members, r.Managers, r.Presenters} {
			for _, n := range numbers {
				rows["tblPrincipalRole"] = append(rows["tblPrincipalRole"], []any{r.Number, n, int64(role) + 1, one})
			}
		}
	}
	for i, pair := range a.Affiliations {
		rows["tblPrincipalAffiliations"] = append(rows["tblPrincipalAffiliations"], []any{pair[0], pair[1], int64(i), one})
	}
	var all []table
	for _, t := range schema.Tables("mgc") {
		list := rows[t.Name]
		slices.SortFunc(list, func(x, y []any) int {
			for _, at := range t.KeyPlaces() {
				if c := cmp.Compare(x[at].(int64), y[at].(int64)); c != 0 {
					return c
				}
			}
			return 0
		})
		all = append(all, table{t.Name, list})
	}
	return all
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Open writes and opens the archive.
func (a Archive) Open(t testing.TB) *archive.Archive {
	t.Helper()
	content := a.Bytes(t)
	opened, err := archive.Open(bytes.NewReader(content), int64(len(content)), "test.zip")
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// Load makes a plan of the archive.
func (a Archive) Load(t testing.TB, rules convert.Rules, selection convert.Selection) *convert.Plan {
	t.Helper()
	plan, err := convert.Load(t.Context(), a.Open(t), "test.zip", rules, selection, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Run converts the archive into a folder or ZIP file of memory: what it gives are the files by their names.
func Run(t testing.TB, plan *convert.Plan, format convert.Format) map[string]string {
	t.Helper()
	memory := &Memory{Files: map[string]string{}}
	if err := convert.Run(t.Context(), plan, format, memory, func(report.Progress) {}); err != nil {
		t.Fatal(err)
	}
	return memory.Files
}
