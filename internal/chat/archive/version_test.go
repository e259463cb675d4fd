package archive_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

// listing gives every value of an archive as text, one a line; of long values their length and their sum.
func listing(c content) string {
	var out strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&out, format+"\n", values...) }
	show := func(value any) string {
		switch v := value.(type) {
		case nil:
			return "NULL"
		case string:
			if len(v) > 1000 {
				return fmt.Sprintf("text of %d bytes, SHA-256 %x", len(v), sha256.Sum256([]byte(v)))
			}
			return fmt.Sprintf("%+q", v)
		case []byte:
			if len(v) > 1000 {
				return fmt.Sprintf("image of %d bytes, SHA-256 %x", len(v), sha256.Sum256(v))
			}
			return fmt.Sprintf("image %x", v)
		}
		return fmt.Sprint(value)
	}
	line("%+q", fmt.Sprintf("%+v", c.about))
	for _, r := range c.rooms {
		line("room %d %t %s %s", r.ID, r.Known, show(r.GUID), show(r.Name))
		for _, m := range r.messages {
			line("  message %d: date %d, user %d, alert %t, content %s, RTF %t %s", m.ChatID, m.ChatDate, m.UserID, m.Alert, show(m.Content), m.HasRTF, show(m.RTF))
		}
	}
	for _, t := range c.tables {
		published, _ := schema.Lookup(t.name)
		for i, row := range t.rows {
			line("%s row %d", t.name, i+1)
			for j, value := range row {
				line("  %s = %s", published.Columns[j].Name, show(value))
			}
		}
	}
	for _, f := range c.files {
		line("file %s of room %s at %s: %s", show(f.name), f.room, f.modTime.Format(time.RFC3339Nano), show(f.content))
	}
	for _, n := range c.nodes {
		line("node %+q", fmt.Sprintf("%+v", n))
	}
	for _, p := range c.principals {
		line("principal %+q", fmt.Sprintf("%+v", p))
	}
	return out.String()
}

