package mattermost

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"csbackup/internal/chat/convert"
)

// Format is the format mattermost.
type Format struct {
	// Team is the name of the team, as CheckTeam wants it.
	Team string

	plan     *convert.Plan
	to       convert.Target
	channels map[int64]string // names by room
	users    map[int64]string // usernames by person
	room     *convert.Room
	clock    convert.Clock
	file     io.WriteCloser
	out      *bufio.Writer
	encoder  *json.Encoder
}

// What Mattermost takes.
const (
	maxName        = 64
	maxDisplay     = 64 // characters
	maxPurpose     = 250
	maxHeader      = 1024
	maxFirstName   = 64
	maxPost        = 16_383
	usualMaxInTeam = 2000
)

// Rules says what the format needs. Times of 0 are refused by the importer.
func (*Format) Rules() convert.Rules {
	return convert.Rules{
		ByTime: true, Zip: true, Files: true, Address: checkAddress,
		Earliest: time.UnixMilli(1).UTC(), Latest: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// checkAddress takes an address of mail, or a username.
func checkAddress(text string) error {
	if strings.Contains(text, "@") {
		return convert.CheckMail(text)
	}
	if text == "" || len(text) > maxName || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return errors.New("it is neither an address of mail nor a username of a-z, 0-9, points, hyphens and underscores")
	}
	return nil
}

// reserved are the beginnings that Mattermost does not take for a team's name.
var reserved = []string{
	"admin", "api", "channel", "claim", "error", "files", "help", "landing", "login", "mfa", "oauth", "plug", "plugins", "post",
	"signup", "boards", "playbooks",
}

// CheckTeam tells what is wrong with the name of a team.
func CheckTeam(name string) error {
	switch {
	case len(name) < 2 || len(name) > maxName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return errors.New("a team's name has 2 to 64 characters of a-z, 0-9 and hyphens")
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return errors.New("a team's name begins and ends with a letter or a digit")
	case slices.ContainsFunc(reserved, func(one string) bool { return strings.HasPrefix(name, one) }):
		return errors.New("Mattermost keeps names that begin so for itself")
	}
	return nil
}

type team struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	OpenInvite  bool   `json:"allow_open_invite"`
}

