package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
	"csbackup/internal/module"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatShow prints the rooms of an archive, or the messages of one.
type ChatShow struct {
	FileName string
	Room     string // name, GUID or number; "" lists the rooms
	Limit    int64  // the most rooms or messages; 0 for all
}

// AddFlags registers the command's flags.
func (o *ChatShow) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Room, "room", "", "show the messages of this `room`: its name, GUID, or number in the source")
	flags.Int64Var(&o.Limit, "limit", 0, "show at most this `number` of rooms or messages; 0 for all")
}

// SetArguments takes the archive's path.
func (o *ChatShow) SetArguments(args []string) error {
	o.FileName = args[0]
	return nil
}

// Run lists rooms or messages. Each part of the archive is proven as it is read.
func (o *ChatShow) Run(ctx context.Context, env *Environment) error {
	if o.Limit < 0 {
		return failure.New(failure.OutOfRange, strconv.FormatInt(o.Limit, 10), "--limit is below 0", "Give the most rooms or messages to show, or 0 for all.")
	}
	a, file, err := openArchive(o.FileName)
	if err != nil {
		return err
	}
	show := o.rooms
	if o.Room != "" {
		show = o.messages
	}
	err = show(ctx, env, a)
	if errors.Is(err, errShown) {
		err = nil
	}
	return errors.Join(err, file.Close())
}

// errShown ends the reading when enough was shown.
var errShown = errors.New("enough was shown")

// ChatRoom is a room of an archive.
type ChatRoom struct {
	Name         anyText
	Guid         string // "" for a room that did not exist in the source
	Number       int64  // in the source
	Messages     int64
	FirstMessage *time.Time // null without messages, and for a time after the year 9999
	LastMessage  *time.Time

	first, last time.Time // the same for people
}

type chatRooms []ChatRoom

// Items gives the rooms one by one.
func (r chatRooms) Items() []any { return report.Items(r) }

// Tables shows the rooms in one table.
func (r chatRooms) Tables() []report.Table {
	table := report.Table{Header: []string{"Room", "GUID", "Messages", "First", "Last"}}
	for _, one := range r {
		first, last := "", ""
		if !one.first.IsZero() {
			first, last = moment(one.first), moment(one.last)
		}
		table.Rows = append(table.Rows, []string{string(one.Name), one.Guid, report.Number(one.Messages), first, last})
	}
	if len(r) == 0 {
		return []report.Table{{Title: "The archive holds no rooms."}}
	}
	return []report.Table{table}
}

