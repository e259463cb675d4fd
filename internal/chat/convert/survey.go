package convert

import (
	"context"
	"slices"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/report"
)

// sent gives the time of ticks, zero where they are none between the years 1 and 9999.
func sent(ticks int64) time.Time {
	if at := archive.Time(ticks); ticks > 0 && at.Year() >= 1 && at.Year() <= 9999 {
		return at
	}
	return time.Time{}
}

// clock places the messages of a room in time.
type clock struct {
	rules Rules
	last  time.Time
}

// place gives the time that a message has in the format, and whether it is its own.
func (c *clock) place(at time.Time) (placed time.Time, own bool) {
	own = !at.IsZero() && !at.Before(c.rules.Earliest) && (c.rules.Latest.IsZero() || !at.After(c.rules.Latest))
	if own {
		c.last = at
		return at, true
	}
	if c.last.IsZero() {
		c.last = c.rules.Earliest
	}
	return c.last, false
}

// wanted tells which rooms are chosen.
func (p *Plan) wanted() map[int64]*Room {
	rooms := map[int64]*Room{}
	for _, r := range p.Rooms {
		rooms[r.Number] = r
	}
	return rooms
}

// survey counts the messages that are taken, and who wrote them.
func (p *Plan) survey(ctx context.Context, progress func(report.Progress)) error {
	rooms := p.wanted()
	var room *Room
	var at clock
	authors := map[int64]int64{}
	m := newMeter(progress, "Counting", p.messages())
	done := func() {
		if room == nil {
			return
		}
		for number, messages := range authors {
			room.Authors = append(room.Authors, number)
			p.Person(number).Messages += messages
		}
		slices.Sort(room.Authors)
		clear(authors)
	}
	err := p.Archive.Messages(ctx, func(r archive.Room) bool { return rooms[r.ID] != nil }, func(r archive.Room) error {
		done()
		room, at = rooms[r.ID], clock{rules: p.rules}
		room.inOrder = true
		m.at(room.Name)
		return p.budget.take(len(room.Authors) * 8)
	}, func(one archive.Message) error {
		m.add(1)
		own := sent(one.ChatDate)
		if !p.selection.takes(own) {
			p.LeftByTime++
			return nil
		}
		placed, isOwn := at.place(own)
		if !isOwn {
			p.NoTime++
		}
		if room.Messages == 0 {
			room.First = placed
		}
		room.inOrder = room.inOrder && !placed.Before(room.Last)
		if placed.Before(room.First) {
			room.First = placed
		}
		if placed.After(room.Last) {
			room.Last = placed
		}
		room.Messages++
		authors[one.UserID]++
		return nil
	})
	done()
	m.end()
	return err
}

// messages is how many messages the archive has.
func (p *Plan) messages() (n int64) {
	for _, m := range p.Archive.Manifest().Members {
		if m.FirstRoom != 0 || m.LastRoom != 0 {
			n += m.Rows
		}
	}
	return n
}
