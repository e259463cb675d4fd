package slack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/convert"
)

// Format is the format slack.
type Format struct {
	plan     *convert.Plan
	to       convert.Target
	channels map[int64]string // names by room
	room     *convert.Room
	clock    convert.Clock
	day      string // of the file that is open; "" for none
	file     io.WriteCloser
	out      *bufio.Writer
}

const (
	maxChannel = 80
	maxText    = 40_000 // characters
	// team is the workspace that all people belong to.
	team = "T00000001"
)

// Rules says what the format needs: Slack counts times from 1970.
func (*Format) Rules() convert.Rules {
	return convert.Rules{
		ByTime: true, Folder: true, Zip: true, Files: true, Address: convert.CheckMail,
		Earliest: time.Unix(1, 0).UTC(), Latest: time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

type profile struct {
	RealName    string `json:"real_name"`
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
}

type user struct {
	ID       string  `json:"id"`
	Team     string  `json:"team_id"`
	Name     string  `json:"name"`
	Deleted  bool    `json:"deleted"`
	RealName string  `json:"real_name"`
	Profile  profile `json:"profile"`
	IsBot    bool    `json:"is_bot"`
}

type topic struct {
	Value   string `json:"value"`
	Creator string `json:"creator"`
	LastSet int64  `json:"last_set"`
}

type channel struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Created    int64    `json:"created"`
	Creator    string   `json:"creator"`
	IsArchived bool     `json:"is_archived"`
	IsGeneral  bool     `json:"is_general"`
	Members    []string `json:"members"`
	Topic      topic    `json:"topic"`
	Purpose    topic    `json:"purpose"`
}

type upload struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	User     string `json:"user"`
	Size     int64  `json:"size"`
	Private  string `json:"url_private"`
	Download string `json:"url_private_download"`
}

type message struct {
	Type  string   `json:"type"`
	User  string   `json:"user"`
	Text  string   `json:"text"`
	TS    string   `json:"ts"`
	Files []upload `json:"files,omitempty"`
}

func userID(one *convert.Person) string { return fmt.Sprintf("U%08X", uint32(one.Number)) }

func channelID(room *convert.Room) string {
	if room.Public {
		return fmt.Sprintf("C%08X", uint32(room.Number))
	}
	return fmt.Sprintf("G%08X", uint32(room.Number))
}

// Begin writes people and channels.
func (f *Format) Begin(plan *convert.Plan, to convert.Target) error {
	f.plan, f.to = plan, to
	plan.NoteRights()
	f.nameChannels()
	if err := f.users(); err != nil {
		return err
	}
	return errors.Join(f.list("channels.json", true), f.list("groups.json", false))
}

func (f *Format) nameChannels() {
	names := &convert.Names{}
	f.channels = map[int64]string{}
	for _, room := range f.plan.Rooms {
		base := convert.Slug(room.Name, false)
		if base == "" {
			base = fmt.Sprintf("room-%d", room.Number)
		}
		if convert.IsDevice(base) {
			base += "-room"
		}
		name := names.Take(base, maxChannel)
		f.channels[room.Number] = name
		if name != room.Name {
			f.plan.Notes.Change("Rooms whose channel has another name", room.Name+": "+name, 1)
		}
	}
}

func (f *Format) users() error {
	accounts := convert.Accounts(f.plan, f.members)
	return f.array("users.json", func(add func(any) error) error {
		for _, one := range accounts {
			u := user{
				ID: userID(one.Person), Team: team, Name: one.Username, Deleted: one.Placeholder, RealName: one.Name,
				Profile: profile{RealName: one.Name, DisplayName: one.Name, Email: one.Email},
			}
			if err := add(u); err != nil {
				return err
			}
		}
		return nil
	})
}

// members gives the people in a channel.
func (f *Format) members(room *convert.Room) []int64 {
	if room.Public {
		return slices.Concat(room.Members, room.Managers, room.Presenters, room.Authors)
	}
	return room.Readers
}

