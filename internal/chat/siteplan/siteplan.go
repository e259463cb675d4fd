package siteplan

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/rtf"
	"csbackup/internal/chat/site"
	"csbackup/internal/report"
)

// mostNamed is how many managers or presenters of a room are named.
const mostNamed = 20

// Rooms gives the rooms of a plan.
func Rooms(plan *convert.Plan) []site.Room {
	rooms := make([]site.Room, len(plan.Rooms))
	for i, r := range plan.Rooms {
		rooms[i] = site.Room{
			ID:          r.Number,
			Name:        r.Name,
			Category:    plan.CategoryPath(r),
			Description: r.Description,
			Facts:       facts(plan, r),
		}
	}
	return rooms
}

// facts say who could do what in a room.
func facts(plan *convert.Plan, r *convert.Room) []site.Fact {
	var all []site.Fact
	add := func(name, value string) { all = append(all, site.Fact{Name: name, Value: value}) }
	switch r.Privacy {
	case convert.Open:
		add("Open to", "all whom the category allows")
	case convert.Closed:
		add("Open to", "its members; all whom the category allows can find it")
	case convert.Secret:
		add("Open to", "its members, who alone can find it")
	}
	if r.Auditorium {
		add("Kind", "auditorium, in which only presenters write")
	}
	if r.Disabled {
		add("State", "disabled")
	}
	if !r.Created.IsZero() {
		add("Created", r.Created.UTC().Format("2006-01-02"))
	}
	for _, one := range []struct {
		name    string
		numbers []int64
	}{{"Managers", r.Managers}, {"Presenters", r.Presenters}} {
		if len(one.numbers) > 0 {
			add(one.name, names(plan, one.numbers))
		}
	}
	if n := len(r.Members); n > 0 {
		add("Members", report.Number(int64(n)))
	}
	return all
}

func names(plan *convert.Plan, numbers []int64) string {
	var list []string
	for _, n := range numbers[:min(len(numbers), mostNamed)] {
		list = append(list, plan.Person(n).Name)
	}
	text := strings.Join(list, ", ")
	if more := len(numbers) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %s more", report.Number(int64(more)))
	}
	return text
}

// People gives those who wrote messages of a plan.
func People(plan *convert.Plan) []site.Person {
	var people []site.Person
	seen := map[int64]bool{}
	for _, room := range plan.Rooms {
		for _, number := range room.Authors {
			if !seen[number] {
				seen[number] = true
				one := plan.Person(number)
				people = append(people, site.Person{ID: number, Name: one.Name, Address: one.URI})
			}
		}
	}
	return people
}

// Files gives the uploaded files of a plan, with what place each has among those of the archive.
func Files(ctx context.Context, plan *convert.Plan) (files []site.File, places []int, err error) {
	rooms := make(map[string]*convert.Room, len(plan.Rooms))
	for _, room := range plan.Rooms {
		rooms[room.GUID] = room
	}
	place := -1
	err = plan.Archive.Files(ctx, func(guid, name string, modified time.Time, size int64, _ io.Reader) error {
		place++
		room := rooms[guid]
		if room == nil {
			return nil
		}
		link := site.FileLink{Name: name, Path: site.FilePath(len(files), name), Size: size}
		files = append(
			files,
			site.File{FileLink: link, RoomID: room.Number, RoomName: room.Name, Modified: modified},
		)
		places = append(places, place)
		return nil
	})
	return files, places, err
}

// Message shows a message, with the files that it links to.
func Message(m *convert.Message, links *site.FileLinks) site.Message {
	one := site.Message{
		ID:     m.ID,
		At:     m.Sent,
		Author: m.Author.Number,
		Alert:  m.Alert,
		Text:   m.Text,
		Files:  links.Of(m.Room.Number, m.Text),
	}
	if m.HasRTF {
		one.HTML = formatted(m.RTF)
	}
	return one
}

// formatted gives the HTML of an RTF that looks otherwise than plain text; "" for any other, also for one
// that cannot be read: the plain text of the message says what there is.
func formatted(source string) template.HTML {
	document, err := rtf.Parse(source)
	if err != nil || document.IsPlain() {
		return ""
	}
	return template.HTML(document.HTML())
}
