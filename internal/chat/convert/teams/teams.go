package teams

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/rtf"
)

// Format is the format teams.
type Format struct {
	// Account is the object id of the user who owns the teams, and who speaks for placeholders.
	Account string
	// Now is the time of the conversion: no message may be later.
	Now time.Time

	plan    *convert.Plan
	to      convert.Target
	places  map[int64]place
	room    *convert.Room
	clock   convert.Clock
	file    io.WriteCloser
	out     *bufio.Writer
	encoder *json.Encoder
}

// place is where a room goes.
type place struct {
	team *group
	name string
}

// group is a team with the rooms that go to it.
type group struct {
	key, name string
	rooms     []*convert.Room
	standard  int
	private   int
	names     convert.Names
}

// What a team holds.
const (
	maxStandard = 900
	maxPrivate  = 30
	maxChannel  = 50  // characters
	maxTeam     = 200 // characters
	maxAbout    = 1000
)

// CheckAccount tells whether a text is no object id.
func CheckAccount(text string) error {
	if !isObjectID(text) {
		return errors.New("it is no object id of Microsoft Entra ID, such as 6c2d5b1e-0f3a-4a53-9d0e-7d2b8f1a9c44")
	}
	return nil
}

// Rules says what the format needs.
func (f *Format) Rules() convert.Rules {
	return convert.Rules{
		ByTime: true, Folder: true, Files: true, Address: CheckAccount,
		Earliest: time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), Latest: f.Now,
	}
}

