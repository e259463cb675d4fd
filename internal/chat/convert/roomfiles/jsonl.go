package roomfiles

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/schema"
)

// JSONLines is the format jsonl.
type JSONLines struct {
	plan *convert.Plan
	to   convert.Target
	file io.WriteCloser
	out  *bufio.Writer
	line []byte
}

// Rules says what the format needs.
func (*JSONLines) Rules() convert.Rules { return rules }

// Begin writes people and rooms.
func (j *JSONLines) Begin(plan *convert.Plan, to convert.Target) error {
	j.plan, j.to = plan, to
	err := j.write("people.jsonl", func() error {
		for _, one := range named(plan) {
			j.text(`{"uri":`, one.URI)
			j.text(`,"name":`, one.Name)
			j.text(`,"email":`, one.Email)
			j.text(`,"upn":`, one.UPN)
			j.text(`,"address":`, one.Address)
			j.flag(`,"disabled":`, one.Disabled)
			j.flag(`,"group":`, one.IsGroup())
			j.number(`,"messages":`, one.Messages)
			if err := j.end(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return j.write("rooms.jsonl", func() error {
		for _, room := range plan.Rooms {
			if err := j.room(room); err != nil {
				return err
			}
		}
		return nil
	})
}

// room writes a room's line.
func (j *JSONLines) room(room *convert.Room) error {
	j.number(`{"number":`, room.Number)
	j.text(`,"guid":`, room.GUID)
	j.text(`,"name":`, room.Name)
	j.text(`,"description":`, room.Description)
	j.text(`,"category":`, room.Category)
	j.optional(`,"created":`, moment(room.Created))
	j.text(`,"privacy":`, string(room.Privacy))
	j.flag(`,"public":`, room.Public)
	j.flag(`,"auditorium":`, room.Auditorium)
	j.flag(`,"disabled":`, room.Disabled)
	j.list(`,"members":`, uris(j.plan, room.Members))
	j.list(`,"managers":`, uris(j.plan, room.Managers))
	j.list(`,"presenters":`, uris(j.plan, room.Presenters))
	j.number(`,"messages":`, room.Messages)
	j.optional(`,"first":`, moment(room.First))
	j.optional(`,"last":`, moment(room.Last))
	j.text(`,"file":`, roomFile(room, ".jsonl"))
	return j.end()
}

// write makes a file with the lines that fn gives.
func (j *JSONLines) write(name string, fn func() error) error {
	if err := j.open(name); err != nil {
		return err
	}
	return errors.Join(fn(), j.close())
}

func (j *JSONLines) open(name string) (err error) {
	if j.file, err = j.to.Create(name); err == nil {
		j.out = bufio.NewWriterSize(j.file, 64<<10)
	}
	return err
}

func (j *JSONLines) close() error { return errors.Join(j.out.Flush(), j.file.Close()) }

// Room begins the file of a room.
func (j *JSONLines) Room(room *convert.Room) error { return j.open(roomFile(room, ".jsonl")) }

// Message writes a line.
func (j *JSONLines) Message(m *convert.Message) error {
	j.number(`{"id":`, m.ID)
	j.optional(`,"time":`, moment(m.Sent))
	j.text(`,"uri":`, m.Author.URI)
	j.text(`,"name":`, m.Author.Name)
	j.text(`,"address":`, m.Author.Address)
	j.flag(`,"alert":`, m.Alert)
	j.text(`,"text":`, m.Text)
	if m.HasRTF {
		j.text(`,"rtf":`, m.RTF)
	} else {
		j.line = append(j.line, `,"rtf":null`...)
	}
	j.list(`,"files":`, links(j.plan, m))
	return j.end()
}

// EndRoom completes the file of a room.
func (j *JSONLines) EndRoom() error { return j.close() }

// File takes an uploaded file along.
func (j *JSONLines) File(f *convert.File, content io.Reader) error { return copyFile(j.to, f, content) }

// End has nothing left to do.
func (*JSONLines) End() error { return nil }

func (j *JSONLines) end() error {
	_, err := j.out.Write(append(j.line, "}\n"...))
	j.line = j.line[:0]
	return err
}

func (j *JSONLines) number(name string, n int64) {
	j.line = strconv.AppendInt(append(j.line, name...), n, 10)
}

func (j *JSONLines) flag(name string, value bool) {
	j.line = strconv.AppendBool(append(j.line, name...), value)
}

func (j *JSONLines) text(name, value string) { j.line = appendJSON(append(j.line, name...), value) }

func (j *JSONLines) optional(name, value string) {
	if value == "" {
		j.line = append(append(j.line, name...), "null"...)
		return
	}
	j.text(name, value)
}

func (j *JSONLines) list(name string, values []string) {
	j.line = append(append(j.line, name...), '[')
	for i, one := range values {
		if i > 0 {
			j.line = append(j.line, ',')
		}
		j.line = appendJSON(j.line, one)
	}
	j.line = append(j.line, ']')
}

// appendJSON writes WTF-8 as a JSON string that loses nothing.
func appendJSON(to []byte, text string) []byte {
	const digits = "0123456789abcdef"
	unit := func(u rune) {
		to = append(to, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	to = append(to, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				to = append(to, '\\', c)
			case c == '\n':
				to = append(to, `\n`...)
			case c < 0x20 || c == 0x7F:
				unit(rune(c))
			default:
				to = append(to, c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			if surrogate, ok := schema.Surrogate(text[i:]); ok {
				unit(surrogate)
				i += 3
				continue
			}
			to = append(to, "\uFFFD"...)
			i++
			continue
		}
		if r == '\u2028' || r == '\u2029' || r == '\u0085' { // some readers take them for the end of a line
			unit(r)
		} else {
			to = append(to, text[i:i+size]...)
		}
		i += size
	}
	return append(to, '"')
}