// list writes the public or the private channels.
func (f *Format) list(name string, public bool) error {
	return f.array(name, func(add func(any) error) error {
		for _, room := range f.plan.Rooms {
			if room.Public != public {
				continue
			}
			c := channel{
				ID: channelID(room), Name: f.channels[room.Number], Created: created(room).Unix(), IsArchived: room.Disabled,
				Members: f.ids(f.members(room)), Topic: topic{Value: convert.Valid(room.Category)}, Purpose: topic{Value: convert.Valid(room.Description)},
			}
			if len(c.Members) > 0 {
				c.Creator = c.Members[0]
			}
			if err := add(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// created gives when a room was made, at the latest when its first message was written.
func created(room *convert.Room) time.Time {
	at := room.Created
	if at.IsZero() || !room.First.IsZero() && room.First.Before(at) {
		at = room.First
	}
	if at.Unix() < 1 {
		at = time.Unix(1, 0)
	}
	return at
}

// ids gives the users of principals, each once and without groups.
func (f *Format) ids(numbers []int64) []string {
	list := []string{}
	for _, one := range f.plan.Identities(numbers) {
		list = append(list, userID(one))
	}
	return list
}

// array writes a file with a JSON array, an element a line.
func (f *Format) array(name string, fn func(add func(any) error) error) error {
	if err := f.open(name); err != nil {
		return err
	}
	first := true
	err := fn(func(one any) error {
		err := f.element(one, first)
		first = false
		return err
	})
	return errors.Join(err, f.close())
}

func (f *Format) open(name string) (err error) {
	if f.file, err = f.to.Create(name); err != nil {
		return err
	}
	f.out = bufio.NewWriterSize(f.file, 64<<10)
	_, err = f.out.WriteString("[")
	return err
}

// element writes an element of the array that is open.
func (f *Format) element(one any, first bool) error {
	if !first {
		_ = f.out.WriteByte(',')
	}
	_ = f.out.WriteByte('\n')
	text, err := json.Marshal(one)
	if err != nil {
		return err
	}
	_, err = f.out.Write(text)
	return err
}

func (f *Format) close() error {
	_, err := f.out.WriteString("\n]\n")
	return errors.Join(err, f.out.Flush(), f.file.Close())
}

// Room begins a channel.
func (f *Format) Room(room *convert.Room) error {
	f.room, f.day, f.clock = room, "", convert.Clock{Unit: time.Microsecond}
	return nil
}

// escape writes what Slack's texts have for the characters of its own marks.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Message writes a message, or several for a long one.
func (f *Format) Message(m *convert.Message) error {
	parts := convert.SplitText(f.plan.PlainText(m), maxText)
	if len(parts) > 1 {
		f.plan.Notes.Change("Messages that became several because of their length", f.plan.Where(m), 1)
	}
	if m.Alert {
		f.plan.Notes.Change("Alerts, which became normal messages", f.plan.Where(m), 1)
	}
	for i, part := range parts {
		at, _ := f.clock.Next(m.Time)
		one := message{
			Type: "message", User: userID(f.plan.Identity(m.Author)), Text: escape.Replace(part),
			TS: fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000),
		}
		if i == len(parts)-1 {
			one.Files = f.files(m)
		}
		if err := f.post(one, at.Format(time.DateOnly)); err != nil {
			return err
		}
	}
	return nil
}

// post writes a message into the file of its day.
func (f *Format) post(one message, day string) error {
	first := day != f.day
	if first {
		if f.day != "" {
			if err := f.close(); err != nil {
				return err
			}
		}
		if err := f.open(f.channels[f.room.Number] + "/" + day + ".json"); err != nil {
			return err
		}
		f.day = day
	}
	return f.element(one, first)
}

// files gives the uploaded files that a message links to.
func (f *Format) files(m *convert.Message) (list []upload) {
	for _, file := range f.plan.Links(m) {
		id := fileID(file)
		place := "__uploads/" + id + "/" + file.Name
		list = append(list, upload{id, file.Name, file.Name, userID(f.plan.Identity(m.Author)), file.Size, place, place})
	}
	return list
}

// fileID makes an id of the file's name, which begins with a GUID, and its room.
func fileID(file *convert.File) string {
	id := strings.ToUpper(strings.ReplaceAll(convert.FileName(file.Name), "-", ""))
	return fmt.Sprintf("F%08X%s", uint32(file.Room.Number), convert.Shorten(id, 40))
}

// EndRoom completes the file of the last day.
func (f *Format) EndRoom() error {
	if f.day == "" {
		return nil
	}
	return f.close()
}

// File takes an uploaded file along.
func (f *Format) File(file *convert.File, content io.Reader) error {
	out, err := f.to.Create("__uploads/" + fileID(file) + "/" + file.Name)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// End has nothing left to do.
func (*Format) End() error { return nil }