// Begin writes teams and channels.
func (f *Format) Begin(plan *convert.Plan, to convert.Target) error {
	f.plan, f.to = plan, to
	plan.NoteRights()
	groups := f.distribute()
	id := sha256.New()
	if err := f.write(TeamsName, id, func() error {
		for _, g := range groups {
			if err := f.encoder.Encode(f.team(g)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := f.write(ChannelsName, id, func() error {
		for _, room := range plan.Rooms {
			if err := f.encoder.Encode(f.channel(room)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	info := Info{Format: Kind, Version: Version, ID: hex.EncodeToString(id.Sum(nil))[:20], Teams: int64(len(groups)), Channels: int64(len(plan.Rooms))}
	for _, room := range plan.Rooms {
		info.Messages += room.Messages
	}
	return f.write(InfoName, io.Discard, func() error { return f.encoder.Encode(info) })
}

// write makes a file, whose content goes to another writer, too.
func (f *Format) write(name string, also io.Writer, fn func() error) error {
	if err := f.open(name, also); err != nil {
		return err
	}
	return errors.Join(fn(), f.close())
}

func (f *Format) open(name string, also io.Writer) (err error) {
	if f.file, err = f.to.Create(name); err != nil {
		return err
	}
	f.out = bufio.NewWriterSize(io.MultiWriter(f.file, also), 64<<10)
	f.encoder = json.NewEncoder(f.out)
	f.encoder.SetEscapeHTML(false)
	return nil
}

func (f *Format) close() error { return errors.Join(f.out.Flush(), f.file.Close()) }

// distribute puts the rooms into teams and names their channels.
func (f *Format) distribute() []*group {
	var groups []*group
	open := map[int64]*group{} // by category, the team that takes more
	f.places = map[int64]place{}
	names := &convert.Names{}
	for _, room := range f.plan.Rooms {
		g := open[room.CategoryNumber]
		if g == nil || room.Public && g.standard == maxStandard || !room.Public && g.private == maxPrivate {
			g = &group{key: fmt.Sprintf("team-%d", len(groups)+1)}
			base := allowed(room.Category, maxTeam)
			if base == "" {
				base = "Persistent Chat"
			}
			g.name = numbered(names, base, maxTeam)
			g.names.Reserve("general", "forms", "con", "prn", "aux", "nul", "conin$", "conout$", "desktop.ini")
			open[room.CategoryNumber] = g
			groups = append(groups, g)
		}
		if g.rooms = append(g.rooms, room); room.Public {
			g.standard++
		} else {
			g.private++
		}
		base := allowed(room.Name, maxChannel)
		if base == "" || convert.IsDevice(strings.ToLower(base)) {
			base = fmt.Sprintf("Room %d", room.Number)
		}
		name := numbered(&g.names, base, maxChannel)
		f.places[room.Number] = place{g, name}
		if name != room.Name {
			f.plan.Notes.Change("Rooms whose channel has another name", room.Name+": "+name, 1)
		}
		if room.Disabled {
			f.plan.Notes.LeaveOut("Disabled rooms: people can write in their channels; archive the team, or lock the channel by moderation", room.Name, 1)
		}
	}
	return groups
}

// numbered takes a name, with a number behind it where it is taken.
func numbered(names *convert.Names, base string, most int) string {
	return names.Choose(strings.ToLower(base), func(n int) string {
		if n == 1 {
			return base
		}
		suffix := fmt.Sprintf(" %d", n)
		return strings.TrimRight(cut(base, most-len(suffix)), " .") + suffix
	})
}

// allowed gives a text as the name of a team or channel: what is not allowed becomes a hyphen.
func allowed(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("~#%&*{}+/\\:<>?|'\",", r) || unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || unicode.Is(unicode.Cf, r) {
			return '-'
		}
		return r
	}, convert.Valid(text))
	text = strings.Trim(strings.Join(strings.Fields(text), " "), "-_. ")
	return strings.TrimRight(cut(text, most), "-. ")
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// team gives the line of a team.
func (f *Format) team(g *group) Team {
	earliest := f.Now
	members := map[string]bool{}
	for _, room := range g.rooms {
		if at := f.created(room); at.Before(earliest) {
			earliest = at
		}
		for _, one := range f.plan.Identities(people(room)) {
			if one.Address != "" {
				members[strings.ToLower(one.Address)] = true
			}
		}
	}
	account := strings.ToLower(f.Account)
	delete(members, account)
	t := Team{Key: g.key, Members: []Member{newMember(account, true)}, Create: NewTeam{
		Mode: "migration", Template: GraphURL + "/teamsTemplates('standard')", DisplayName: g.name, Visibility: "private",
		Description: "Rooms of Persistent Chat", Created: stamp(earliest.Add(-time.Second)),
	}}
	ids := make([]string, 0, len(members))
	for id := range members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		t.Members = append(t.Members, newMember(id, false))
	}
	return t
}

// people gives those who become members of a team because of a room.
func people(room *convert.Room) []int64 {
	if room.Public {
		return slices.Concat(room.Members, room.Managers, room.Presenters, room.Authors)
	}
	return room.Readers
}

// created gives when a channel begins: a second before its first message, or when the room was made.
func (f *Format) created(room *convert.Room) time.Time {
	at := room.Created
	if at.IsZero() || at.After(f.Now) {
		at = f.Now
	}
	if !room.First.IsZero() && !at.Before(room.First) {
		at = room.First
	}
	if earliest := f.Rules().Earliest; at.Before(earliest) {
		at = earliest
	}
	return at.Add(-time.Second)
}

// channel gives the line of a room.
func (f *Format) channel(room *convert.Room) Channel {
	where := f.places[room.Number]
	c := Channel{
		Key: fmt.Sprint(room.Number), Team: where.team.key, Private: !room.Public, Members: []Member{}, File: messagesFile(room),
		Create: NewChannel{DisplayName: where.name, Description: cut(convert.Valid(room.Description), maxAbout), Membership: "standard"},
	}
	if room.Public {
		c.Create.Mode, c.Create.Created = "migration", stamp(f.created(room))
		return c
	}
	c.Create.Membership, c.Start = "private", &Start{stamp(f.created(room))}
	owners, others := f.owners(room)
	c.Create.Members = []Member{newMember(owners[0], true)}
	for _, id := range owners[1:] {
		c.Members = append(c.Members, newMember(id, true))
	}
	for _, id := range others {
		c.Members = append(c.Members, newMember(id, false))
	}
	return c
}

// owners gives the users who own a private channel, at least one, and its other members.
func (f *Format) owners(room *convert.Room) (owners, others []string) {
	managers := map[int64]bool{}
	for _, one := range f.plan.Identities(room.Managers) {
		managers[one.Number] = true
	}
	for _, one := range f.plan.Identities(room.Readers) {
		switch id := strings.ToLower(one.Address); {
		case id == "":
		case managers[one.Number]:
			owners = append(owners, id)
		default:
			others = append(others, id)
		}
	}
	if len(owners) == 0 && len(others) > 0 {
		owners, others = others[:1], others[1:]
	}
	if len(owners) == 0 {
		f.plan.Notes.Change("Private rooms that nobody in the map reads: they belong to the account of --account", room.Name, 1)
		owners = []string{strings.ToLower(f.Account)}
	}
	return owners, others
}

func messagesFile(room *convert.Room) string {
	return fmt.Sprintf("messages/%d-%s.jsonl", room.Number, convert.FileName(room.Name))
}

// Room begins the file of a channel.
func (f *Format) Room(room *convert.Room) error {
	f.room, f.clock = room, convert.Clock{Unit: time.Millisecond}
	return f.open(messagesFile(room), io.Discard)
}

// Message writes a request, or several for a long message.
func (f *Format) Message(m *convert.Message) error {
	user, prefix := f.author(m.Author)
	parts := bodies(f.document(m), prefix)
	if len(parts) > 1 {
		f.plan.Notes.Change("Messages that became several because of their length", f.plan.Where(m), 1)
	}
	for i, part := range parts {
		at, moved := f.clock.Next(m.Time)
		if moved && i == 0 {
			f.plan.Notes.Change("Messages whose time was moved by milliseconds, because another has it", f.plan.Where(m), 1)
		}
		one := Message{Created: stamp(at), From: From{user}, Body: Body{"html", part}}
		if m.Alert {
			one.Importance = "high"
		}
		if err := f.encoder.Encode(one); err != nil {
			return err
		}
	}
	return nil
}

// author gives who a message comes from, and what stands before its text.
func (f *Format) author(one *convert.Person) (User, string) {
	name := cut(rtf.Plain(one.Name).Text(), 256)
	if address := f.plan.Identity(one).Address; address != "" {
		return User{strings.ToLower(address), name, "aadUser"}, ""
	}
	prefix := string(rtf.AppendHTML(nil, rtf.Span{Text: name, Style: rtf.Style{Bold: true}})) + "<br>"
	return User{strings.ToLower(f.Account), name, "aadUser"}, prefix
}

// document gives a message with its formatting.
func (f *Format) document(m *convert.Message) rtf.Document {
	if m.HasRTF {
		if doc, err := rtf.Parse(m.RTF); err == nil && len(doc.Spans) > 0 {
			if doc.Pictures > 0 {
				f.plan.Notes.LeaveOut("Pictures in the RTF of messages", f.plan.Where(m), int64(doc.Pictures))
			}
			return doc
		}
	}
	return rtf.Plain(f.plan.PlainText(m))
}

// EndRoom completes the file of a channel.
func (f *Format) EndRoom() error { return f.close() }

// File puts an uploaded file beside the requests.
func (f *Format) File(file *convert.File, content io.Reader) error {
	f.plan.Notes.LeaveOut("Uploaded files, which Graph does not import: upload them from the folder files to their channels", file.Room.Name, 1)
	out, err := f.to.Create(fmt.Sprintf("files/%d-%s/%s", file.Room.Number, convert.FileName(file.Room.Name), file.Name))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// End has nothing left to do.
func (*Format) End() error { return nil }
