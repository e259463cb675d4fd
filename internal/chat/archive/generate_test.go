package archive_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

// content is all that one archive holds, as it is given to a Writer.
type content struct {
	about      archive.About
	rooms      []room
	tables     []table
	files      []file
	nodes      []archive.NodeReference
	principals []archive.PrincipalReference
}

type room struct {
	archive.Room
	messages []archive.Message
}

type table struct {
	name string
	rows [][]any
}

type file struct {
	room, name string
	modTime    time.Time
	content    string
}

// write puts the content into an archive.
func (c content) write(to io.Writer) (archive.Manifest, error) {
	w := archive.NewWriter(to, c.about)
	var failed error
	keep := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	for _, r := range c.rooms {
		keep(w.Room(r.Room))
		for _, m := range r.messages {
			keep(w.Message(m))
		}
	}
	for _, t := range c.tables {
		keep(w.Table(t.name))
		for _, row := range t.rows {
			keep(w.Row(row))
		}
	}
	for _, f := range c.files {
		keep(w.File(f.room, f.name, f.modTime, strings.NewReader(f.content)))
	}
	for _, n := range c.nodes {
		keep(w.Node(n))
	}
	for _, p := range c.principals {
		keep(w.Principal(p))
	}
	if failed != nil {
		return archive.Manifest{}, failed
	}
	return w.Close()
}

func (c content) bytes(t interface{ Fatal(...any) }) []byte {
	var b bytes.Buffer
	if _, err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wtf draws text of every kind that a column can hold: any character, lone surrogates, control characters.
func wtf(most int) *rapid.Generator[string] {
	unit := rapid.OneOf(
		rapid.Uint16Range(0x20, 0x7E),
		rapid.Uint16Range(0, 0x1F),
		rapid.SampledFrom([]uint16{'\\', '"', '{', '}', '\t', '\r', '\n', 0x7F, 0x80, 0xFFFF, 0xFEFF, 0x2028}),
		rapid.Uint16(),
		rapid.Uint16Range(0xD800, 0xDFFF),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return fromUnits(rapid.SliceOfN(unit, 0, most).Draw(t, "units"))
	})
}

// fromUnits gives UTF-16 as WTF-8.
func fromUnits(units []uint16) string {
	var b []byte
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if r >= 0xD800 && r <= 0xDBFF && i+1 < len(units) && units[i+1] >= 0xDC00 && units[i+1] <= 0xDFFF {
			r = 0x10000 + (r-0xD800)<<10 + rune(units[i+1]) - 0xDC00
			i++
		}
		if r >= 0xD800 && r <= 0xDFFF {
			b = append(b, 0xED, byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
			continue
		}
		b = append(b, string(r)...)
	}
	return string(b)
}

var guids = rapid.Custom(func(t *rapid.T) string {
	b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "guid")
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
})

func times(t schema.Type) *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)
		switch t {
		case schema.DateTime:
			first = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)
		case schema.SmallDateTime:
			first, last = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2079, 6, 6, 23, 59, 0, 0, time.UTC)
		}
		at := time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(r, "seconds"), 0).UTC()
		if t == schema.SmallDateTime {
			return schema.FormatTime(at.Truncate(time.Minute))
		}
		return schema.FormatTime(at.Add(100 * time.Duration(rapid.Int64Range(0, 9_999_999).Draw(r, "ticks"))))
	})
}

// value draws a value that the column can hold, with its extremes.
func value(t *rapid.T, c schema.Column) any {
	if c.Nullable && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		return nil
	}
	switch c.Type {
	case schema.Bit:
		return rapid.Int64Range(0, 1).Draw(t, c.Name)
	case schema.SmallInt:
		return rapid.Int64Range(math.MinInt16, math.MaxInt16).Draw(t, c.Name)
	case schema.Int:
		return rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(t, c.Name)
	case schema.BigInt:
		return rapid.Int64().Draw(t, c.Name)
	case schema.GUID:
		return guids.Draw(t, c.Name)
	case schema.Image:
		return append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, c.Name)...)
	case schema.NVarChar, schema.VarChar:
		most := 40
		if c.Length > 0 {
			most = min(most, c.Length)
		}
		return wtf(most).Draw(t, c.Name)
	}
	return times(c.Type).Draw(t, c.Name)
}

// contents draws a whole archive: rows for some tables of one schema, messages, files, and references for
// all that the rows refer to.
func contents(database string) *rapid.Generator[content] {
	return rapid.Custom(func(t *rapid.T) content {
		c := content{about: archive.About{Source: wtfFree(t), Database: "db", Schema: database, Level: "All", Isolation: "snapshot"}}
		nodes, principals := map[int64]bool{}, map[int64]bool{}
		if database == schema.Chat {
			c.rooms = drawRooms(t, nodes, principals)
			c.files = drawFiles(t)
		}
		explained := map[string]map[int64]bool{"tblNode": {}, "tblPrincipal": {}}
		for _, s := range schema.Tables(database) {
			if s.Name == "tblChat" || rapid.IntRange(0, 2).Draw(t, "has "+s.Name) == 0 {
				continue
			}
			one := table{name: s.Name, rows: c.agree(s.Name, drawRows(t, s))}
			for _, row := range one.rows {
				note(s, row, nodes, principals, explained)
			}
			c.tables = append(c.tables, one)
		}
		if database == schema.Chat {
			c.refer(t, nodes, principals, explained)
		}
		return c
	})
}