func (o *ChatShow) rooms(ctx context.Context, env *Environment, a *archive.Archive) error {
	rooms, err := listRooms(ctx, a)
	if err != nil {
		return err
	}
	places := map[int64]int{}
	for i, one := range rooms {
		places[one.Number] = i
	}
	var at *ChatRoom
	err = a.Messages(ctx, nil, func(r archive.Room) error {
		at = &rooms[places[r.ID]]
		return nil
	}, func(m archive.Message) error {
		at.Messages++
		if sent := archive.Time(m.ChatDate); !sent.IsZero() {
			if at.first.IsZero() || sent.Before(at.first) {
				at.first = sent
			}
			if sent.After(at.last) {
				at.last = sent
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, one := range rooms {
		rooms[i].FirstMessage, rooms[i].LastMessage = known(one.first), known(one.last)
	}
	if o.Limit > 0 && int64(len(rooms)) > o.Limit {
		rooms = rooms[:o.Limit]
	}
	return env.Sink.Object(chatRooms(rooms))
}

// listRooms gives the rooms that travel or have messages, without counting these.
func listRooms(ctx context.Context, a *archive.Archive) ([]ChatRoom, error) {
	var rooms []ChatRoom
	seen := map[int64]bool{}
	err := a.Rows(ctx, "tblNode", func(row []any) error {
		if row[3].(int64) == 0 {
			seen[row[0].(int64)] = true
			rooms = append(rooms, ChatRoom{Number: row[0].(int64), Guid: row[1].(string), Name: anyText(row[4].(string))})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = a.Messages(ctx, func(r archive.Room) bool {
		if !seen[r.ID] {
			seen[r.ID] = true
			name := r.Name
			if !r.Known {
				name = fmt.Sprintf("number %d, which is no room", r.ID)
			}
			rooms = append(rooms, ChatRoom{Number: r.ID, Guid: r.GUID, Name: anyText(name)})
		}
		return false
	}, nil, nil)
	return rooms, err
}

// find gives the one room that was named.
func (o *ChatShow) find(rooms []ChatRoom) (ChatRoom, error) {
	guid := strings.ToLower(strings.Trim(o.Room, "{}"))
	tests := []func(ChatRoom) bool{
		func(r ChatRoom) bool { return r.Guid == guid },
		func(r ChatRoom) bool { return string(r.Name) == o.Room },
		func(r ChatRoom) bool { return strings.EqualFold(string(r.Name), o.Room) },
		func(r ChatRoom) bool { return strconv.FormatInt(r.Number, 10) == o.Room },
	}
	for _, fits := range tests {
		var found []ChatRoom
		for _, one := range rooms {
			if fits(one) {
				found = append(found, one)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			guids := make([]string, len(found))
			for i, one := range found {
				guids[i] = one.Guid
			}
			return ChatRoom{}, failure.New(failure.RoomNotFound, o.Room, fmt.Sprintf("%d rooms are called %.100q", len(found), o.Room),
				"Name one by its GUID: "+strings.Join(firstOnes(guids, 10), ", ")+".")
		}
	}
	names := make([]string, len(rooms))
	for i, one := range rooms {
		names[i] = string(one.Name)
	}
	hint := "There are: " + strings.Join(firstOnes(names, 20), ", ") + "."
	if len(names) == 0 {
		hint = "The archive holds no rooms."
	}
	if nearest, ok := module.Nearest(o.Room, names); ok {
		hint = fmt.Sprintf("Did you mean %.100q? ", nearest) + hint
	}
	return ChatRoom{}, failure.New(failure.RoomNotFound, o.Room, fmt.Sprintf("The archive has no room %.100q", o.Room), hint)
}

// ChatMessage is a message as it is shown.
type ChatMessage struct {
	Room   anyText
	ChatId int64
	Time   *time.Time // null where Ticks are no date of the years 1 to 9999
	Ticks  int64      // as the database has the time: 100 ns since the start of the year 1
	Author anyText    // the principal's URI
	Alert  bool
	Text   anyText
}

type chatMessages []ChatMessage

// Items gives the messages one by one.
func (m chatMessages) Items() []any { return report.Items(m) }

// Tables shows some messages in one table.
func (m chatMessages) Tables() []report.Table {
	table := report.Table{Header: []string{"No.", "Time", "From", "Message"}}
	for _, one := range m {
		at, text := fmt.Sprintf("%d ticks", one.Ticks), string(one.Text)
		if sent := archive.Time(one.Ticks); !sent.IsZero() {
			at = moment(sent)
		}
		if one.Alert {
			text = "(alert) " + text
		}
		table.Rows = append(table.Rows, []string{strconv.FormatInt(one.ChatId, 10), at, string(one.Author), text})
	}
	return []report.Table{table}
}

// together is how many messages are shown in one table.
const together = 500

func (o *ChatShow) messages(ctx context.Context, env *Environment, a *archive.Archive) error {
	rooms, err := listRooms(ctx, a)
	if err != nil {
		return err
	}
	room, err := o.find(rooms)
	if err != nil {
		return err
	}
	authors, err := listAuthors(ctx, a)
	if err != nil {
		return err
	}
	some, shown := chatMessages{}, int64(0)
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		defer func() { some = some[:0] }()
		return env.Sink.Object(some)
	}
	err = a.Messages(ctx, func(r archive.Room) bool { return r.ID == room.Number }, func(archive.Room) error { return nil }, func(m archive.Message) error {
		author, ok := authors[m.UserID]
		if !ok {
			author = fmt.Sprintf("principal number %d", m.UserID)
		}
		some = append(some, ChatMessage{Room: room.Name, ChatId: m.ChatID, Time: known(archive.Time(m.ChatDate)), Ticks: m.ChatDate, Author: anyText(author), Alert: m.Alert, Text: anyText(m.Content)})
		if shown++; shown == o.Limit {
			return errShown
		}
		if len(some) == together {
			return flush()
		}
		return nil
	})
	if err != nil && !errors.Is(err, errShown) {
		return err
	}
	return errors.Join(err, flush())
}

// listAuthors gives the URIs of the principals by their number.
func listAuthors(ctx context.Context, a *archive.Archive) (map[int64]string, error) {
	authors := map[int64]string{}
	err := a.Rows(ctx, "tblPrincipal", func(row []any) error {
		authors[row[0].(int64)] = row[2].(string)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = a.Principals(ctx, func(p archive.PrincipalReference) error {
		if p.Known {
			authors[p.ID] = p.URI
		}
		return nil
	})
	return authors, err
}
