package convert

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/report"
)

// Run hands everything that the plan takes to the format, and what the format wrote to the output. The
// output is complete when Run returns nil.
func Run(ctx context.Context, p *Plan, f Format, to Output, progress func(report.Progress)) error {
	r := &running{ctx: ctx, plan: p, format: f, to: to, meter: newMeter(progress, "Converting", p.total())}
	return r.all()
}

// running is one run.
type running struct {
	ctx     context.Context
	plan    *Plan
	format  Format
	to      Output
	meter   *meter
	next    int // place of the next room in the plan
	room    *Room
	skipped bool // the room is complete already
	at      clock
	sorter  *sorter
	message Message
	mark    []int64
}

func (p *Plan) total() (n int64) {
	for _, room := range p.Rooms {
		n += room.Messages
	}
	return n
}

func (r *running) all() error {
	if r.plan.NoTime > 0 {
		r.plan.Notes.Change("Messages without a usable time, placed at the time of the message before", "", r.plan.NoTime)
	}
	if err := r.format.Begin(r.plan, r.to); err != nil {
		return err
	}
	if err := r.rooms(); err != nil {
		return errors.Join(err, r.drop())
	}
	if err := r.files(); err != nil {
		return err
	}
	if err := r.format.End(); err != nil {
		return err
	}
	r.meter.end()
	return nil
}

// rooms gives all rooms with their messages.
func (r *running) rooms() error {
	wanted := r.plan.wanted()
	err := r.plan.Archive.Messages(r.ctx, func(one archive.Room) bool {
		room := wanted[one.ID]
		return room != nil && !r.done(room)
	}, func(one archive.Room) error {
		if err := r.end(); err != nil {
			return err
		}
		for r.plan.Rooms[r.next].Number != one.ID {
			if err := r.begin(); err != nil {
				return err
			}
			if err := r.end(); err != nil {
				return err
			}
		}
		return r.begin()
	}, r.one)
	if err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	for r.next < len(r.plan.Rooms) { // rooms without messages behind the last that has some
		if err := r.begin(); err != nil {
			return err
		}
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

// done tells that an earlier run has completed a room.
func (r *running) done(room *Room) bool { return !r.plan.rules.Whole && r.to.Done(room.Number) }

// begin starts the next room.
func (r *running) begin() error {
	r.room = r.plan.Rooms[r.next]
	r.next++
	if r.skipped = r.done(r.room); r.skipped {
		r.meter.add(r.room.Messages)
		return nil
	}
	r.at = clock{rules: r.plan.rules}
	r.meter.at(r.room.Name)
	r.mark = r.plan.Notes.mark()
	if r.plan.rules.ByTime && !r.room.inOrder {
		r.sorter = &sorter{memory: sortMemory}
	}
	if err := r.to.Begin(r.room.Number); err != nil {
		return err
	}
	return r.format.Room(r.room)
}

// one takes a message of the archive.
func (r *running) one(m archive.Message) error {
	own := sent(m.ChatDate)
	if !r.plan.selection.takes(own) {
		return nil
	}
	placed, _ := r.at.place(own)
	k := kept{ID: m.ChatID, Author: m.UserID, Sent: own, Time: placed, Alert: m.Alert, Text: m.Content, RTF: m.RTF, HasRTF: m.HasRTF}
	if r.sorter != nil {
		return r.sorter.add(k)
	}
	return r.give(k)
}

// give hands a message to the format.
func (r *running) give(k kept) error {
	r.meter.add(1)
	r.message = Message{
		Room: r.room, Author: r.plan.Person(k.Author), ID: k.ID, Sent: k.Sent, Time: k.Time, Alert: k.Alert,
		Text: k.Text, RTF: k.RTF, HasRTF: k.HasRTF,
	}
	return r.format.Message(&r.message)
}

// end completes the room that began last.
func (r *running) end() error {
	if r.room == nil || r.skipped {
		r.room = nil
		return nil
	}
	if r.sorter != nil {
		if err := r.sorter.each(r.give); err != nil {
			return err
		}
		if err := r.drop(); err != nil {
			return err
		}
	}
	if err := r.format.EndRoom(); err != nil {
		return err
	}
	number := r.room.Number
	r.room = nil
	return r.to.Complete(number, r.plan.Notes.since(r.mark))
}

func (r *running) drop() error {
	if r.sorter == nil {
		return nil
	}
	err := r.sorter.close()
	r.sorter = nil
	return err
}

// files gives the uploaded files.
func (r *running) files() error {
	if len(r.plan.files) == 0 {
		return nil
	}
	if !r.format.Rules().Files {
		for _, room := range r.plan.Rooms {
			r.plan.Notes.LeaveOut("Uploaded files", room.Name, int64(room.Files))
		}
		return nil
	}
	rooms := map[string]*Room{}
	for _, room := range r.plan.Rooms {
		rooms[room.GUID] = room
	}
	r.meter.at("uploaded files")
	return r.plan.Archive.Files(r.ctx, func(guid, name string, at time.Time, size int64, content io.Reader) error {
		room := rooms[guid]
		if room == nil {
			return nil
		}
		f, ok := r.plan.File(room, name)
		if !ok {
			return nil
		}
		f.ModTime = at
		return r.format.File(f, content)
	})
}

// PeopleOf gives the principals that a conversion names: who wrote, and who reads a private room; each once,
// in the order of their numbers.
func (p *Plan) PeopleOf() []*Person {
	seen := map[int64]bool{}
	var all []*Person
	for _, room := range p.Rooms {
		for _, n := range slices.Concat(room.Authors, room.Readers) {
			if !seen[n] {
				seen[n] = true
				all = append(all, p.Person(n))
			}
		}
	}
	slices.SortFunc(all, func(a, b *Person) int { return int(a.Number - b.Number) })
	return all
}

// Resume adds what an interrupted run noted of the rooms that are complete.
func (p *Plan) Resume(notes []Note) {
	if !p.rules.Whole {
		p.Notes.join(notes)
	}
}