// onlyGUID gives a GUID that no other number of a node or principal has.
func onlyGUID(kind string, number int64) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(number), len(kind))
}

// agree makes the rows of nodes and principals say the same of a number as all else does.
func (c content) agree(table string, rows [][]any) [][]any {
	if table != "tblNode" && table != "tblPrincipal" {
		return rows
	}
	return slices.DeleteFunc(rows, func(row []any) bool {
		row[1] = onlyGUID(table, row[0].(int64))
		return table == "tblNode" && slices.ContainsFunc(c.rooms, func(r room) bool { return r.ID == row[0] && !r.Known })
	})
}

// wtfFree draws a text of valid Unicode.
func wtfFree(t *rapid.T) string { return rapid.StringN(0, 20, -1).Draw(t, "source") }

func drawRooms(t *rapid.T, nodes, principals map[int64]bool) []room {
	ids := rapid.SliceOfNDistinct(rapid.Int64Range(math.MinInt32, math.MaxInt32), 0, 4, rapid.ID).Draw(t, "rooms")
	slices.Sort(ids)
	var rooms []room
	before, after := `{\rtf1\fbidis\ansi{\fonttbl{\f0 Segoe UI;}}\f0 `, "\\par\r\n}\r\n"
	for _, id := range ids {
		r := room{Room: archive.Room{ID: id}}
		if r.Known = rapid.Bool().Draw(t, "known"); r.Known {
			r.GUID, r.Name = onlyGUID("tblNode", id), wtf(20).Draw(t, "name")
		}
		chats := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64()), 1, 8, rapid.ID).Draw(t, "chats")
		slices.Sort(chats)
		for _, chat := range chats {
			m := archive.Message{ChannelID: id, ChatID: chat, ChatDate: rapid.Int64().Draw(t, "date"),
				UserID: rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(t, "user"), Alert: rapid.Bool().Draw(t, "alert"), Content: wtf(60).Draw(t, "content")}
			switch rapid.IntRange(0, 4).Draw(t, "rtf") {
			case 0:
				m.HasRTF, m.RTF = true, wtf(60).Draw(t, "rtf")
			case 1, 2:
				m.HasRTF, m.RTF = true, before+rtf(m.Content, "\\par\r\n")+after
			case 3:
				m.HasRTF, m.RTF = true, before+rtf(m.Content, "\\line ")+"}"
			}
			principals[m.UserID] = true
			r.messages = append(r.messages, m)
		}
		nodes[id] = true
		rooms = append(rooms, r)
	}
	return rooms
}