// everyValue is an archive with rows in every table: the lowest values, the highest, and the hard ones.
func everyValue(database string) content {
	c := content{about: archive.About{Source: "sql1.contoso.com\\rtc", Database: database, Schema: database, Level: "All", Scope: []archive.Node{{GUID: onlyGUID("tblNode", 5), Name: "Büro 日本"}},
		StartDate: "2018-01-31T00:00:00Z", Isolation: "snapshot", FilesNotIn: 2}}
	numbers := map[schema.Type][3]int64{
		schema.Bit: {0, 1, 1}, schema.SmallInt: {-1 << 15, 1<<15 - 1, 3}, schema.Int: {-1 << 31, 1<<31 - 1, 5}, schema.BigInt: {-1 << 63, 1<<63 - 1, 635_000_000_000_000_001},
	}
	dates := map[schema.Type][3]string{
		schema.DateTime:      {"1753-01-01 00:00:00", "9999-12-31 23:59:59.9970000", "2018-01-02 03:04:05.6770000"},
		schema.DateTime2:     {"0001-01-01 00:00:00", "9999-12-31 23:59:59.9999999", "2018-01-02 03:04:05.0000001"},
		schema.SmallDateTime: {"1900-01-01 00:00:00", "2079-06-06 23:59:00", "2018-01-02 03:04:00"},
	}
	hard := []string{"", "Grüße, 日本語, العربية \U0001F600 \U0010FFFF", "a\x00\x01\x1f\x7f\"\\\u0080\u2028\ufeff\r\n\t\xed\xa0\x80x\xed\xb0\x80"}
	for _, s := range schema.Tables(database) {
		if s.Name == "tblChat" {
			continue
		}
		one := table{name: s.Name}
		for k := range 3 {
			row := make([]any, len(s.Columns))
			for i, column := range s.Columns {
				switch t := column.Type; {
				case k == 0 && column.Nullable:
				case numbers[t] != [3]int64{}:
					row[i] = numbers[t][k]
				case t == schema.GUID:
					row[i] = onlyGUID("row", numbers[schema.Int][k])
				case t == schema.Image:
					row[i] = []byte{0, 1, 2, 0xFF, byte(k)}
				case dates[t] != [3]string{}:
					row[i] = dates[t][k]
				default:
					row[i] = hard[k]
				}
			}
			if s.Name == "tblNode" || s.Name == "tblPrincipal" {
				row[1] = onlyGUID(s.Name, row[0].(int64))
			}
			one.rows = append(one.rows, row)
		}
		sortByKey(s, one.rows)
		c.tables = append(c.tables, one)
	}
	if database == schema.Compliance {
		return c
	}
	const part = 3 << 18
	c.tables[2].rows[1][2] = []byte(counted("image", part+5))
	known := archive.Room{ID: 5, Known: true, GUID: onlyGUID("tblNode", 5), Name: "Büro 日本 \U0001F600"}
	first := room{Room: known}
	for i, text := range append(hard, "hello", "{curly} \\ and\ttab\nline", counted("long ", part+7)) {
		m := archive.Message{ChannelID: 5, ChatID: int64(i*i + 1), ChatDate: 635_000_000_000_000_001 + int64(i*i*7_777_777), UserID: int64(5 + i/3), Alert: i == 3, Content: text}
		switch i % 3 {
		case 1:
			m.HasRTF, m.RTF = true, `{\rtf1\ansi `+rtf(text, `\line `)+"}\r\n"
		case 2:
			m.HasRTF, m.RTF = true, `{\rtf1 something else}`
		}
		first.messages = append(first.messages, m)
	}
	c.rooms = []room{first, {Room: archive.Room{ID: 9}, messages: []archive.Message{
		{ChannelID: 9, ChatID: -1 << 63, ChatDate: 1<<63 - 1, UserID: -1 << 31, Content: "first"},
		{ChannelID: 9, ChatID: 1<<63 - 1, ChatDate: -1 << 63, UserID: 1<<31 - 1, Content: "last", HasRTF: true},
	}}}
	c.files = []file{
		{onlyGUID("tblNode", 5), "Plan für 2018.docx", time.Date(2018, 1, 2, 3, 4, 5, 600, time.UTC), "content of a file"},
		{onlyGUID("tblNode", 5), "b.txt", time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), ""},
	}
	if c.files[0].name > c.files[1].name {
		c.files[0], c.files[1] = c.files[1], c.files[0]
	}
	c.nodes = []archive.NodeReference{{ID: 0, Known: true, GUID: onlyGUID("tblNode", 0), Name: "root", Category: true}, {ID: 9}}
	c.principals = []archive.PrincipalReference{{ID: 3}, {ID: 6, Known: true, GUID: onlyGUID("tblPrincipal", 6), URI: "sip:b@contoso.com"}}
	return c
}

// counted is a text of so many bytes that is short when compressed, and not so short that it is taken for a bomb.
func counted(word string, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%d%s", i, strings.Repeat(word, 50))
	}
	return b.String()[:size]
}

var fixture = flag.Bool("new-fixture", false, "write the archives of a version that has no fixture yet")

// TestP25_ArchivesOfTheFirstVersionAreReadForEver reads archives that the first version wrote. The files are
// never written again: a version that cannot read them is a mistake.
func TestP25_ArchivesOfTheFirstVersionAreReadForEver(t *testing.T) {
	for _, database := range []string{schema.Chat, schema.Compliance} {
		t.Run(database, func(t *testing.T) {
			name := filepath.Join("testdata", "version-1-"+database)
			if *fixture {
				writeFixture(t, name, everyValue(database))
			}
			b, err := os.ReadFile(name + ".zip")
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			a, _ := must(t, b)
			if got := listing(read(t, a)); got != string(want) {
				t.Errorf("the archive holds\n%s\nand should hold\n%s", got, want)
			}
		})
	}
}

func writeFixture(t *testing.T, name string, c content) {
	t.Helper()
	if _, err := os.Stat(name + ".zip"); err == nil {
		t.Fatalf("%s.zip is there and must never change", name)
	}
	if err := os.WriteFile(name+".zip", c.bytes(t), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".txt", []byte(listing(c)), 0o644); err != nil {
		t.Fatal(err)
	}
}
