package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// chat shows the Persistent Chat half: rooms and messages into an archive and from there into an empty database.
func (d *demo) chat(ctx context.Context) error {
	from, to, file := d.database("mgc"), d.database("restored"), filepath.Join(d.Dir, "chat.zip")
	d.say("6. A Persistent Chat database with rooms and messages")
	if _, err := d.run(ctx, true, "chat", "create-database", "--db-instance", from); err != nil {
		return err
	}
	count, err := d.write(ctx, from)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "people write %d messages in %d rooms\n", count, len(rooms))
	d.say("7. It is exported, and the archive is proven without any database")
	for _, step := range [][]string{
		{"chat", "export", "--db-instance", from, "--file-name", file, "--report", filepath.Join(d.Dir, "export.html")},
		{"chat", "verify", file},
		{"chat", "show", file, "--room", "World", "--limit", "8"},
		{"chat", "show", file, "--room", "Hard characters", "--limit", "5"},
	} {
		if _, err := d.table(ctx, step...); err != nil {
			return err
		}
	}
	d.say("8. It is imported into an empty database")
	if _, err := d.run(ctx, true, "chat", "create-database", "--db-instance", to); err != nil {
		return err
	}
	if _, err := d.table(ctx, "chat", "import", "--db-instance", to, "--file-name", file, "--report", filepath.Join(d.Dir, "import.html")); err != nil {
		return err
	}
	if err := d.compareRows(ctx, from, to); err != nil {
		return err
	}
	d.say("9. The same archive once more")
	text, err := d.table(ctx, "chat", "import", "--db-instance", to, "--file-name", file, "--what-if")
	if err != nil {
		return err
	}
	if !strings.Contains(text, "nothing to do") {
		return failure.New(failure.DemoFailed, to, "A second import would change something", "Run the demo with --dir and look into that folder.")
	}
	return d.site(ctx, file, count)
}

// site makes pages of the archive, which open in a browser without any server, and finds each message in them.
func (d *demo) site(ctx context.Context, file string, messages int) error {
	folder := filepath.Join(d.Dir, "site")
	d.say("10. The archive becomes a folder of pages that need no database and no server")
	if _, err := d.run(ctx, true, "chat", "convert", file, "--to", "html", "--output", folder); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(folder, "rooms", "*", "*.html"))
	if err != nil {
		return err
	}
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		found += strings.Count(string(text), "<article ")
	}
	if found != messages {
		return failure.New(failure.DemoFailed, folder, fmt.Sprintf("The pages hold %d messages of %d", found, messages), "Run the demo with --dir and look into that folder.")
	}
	first := filepath.Join(folder, "index.html")
	fmt.Fprintf(d.Out, "%d messages on %d pages; they begin with %s\n", found, len(pages), first)
	if !d.keep {
		fmt.Fprintln(d.Out, "The demo takes its folder away. Run it with --dir to keep the pages and open them.")
	}
	return nil
}

func (d *demo) database(name string) string { return "sqlite:" + filepath.Join(d.Dir, name+".db") }

// table runs a command and shows its result as a person sees it.
func (d *demo) table(ctx context.Context, args ...string) (string, error) {
	fmt.Fprintf(d.Out, "$ csbackup %s\n", strings.Join(args, " "))
	text, err := d.run(ctx, false, append(args, "--output", "table")...)
	fmt.Fprint(d.Out, text)
	return text, err
}

// people are the principals of the demo; the first is the system's.
var people = []string{"system", "sip:amira@contoso.com", "sip:jonas@contoso.com", "sip:mei@contoso.com"}

// rooms are the rooms with what is written in them.
var rooms = []struct {
	name     string
	messages []string
}{
	{"World", []string{
		"Good morning, everybody! ☕", "Guten Morgen, schöne Grüße aus Köln", "早上好！今天的会议几点开始？", "صباح الخير، الاجتماع الساعة التاسعة", "Доброе утро! Я опоздаю на пять минут.",
		"नमस्ते, मैं भी आ रही हूँ", "שלום לכולם", "おはようございます 🎌", "Καλημέρα", "Bună dimineața", "👩🏽‍💻 is one character to people and five to computers",
	}},
	{"Hard characters", []string{
		"a tab\tand a line\r\nbreak", "a null \x00 in the middle", "an escape \x1b[31m that must not turn the terminal red", "half of a pair: \xed\xa0\xbd and nothing after it",
		"from right to left \u202Eand back\u202C", "e\u0301 and é look alike", `{\rtf1 is no RTF} and \ is a backslash`, "=cmd|' /C calc'!A0", "<script>alert('hello')</script> & \"quotes\"", "",
	}},
	{"Quiet", nil},
}

// messagesPerRoom is how many messages a room gets that anybody writes in.
const messagesPerRoom = 2000