// rtf is the text as a client writes it in RTF.
func rtf(content, line string) string {
	var b strings.Builder
	content = strings.ReplaceAll(content, "\r\n", "\n")
	for len(content) > 0 {
		c, size := rune(content[0]), 1
		if c >= 0x80 {
			if c, size = utf8.DecodeRuneInString(content); size == 1 { // a lone surrogate
				c, size = 0xD000|rune(content[1]&0x3F)<<6|rune(content[2]&0x3F), 3
			}
		}
		content = content[size:]
		switch {
		case c == '\\' || c == '{' || c == '}':
			b.WriteString(`\` + string(c))
		case c == '\t':
			b.WriteString(`\tab `)
		case c == '\r' || c == '\n':
			b.WriteString(line)
		case c >= 0x10000:
			fmt.Fprintf(&b, `\u%d?\u%d?`, int16(uint16(0xD800+(c-0x10000)>>10)), int16(uint16(0xDC00+(c-0x10000)&0x3FF)))
		case c >= 0x80:
			fmt.Fprintf(&b, `\u%d?`, int16(uint16(c)))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func drawFiles(t *rapid.T) []file {
	var files []file
	name := rapid.OneOf(rapid.StringMatching(`[a-z0-9]{1,8}\.docx`), rapid.SampledFrom([]string{"Ärger.txt", "a", "A", "\u0434\u043e\u043a.pdf", "x\xed\xa0\x80.png", "-.-", "\U0001F600.gif"}))
	for range rapid.IntRange(0, 3).Draw(t, "files") {
		f := file{room: guids.Draw(t, "room"), name: name.Draw(t, "name"), content: string(rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "content"))}
		f.modTime = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 100*rapid.Int64Range(0, 9_999_999).Draw(t, "ticks")).UTC()
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(strings.Compare(a.room, b.room), strings.Compare(a.name, b.name)) })
	return slices.CompactFunc(files, func(a, b file) bool { return a.room == b.room && a.name == b.name })
}

func drawRows(t *rapid.T, s schema.Table) [][]any {
	var rows [][]any
	for range rapid.IntRange(0, 4).Draw(t, s.Name) {
		row := make([]any, len(s.Columns))
		for i, c := range s.Columns {
			row[i] = value(t, c)
		}
		rows = append(rows, row)
	}
	return sortByKey(s, rows)
}

// sortByKey brings rows into the order of their key where it is made of numbers, and leaves one of a kind.
func sortByKey(s schema.Table, rows [][]any) [][]any {
	var key []int
	for _, k := range s.Key {
		at := s.Place(k)
		key = append(key, at)
		if len(rows) == 0 {
			return nil
		}
		if _, number := rows[0][at].(int64); !number {
			return oneOfAKind(s, rows)
		}
	}
	if len(key) == 0 {
		return rows
	}
	order := func(a, b []any) int {
		for _, i := range key {
			if d := cmp.Compare(a[i].(int64), b[i].(int64)); d != 0 {
				return d
			}
		}
		return 0
	}
	slices.SortFunc(rows, order)
	return slices.CompactFunc(rows, func(a, b []any) bool { return order(a, b) == 0 })
}

// oneOfAKind leaves out rows whose key is there already.
func oneOfAKind(s schema.Table, rows [][]any) [][]any {
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(row []any) bool {
		var key []any
		for _, name := range s.Key {
			key = append(key, row[s.Place(name)])
		}
		text := fmt.Sprintf("%#v", key)
		twice := seen[text]
		seen[text] = true
		return twice
	})
}

// note keeps what a row refers to, and what it explains.
func note(s schema.Table, row []any, nodes, principals map[int64]bool, explained map[string]map[int64]bool) {
	for i, c := range s.Columns {
		n, ok := row[i].(int64)
		for _, r := range s.References {
			switch {
			case !ok || r.Column != c.Name:
			case r.Target == "nodeID":
				nodes[n] = true
			case r.Target == "prinID":
				principals[n] = true
			}
		}
		if (c.Name == "nodeID" && s.Name == "tblNode") || (c.Name == "prinID" && s.Name == "tblPrincipal") {
			explained[s.Name][n] = true
		}
	}
}

// refer adds the references that the rows need.
func (c *content) refer(t *rapid.T, nodes, principals map[int64]bool, explained map[string]map[int64]bool) {
	known := map[int64]archive.Room{}
	for _, r := range c.rooms {
		known[r.ID] = r.Room
	}
	for _, id := range sorted(nodes, explained["tblNode"]) {
		n := archive.NodeReference{ID: id}
		if r, ok := known[id]; ok {
			n.Known, n.GUID, n.Name = r.Known, r.GUID, r.Name
		} else if n.Known = rapid.Bool().Draw(t, "known"); n.Known {
			n.GUID, n.Name, n.Category = onlyGUID("tblNode", id), wtf(20).Draw(t, "name"), rapid.Bool().Draw(t, "category")
		}
		if n.Known && rapid.Bool().Draw(t, "parent") {
			n.HasParent, n.Parent = true, rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(t, "parent")
		}
		c.nodes = append(c.nodes, n)
	}
	for _, id := range sorted(principals, explained["tblPrincipal"]) {
		p := archive.PrincipalReference{ID: id, Known: rapid.Bool().Draw(t, "known")}
		if p.Known {
			p.GUID, p.URI = onlyGUID("tblPrincipal", id), wtf(20).Draw(t, "uri")
		}
		c.principals = append(c.principals, p)
	}
}

func sorted(all, without map[int64]bool) []int64 {
	var ids []int64
	for id := range all {
		if !without[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// must opens an archive that is whole, and proves it.
func must(t interface {
	Helper()
	Fatal(...any)
}, b []byte) (*archive.Archive, archive.Summary) {
	t.Helper()
	a, err := archive.Open(bytes.NewReader(b), int64(len(b)), "test.zip")
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Verify(testContext, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a, s
}

// read gives back all that an archive holds.
func read(t interface {
	Helper()
	Fatal(...any)
}, a *archive.Archive) content {
	t.Helper()
	m := a.Manifest()
	c := content{about: m.About}
	err := a.Messages(testContext, nil, func(r archive.Room) error {
		c.rooms = append(c.rooms, room{Room: r})
		return nil
	}, func(m archive.Message) error {
		last := &c.rooms[len(c.rooms)-1]
		last.messages = append(last.messages, m)
		return nil
	})
	for _, s := range schema.Tables(m.Schema) {
		one := table{name: s.Name}
		if err == nil {
			err = a.Rows(testContext, s.Name, func(row []any) error {
				one.rows = append(one.rows, row)
				return nil
			})
		}
		if one.rows != nil {
			c.tables = append(c.tables, one)
		}
	}
	if err == nil {
		err = a.Files(testContext, func(room, name string, modTime time.Time, size int64, from io.Reader) error {
			b, err := io.ReadAll(from)
			c.files = append(c.files, file{room, name, modTime, string(b)})
			if err == nil && int64(len(b)) != size {
				err = fmt.Errorf("%s has %d bytes, not %d", name, len(b), size)
			}
			return err
		})
	}
	if err == nil {
		err = a.Nodes(testContext, func(n archive.NodeReference) error {
			c.nodes = append(c.nodes, n)
			return nil
		})
	}
	if err == nil {
		err = a.Principals(testContext, func(p archive.PrincipalReference) error {
			c.principals = append(c.principals, p)
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
