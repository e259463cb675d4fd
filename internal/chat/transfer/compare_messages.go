package transfer

import (
	"fmt"
	"iter"
	"math"
	"strconv"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// roomPlan is what happens to the messages of one room of the archive.
type roomPlan struct {
	target  int64
	name    string // for people
	all     bool   // every message is added under its own number; actions are empty then
	none    bool   // no message can be taken
	actions actions
	next    int64 // the chatId of the first message that is added behind
	highest int64 // chatId in the archive
	counts  RoomResult

	differs bool   // messages of another time or author have the same chatId
	same    bitmap // of the database's messages in their order, those that are the archive's of the same chatId
	there   int64  // the database's highest chatId
	count   int64  // of the database's messages
}

// wantsWrite tells whether any message of the room is inserted.
func (r *roomPlan) wantsWrite() bool { return !r.none && r.counts.Added > 0 }

// compareMessages plans the messages, room by room: the archive's and the database's side by side, in the order of their
// chatId. A new room is compared too, as messages without a room may stand under its number.
func (p *planner) compareMessages() error {
	t, _ := schema.Lookup("tblChat")
	messages := &tablePlan{table: t, counts: TableResult{Table: t.Name}}
	p.tables[t.Name] = messages
	if err := p.readCounters(); err != nil {
		return err
	}
	existing, err := p.source.Count(p.ctx, database.Query{Table: t.Name})
	if err != nil {
		return err
	}
	if existing == 0 {
		p.addAll()
	} else if err := p.compareRooms(); err != nil {
		return err
	}
	if err := p.findElsewhere(); err != nil {
		return err
	}
	return p.countRooms(messages)
}

// addAll plans messages for a database that has none. What the proof of the archive found out is enough for that.
func (p *planner) addAll() {
	for _, r := range p.talk.Rooms {
		room := p.beginRoom(r.ID)
		room.all = !room.none
		room.counts.Messages, room.highest = r.Messages, r.Highest
		p.meter.rows(r.Messages)
	}
	for _, author := range p.talk.Authors {
		p.noteAuthor(author)
	}
}

// compareRooms goes through the messages of the archive and of the database.
func (p *planner) compareRooms() error {
	var c *roomComparison
	defer func() {
		if c != nil {
			c.stop()
		}
	}()
	end := func() error {
		if c == nil {
			return nil
		}
		err := c.end()
		c = nil
		return err
	}
	var room *roomPlan
	err := p.archive.Messages(p.ctx, nil, func(r archive.Room) error {
		if err := end(); err != nil {
			return err
		}
		room = p.beginRoom(r.ID)
		p.meter.at(room.name)
		if !room.none {
			c = newRoomComparison(p, r, room)
		}
		return nil
	}, func(m archive.Message) error {
		p.meter.rows(1)
		room.counts.Messages++
		room.highest = max(room.highest, m.ChatID)
		p.noteAuthor(m.UserID)
		if c != nil {
			return c.message(m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

// noteAuthor tells of an author who is in neither.
func (p *planner) noteAuthor(id int64) {
	if _, what := p.number("tblPrincipal", id); what == isMissing {
		p.absent("tblPrincipal", id, "a message")
	}
}

// beginRoom decides what is known of a room before its messages are looked at.
func (p *planner) beginRoom(number int64) *roomPlan {
	to, what := p.number("tblNode", number)
	room := &roomPlan{target: to, name: p.archived.path(number)}
	room.counts.Category, room.counts.Name = p.archived.place(number)
	p.rooms[number] = room
	switch what {
	case isMissing:
		p.absent("tblNode", number, "a message")
		room.none = true
	case isLeftOut:
		room.none = true
		p.result.leaveOut("The messages of %s, as the room is left out", room.name)
	case isNothing:
		if p.isNode(number) {
			room.none = true
			p.result.leaveOut("The messages of number %d, which was no room in the source and is another one in the database", number)
		}
	}
	return room
}

// isNode tells whether a number stands for a node of the database, or will.
func (p *planner) isNode(number int64) bool {
	if _, ok := p.tree.nodes[number]; ok {
		return true
	}
	for id, to := range p.nodes.to {
		if to == number && !p.nodes.nothing[id] && !p.nodes.leftOut[id] {
			return true
		}
	}
	return false
}

// countRooms adds the rooms up.
func (p *planner) countRooms(messages *tablePlan) error {
	sum := &messages.counts
	for id, room := range p.rooms {
		c := &room.counts
		switch {
		case room.all:
			c.Added = c.Messages
		case room.none:
			c.LeftOut = c.Messages
		}
		for n := range room.actions.count {
			switch room.actions.at(n) {
			case leave:
				c.Same++
			case add:
				c.Added++
			case change:
				c.Changed++
			case behind:
				c.Added++
				c.Renumbered++
			}
		}
		last := max(room.there, room.highest, p.last[room.target], p.archLast[id])
		if c.Renumbered > 0 && last > math.MaxInt64-1-c.Renumbered {
			return p.noNumbers("tblChat")
		}
		room.next = last + 1
		sum.Rows, sum.Added, sum.Changed, sum.Same, sum.LeftOut = sum.Rows+c.Messages, sum.Added+c.Added, sum.Changed+c.Changed, sum.Same+c.Same, sum.LeftOut+c.LeftOut
	}
	return nil
}

// roomComparison walks through a room of the archive and the same room of the database.
type roomComparison struct {
	planner *planner
	number  int64 // in the archive
	room    *roomPlan
	next    func() (archive.Message, error, bool)
	stop    func()
	there   archive.Message
	have    bool
}

func newRoomComparison(p *planner, r archive.Room, room *roomPlan) *roomComparison {
	c := &roomComparison{planner: p, number: r.ID, room: room}
	c.next, c.stop = iter.Pull2(ahead(messagesOf(p.ctx, p.source, roomQuery(room.target)), messageSize))
	return c
}

// advance moves on in the database's room.
func (c *roomComparison) advance() error {
	m, err, ok := c.next()
	if err != nil {
		return err
	}
	if c.have = ok; ok {
		c.there = m
		c.room.there = max(c.room.there, m.ChatID)
		c.room.count++
	}
	return nil
}

// message decides about one message of the archive.
func (c *roomComparison) message(m archive.Message) error {
	if c.room.actions.count == 0 {
		if err := c.advance(); err != nil {
			return err
		}
	}
	for c.have && c.there.ChatID < m.ChatID {
		if err := c.advance(); err != nil {
			return err
		}
	}
	if !c.have || c.there.ChatID > m.ChatID {
		c.room.actions.append(add)
		return nil
	}
	one := c.planner.decideMessage(c.number, c.room, m, c.there)
	c.room.actions.append(one)
	if one != behind {
		c.room.same.set(c.room.count - 1)
	}
	return nil
}

// end reads the rest of the room, for its highest number.
func (c *roomComparison) end() error {
	defer c.stop()
	for c.have {
		if err := c.advance(); err != nil {
			return err
		}
	}
	if !c.room.differs {
		c.room.same = nil
	}
	return nil
}

// decideMessage decides about two messages with the same number.
func (p *planner) decideMessage(number int64, room *roomPlan, in, there archive.Message) action {
	if in.ChatDate != there.ChatDate || !p.sameAuthor(in.UserID, there.UserID) {
		room.differs = true
		return behind
	}
	if in.Content == there.Content && in.HasRTF == there.HasRTF && in.RTF == there.RTF && in.Alert == there.Alert {
		return leave
	}
	c := Clash{Table: "tblChat", Where: fmt.Sprintf("%s, message %d", room.name, in.ChatID), Database: quoted(there.Content), Archive: quoted(in.Content), Done: "the archive's text is taken"}
	if in.Content == there.Content {
		c.Database, c.Archive = "the same text in another form: "+form(there), "the same text in another form: "+form(in)
	}
	one := change
	archived, ok := p.archLast[number]
	switch {
	case there.Content == replaced && in.Content != replaced:
		one, c.Done = leave, "the database's text stays, because an administrator put it there"
	case in.Content != replaced && ok && p.last[room.target] > archived:
		one, c.Done = leave, "the database's text stays, because messages were added to the room since"
	}
	p.clash(c)
	return one
}

// replaced is what an administrator's command puts in the place of a message, unless told otherwise. It is never undone.
const replaced = "This message was replaced by the Persistent Chat administrator."

// quoted shows a text to people, with its beginning and end.
func quoted(text string) string { return strconv.Quote(short(text)) }

func form(m archive.Message) string {
	text := "without RTF"
	if m.HasRTF {
		text = quoted(m.RTF)
	}
	if m.Alert {
		text += ", an alert"
	}
	return text
}

// sameAuthor tells whether a message of the archive and one of the database are of the same principal, or both of none.
func (p *planner) sameAuthor(in, there int64) bool {
	to, what := p.number("tblPrincipal", in)
	if what == isNothing {
		_, someone := p.persons[there]
		return !someone
	}
	return to == there
}