// write fills the database as a chat service would.
func (d *demo) write(ctx context.Context, instance string) (messages int, err error) {
	db, err := openDatabase(ctx, instance)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	w, err := db.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer w.Rollback()
	const now = int64(638_000_000_000_000_000) // ticks: in the autumn of 2022
	all := map[string][][]any{
		"tblPrincipalType": {{int64(4), "SystemUser", int64(1), int64(0)}, {int64(5), "User", int64(0), int64(1)}},
		"tblRoleType":      {{int64(1), "Member", int64(3984)}, {int64(2), "Manager", int64(12276)}},
		"tblEnumAttribute": {{int64(1), "Visibility"}, {int64(2), "Behavior"}},
		"tblEnumValue":     {{int64(3), int64(1), "scope"}, {int64(4), int64(2), "normal"}, {int64(6), int64(1), "open"}},
	}
	add := func(table string, row ...any) { all[table] = append(all[table], row) }
	for i, uri := range people {
		kind := int64(5 - (1 - min(i, 1)))
		add("tblPrincipal", int64(i+1), guid(1, i+1), uri, uri, uri, nil, nil, nil, nil, int64(0), kind, nil, nil, int64(1), now, nil, now, "2022-10-01 08:00:00")
	}
	node := func(id, parent, category int64, name string) {
		add("tblNode", id, guid(2, int(id)), parent, category, name, "", nil, nil, nil, int64(0), int64(4), int64(6), nil, int64(2), now, int64(2), now, nil)
	}
	node(1, 1, 1, "Root")
	node(2, 1, 1, "Company")
	for i, room := range rooms {
		id := int64(10 + i)
		node(id, 2, 0, room.name)
		add("tblPrincipalRole", id, int64(2), int64(2), int64(2))
		count := int64(0)
		for ; len(room.messages) > 0 && count < messagesPerRoom; count++ {
			text, rtf := room.messages[int(count)%len(room.messages)], any(nil)
			if count >= int64(len(room.messages)) {
				text += fmt.Sprintf(" (%d)", count)
				rtf = `{\rtf1\ansi\f0 written in bold: \b ` + fmt.Sprint(count) + `}`
			}
			add("tblChat", id, count+1, now+count*int64(time.Minute/100)+count, 2+count%3, count%50/49, text, rtf)
		}
		messages += int(count)
		add("tblLastChatId", id, count)
	}
	for _, t := range schema.Tables(schema.Chat) {
		waiting := all[t.Name]
		if _, err := w.Insert(ctx, t.Name, t.ColumnNames(), func() ([]any, error) {
			if len(waiting) == 0 {
				return nil, nil
			}
			row := waiting[0]
			waiting = waiting[1:]
			return row, nil
		}); err != nil {
			return 0, err
		}
	}
	return messages, w.Commit()
}

func guid(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n) }

func openDatabase(ctx context.Context, name string) (database.Database, error) {
	instance, err := database.ParseInstance(name, "", func(string) string { return "" }, database.Options{})
	if err != nil {
		return nil, err
	}
	return database.Open(ctx, instance)
}

// compareRows holds two databases against each other, every column of every row.
func (d *demo) compareRows(ctx context.Context, from, to string) error {
	one, err := readDatabase(ctx, from)
	if err != nil {
		return err
	}
	two, err := readDatabase(ctx, to)
	if err != nil {
		return err
	}
	count := 0
	for _, t := range schema.Tables(schema.Chat) {
		count += len(one[t.Name])
		if len(one[t.Name]) != len(two[t.Name]) {
			return failure.New(failure.DemoFailed, to, fmt.Sprintf("%s has %d rows, and %d were exported", t.Name, len(two[t.Name]), len(one[t.Name])), "Run the demo with --dir and compare the two databases.")
		}
		for i, row := range one[t.Name] {
			if !reflect.DeepEqual(row, two[t.Name][i]) {
				return failure.New(failure.DemoFailed, to, fmt.Sprintf("Row %d of %s differs: %.200q became %.200q", i+1, t.Name, row, two[t.Name][i]), "Run the demo with --dir and compare the two databases.")
			}
		}
	}
	fmt.Fprintf(d.Out, "both databases are equal: %d rows, every column\n", count)
	return nil
}

// readDatabase reads every row of every table.
func readDatabase(ctx context.Context, instance string) (map[string][][]any, error) {
	db, err := openDatabase(ctx, instance)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	reader, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	all := map[string][][]any{}
	for _, t := range schema.Tables(schema.Chat) {
		err := reader.Rows(ctx, database.Query{Table: t.Name, OrderBy: t.Key}, func(row []any) error {
			all[t.Name] = append(all[t.Name], slices.Clone(row))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
