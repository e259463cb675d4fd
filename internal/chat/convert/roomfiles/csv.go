package roomfiles

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"csbackup/internal/chat/convert"
)

// CSV is the format csv.
type CSV struct {
	Mark bool // files begin with a byte order mark

	plan *convert.Plan
	to   convert.Target
	file io.WriteCloser
	out  *csv.Writer
	room *convert.Room
}

// maxCell is how many UTF-16 units a spreadsheet holds in a cell.
const maxCell = 32767

var (
	peopleColumns  = []string{"uri", "name", "email", "upn", "address", "disabled", "group", "messages"}
	roomColumns    = []string{"number", "guid", "name", "description", "category", "created", "privacy", "public", "auditorium", "disabled", "members", "managers", "presenters", "messages", "first", "last", "file"}
	messageColumns = []string{"id", "time", "uri", "name", "address", "alert", "text", "files"}
)

// Rules says what the format needs.
func (*CSV) Rules() convert.Rules { return rules }

// Begin writes people and rooms.
func (c *CSV) Begin(plan *convert.Plan, to convert.Target) error {
	c.plan, c.to = plan, to
	if err := c.open("people.csv", peopleColumns); err != nil {
		return err
	}
	for _, one := range named(plan) {
		c.row(one.URI, one.Name, one.Email, one.UPN, one.Address, strconv.FormatBool(one.Disabled), strconv.FormatBool(one.IsGroup()), number(one.Messages))
	}
	if err := c.close(); err != nil {
		return err
	}
	if err := c.open("rooms.csv", roomColumns); err != nil {
		return err
	}
	for _, r := range plan.Rooms {
		c.row(number(r.Number), r.GUID, r.Name, r.Description, r.Category, moment(r.Created), string(r.Privacy),
			strconv.FormatBool(r.Public), strconv.FormatBool(r.Auditorium), strconv.FormatBool(r.Disabled),
			joined(uris(plan, r.Members)), joined(uris(plan, r.Managers)), joined(uris(plan, r.Presenters)),
			number(r.Messages), moment(r.First), moment(r.Last), roomFile(r, ".csv"))
	}
	return c.close()
}

func number(n int64) string         { return strconv.FormatInt(n, 10) }
func joined(values []string) string { return strings.Join(values, "\n") }

func (c *CSV) open(name string, columns []string) (err error) {
	if c.file, err = c.to.Create(name); err != nil {
		return err
	}
	if c.Mark {
		if _, err := io.WriteString(c.file, "\uFEFF"); err != nil {
			return err
		}
	}
	c.out = csv.NewWriter(c.file)
	c.out.UseCRLF = true
	return c.out.Write(columns)
}

// row writes a line; an error of the writer comes up when the file is closed.
func (c *CSV) row(cells ...string) {
	for i := range cells {
		cells[i] = convert.Armed(plain.Replace(convert.Valid(cells[i])))
	}
	_ = c.out.Write(cells)
}

// plain replaces what CSV readers and spreadsheets do not keep.
var plain = strings.NewReplacer("\x00", "\uFFFD", "\r\n", "\n", "\r", "\n")

func (c *CSV) close() error {
	c.out.Flush()
	return errors.Join(c.out.Error(), c.file.Close())
}

// Room begins the file of a room.
func (c *CSV) Room(room *convert.Room) error {
	c.room = room
	return c.open(roomFile(room, ".csv"), messageColumns)
}

// Message writes a line.
func (c *CSV) Message(m *convert.Message) error {
	if len(m.Text) > maxCell && len(utf16.Encode([]rune(m.Text))) > maxCell {
		c.plan.Notes.Change("Texts longer than a spreadsheet shows, which are whole in the file", c.room.Name+", message "+number(m.ID), 1)
	}
	c.row(number(m.ID), moment(m.Sent), m.Author.URI, m.Author.Name, m.Author.Address, strconv.FormatBool(m.Alert), m.Text, joined(links(c.plan, m)))
	return c.out.Error()
}

// EndRoom completes the file of a room.
func (c *CSV) EndRoom() error { return c.close() }

// File takes an uploaded file along.
func (c *CSV) File(f *convert.File, content io.Reader) error { return copyFile(c.to, f, content) }

// End has nothing left to do.
func (*CSV) End() error { return nil }