type channel struct {
	Team        string `json:"team"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Type        string `json:"type"`
	Header      string `json:"header"`
	Purpose     string `json:"purpose"`
	DeletedAt   int64  `json:"deleted_at,omitempty"`
}

type userChannel struct {
	Name  string `json:"name"`
	Roles string `json:"roles"`
}

type userTeam struct {
	Name     string        `json:"name"`
	Roles    string        `json:"roles"`
	Channels []userChannel `json:"channels"`
}

type user struct {
	Username  string     `json:"username"`
	Email     string     `json:"email"`
	FirstName string     `json:"first_name"`
	Roles     string     `json:"roles"`
	DeleteAt  int64      `json:"delete_at,omitempty"`
	Teams     []userTeam `json:"teams"`
}

type attachment struct {
	Path string `json:"path"`
}

type post struct {
	Team        string       `json:"team"`
	Channel     string       `json:"channel"`
	User        string       `json:"user"`
	Message     string       `json:"message"`
	CreateAt    int64        `json:"create_at"`
	Attachments []attachment `json:"attachments,omitempty"`
}

// line is one line of the file.
type line struct {
	Type    string   `json:"type"`
	Version int      `json:"version,omitempty"`
	Team    *team    `json:"team,omitempty"`
	Channel *channel `json:"channel,omitempty"`
	User    *user    `json:"user,omitempty"`
	Post    *post    `json:"post,omitempty"`
}

// Begin writes everything that stands before the posts.
func (f *Format) Begin(plan *convert.Plan, to convert.Target) (err error) {
	f.plan, f.to = plan, to
	plan.NoteRights()
	f.nameChannels()
	if f.file, err = to.Create("import.jsonl"); err != nil {
		return err
	}
	f.out = bufio.NewWriterSize(f.file, 256<<10)
	f.encoder = json.NewEncoder(f.out)
	f.encoder.SetEscapeHTML(false)
	if err := f.encoder.Encode(line{Type: "version", Version: 1}); err != nil {
		return err
	}
	err = f.encoder.Encode(line{Type: "team", Team: &team{Name: f.Team, DisplayName: "Persistent Chat", Type: "I", Description: "Rooms of Persistent Chat"}})
	if err != nil {
		return err
	}
	for _, room := range plan.Rooms {
		if err := f.encoder.Encode(line{Type: "channel", Channel: f.channel(room)}); err != nil {
			return err
		}
	}
	return f.people()
}

func (f *Format) nameChannels() {
	names := &convert.Names{}
	names.Reserve("town-square", "off-topic")
	f.channels = map[int64]string{}
	for _, room := range f.plan.Rooms {
		base := convert.Slug(room.Name, true)
		if len(base) < 2 || strings.Contains(base, "__") { // the names of direct channels have two underscores
			base = fmt.Sprintf("room-%d", room.Number)
		}
		name := names.Take(strings.TrimLeft(base, "_"), maxName)
		f.channels[room.Number] = name
		if utf8.RuneCountInString(room.Name) > maxDisplay {
			f.plan.Notes.Change("Rooms whose display name was cut to 64 characters", room.Name, 1)
		}
		if utf8.RuneCountInString(room.Description) > maxPurpose {
			f.plan.Notes.Change("Descriptions that were cut to 250 characters", room.Name, 1)
		}
	}
	if over := int64(len(f.plan.Rooms) - usualMaxInTeam); over > 0 {
		f.plan.Notes.Change("Channels above the 2,000 that a server takes in a team: raise MaxChannelsPerTeam before the import", "", over)
	}
}

// channel gives the line of a room.
func (f *Format) channel(room *convert.Room) *channel {
	c := &channel{
		Team: f.Team, Name: f.channels[room.Number], DisplayName: cut(room.Name, maxDisplay), Type: "P",
		Header: cut(room.Category, maxHeader), Purpose: cut(room.Description, maxPurpose),
	}
	if room.Public {
		c.Type = "O"
	}
	if strings.TrimSpace(c.DisplayName) == "" {
		c.DisplayName = c.Name
	}
	if room.Disabled {
		c.DeletedAt = f.ended()
	}
	return c
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(convert.Valid(text), "\x00", "")), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// ended is when what is closed was closed, as far as an archive tells: with its last message.
func (f *Format) ended() int64 {
	last := int64(1)
	for _, room := range f.plan.Rooms {
		if !room.Last.IsZero() {
			last = max(last, room.Last.UnixMilli())
		}
	}
	return last
}

// members gives the people in a channel.
func members(room *convert.Room) []int64 {
	if room.Public {
		return slices.Concat(room.Members, room.Managers, room.Presenters, room.Authors)
	}
	return room.Readers
}

// people writes the users with the channels that they are in.
func (f *Format) people() error {
	channels := map[int64][]userChannel{}
	for _, room := range f.plan.Rooms {
		managers := map[int64]bool{}
		for _, one := range f.plan.Identities(room.Managers) {
			managers[one.Number] = true
		}
		for _, one := range f.plan.Identities(members(room)) {
			roles := "channel_user"
			if managers[one.Number] {
				roles += " channel_admin"
			}
			channels[one.Number] = append(channels[one.Number], userChannel{f.channels[room.Number], roles})
		}
	}
	f.users = map[int64]string{}
	ended := f.ended()
	for _, one := range convert.Accounts(f.plan, members) {
		f.users[one.Number] = one.Username
		u := &user{
			Username: one.Username, Email: one.Email, FirstName: cut(one.Name, maxFirstName), Roles: "system_user",
			Teams: []userTeam{{f.Team, "team_user", channels[one.Number]}},
		}
		if u.Teams[0].Channels == nil {
			u.Teams[0].Channels = []userChannel{}
		}
		if one.Placeholder {
			u.DeleteAt = ended
		}
		if err := f.encoder.Encode(line{Type: "user", User: u}); err != nil {
			return err
		}
		delete(channels, one.Number)
	}
	return nil
}

// Room begins a channel.
func (f *Format) Room(room *convert.Room) error {
	f.room, f.clock = room, convert.Clock{Unit: time.Millisecond}
	return nil
}

// Message writes a post, or several for a long text.
func (f *Format) Message(m *convert.Message) error {
	parts := convert.SplitText(f.plan.PlainText(m), maxPost)
	if len(parts) > 1 {
		f.plan.Notes.Change("Messages that became several because of their length", f.plan.Where(m), 1)
	}
	if m.Alert {
		f.plan.Notes.Change("Alerts, which became normal messages", f.plan.Where(m), 1)
	}
	for i, part := range parts {
		at, moved := f.clock.Next(m.Time)
		if moved && i == 0 {
			f.plan.Notes.Change("Messages whose time was moved by milliseconds, because another has it", f.plan.Where(m), 1)
		}
		p := &post{Team: f.Team, Channel: f.channels[m.Room.Number], User: f.users[f.plan.Identity(m.Author).Number], Message: part, CreateAt: at.UnixMilli()}
		if i == len(parts)-1 {
			for _, file := range f.plan.Links(m) {
				p.Attachments = append(p.Attachments, attachment{place(file)})
			}
		}
		if err := f.encoder.Encode(line{Type: "post", Post: p}); err != nil {
			return err
		}
	}
	return nil
}

// place names an uploaded file below data.
func place(file *convert.File) string { return file.Room.GUID + "/" + file.Name }

// EndRoom has nothing left to do.
func (*Format) EndRoom() error { return nil }

// File takes an uploaded file along.
func (f *Format) File(file *convert.File, content io.Reader) error {
	if err := f.endPosts(); err != nil {
		return err
	}
	out, err := f.to.Create("data/" + place(file))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// End completes the file.
func (f *Format) End() error { return f.endPosts() }

// endPosts closes the file of posts once.
func (f *Format) endPosts() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.out.Flush(), f.file.Close())
	f.file = nil
	return err
}
