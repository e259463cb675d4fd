package transfer

import (
	"maps"
	"slices"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// fileLink is what a message about an uploaded file begins its link with.
const fileLink = "ma-filelink:"

// messageQueries are the queries that give the messages of the selection, room by room.
func (e *exporter) messageQueries(columns []string) []database.Query {
	var where []database.Condition
	if !e.options.StartDate.IsZero() {
		where = append(where, database.Condition{Column: "chatDate", Operator: database.MoreEqual, Values: []any{Ticks(e.options.StartDate)}})
	}
	order := []string{"channelId", "chatId"}
	channels := e.chosen.channels()
	if channels == nil {
		return []database.Query{{Table: "tblChat", Columns: columns, Where: where, OrderBy: order}}
	}
	queries := make([]database.Query, len(channels))
	for i, id := range channels {
		room := append(slices.Clone(where), database.Condition{Column: "channelId", Operator: database.Equal, Values: []any{id}})
		queries[i] = database.Query{Table: "tblChat", Columns: columns, Where: room, OrderBy: order}
	}
	return queries
}

func (e *exporter) messages() error {
	if e.schema != schema.Chat || !e.chosen.messages() {
		return nil
	}
	for _, query := range e.messageQueries(nil) {
		for m, err := range ahead(messagesOf(e.ctx, e.source, query), messageSize) {
			if err == nil {
				err = e.message(m)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// message writes one message.
func (e *exporter) message(m archive.Message) error {
	if e.room == nil || e.room.number != m.ChannelID {
		if err := e.beginRoom(m.ChannelID); err != nil {
			return err
		}
	}
	e.room.add(m)
	e.months.Add(m.ChatDate)
	if !e.usedPeople[m.UserID] {
		e.usedPeople[m.UserID], e.wantedPeople[m.UserID] = true, true
	}
	if strings.Contains(m.Content, fileLink) && !e.store.has(e.room.GUID, m.Content) {
		e.links++
	}
	e.meter.rows(1)
	return e.writer.Message(m)
}

// beginRoom begins a room with messages.
func (e *exporter) beginRoom(number int64) error {
	n, known := e.tree.nodes[number]
	e.room = e.count(number)
	e.usedNodes[number] = true
	e.meter.at(e.tree.path(number))
	return e.writer.Room(archive.Room{ID: number, GUID: n.guid, Name: n.name, Known: known})
}

// count makes the count of a room.
func (e *exporter) count(number int64) *RoomCount {
	c := &RoomCount{number: number, GUID: e.tree.nodes[number].guid}
	c.Category, c.Name = e.tree.place(number)
	e.counts[number] = c
	return c
}

// gather finds out which principals and add-ins rows of the selection refer to.
func (e *exporter) gather() error {
	if e.schema != schema.Chat {
		return nil
	}
	for _, t := range schema.Tables(e.schema) {
		if err := e.gatherTable(t); err != nil {
			return err
		}
	}
	if e.chosen.level == schema.LevelUser {
		for _, query := range e.messageQueries([]string{"userId"}) {
			err := e.source.Rows(e.ctx, query, func(row []any) error {
				e.wantedPeople[row[0].(int64)] = true
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	waiting := slices.Collect(maps.Keys(e.wantedPeople))
	for len(waiting) > 0 {
		id := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		for _, other := range e.people[id].others {
			if !e.wantedPeople[other] {
				e.wantedPeople[other] = true
				waiting = append(waiting, other)
			}
		}
	}
	return nil
}

// gatherTable notes what the rows of one table refer to.
func (e *exporter) gatherTable(t schema.Table) error {
	people := columnsTo(t, "tblPrincipal")
	switch {
	case len(people) == 0, t.Name == "tblChat", t.Name == "tblPrincipal", !t.Travels():
		return nil
	case e.chosen.scoped && (t.Name == "tblPreference" || t.Name == "tblLastInviteId"):
		return nil // these do not decide about a principal
	}
	column, nodes := e.chosen.limit(t.Name)
	if t.Name == "tblNode" && e.chosen.level == schema.LevelUser {
		nodes = e.chosen.rights
	}
	of, addIn := t.Place(column), t.Place("siopID")
	return e.source.Rows(e.ctx, database.Query{Table: t.Name}, func(row []any) error {
		if column != "" && !nodes[row[of].(int64)] {
			return nil
		}
		note(e.wantedPeople, row, people)
		if addIn >= 0 {
			if guid, ok := row[addIn].(string); ok {
				e.wantedAddIns[guid] = true
			}
		}
		if t.Name == "tblPrincipalInvites" {
			e.invited[row[0].(int64)] = true
		}
		return nil
	})
}

// tables writes the rows of all tables but messages.
func (e *exporter) tables() error {
	for _, t := range schema.Tables(e.schema) {
		if !e.chosen.takes(t) || (t.Name == "tblChat" && e.schema == schema.Chat) {
			continue
		}
		e.meter.at(t.Name)
		if err := e.table(t); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) table(t schema.Table) error {
	if err := e.writer.Table(t.Name); err != nil {
		return err
	}
	keep := e.filter(t)
	nodes, people := columnsTo(t, "tblNode"), columnsTo(t, "tblPrincipal")
	return e.source.Rows(e.ctx, database.Query{Table: t.Name, OrderBy: orderOf(t)}, func(row []any) error {
		if !keep(row) {
			return nil
		}
		note(e.usedNodes, row, nodes)
		note(e.usedPeople, row, people)
		e.meter.rows(1)
		return e.writer.Row(row)
	})
}

func note(used map[int64]bool, row []any, places []int) {
	for _, at := range places {
		if id, ok := row[at].(int64); ok {
			used[id] = true
		}
	}
}

// orderOf gives an order in which the rows of a table are always the same.
func orderOf(t schema.Table) []string {
	if len(t.Key) > 0 {
		return t.Key
	}
	var names []string
	for _, c := range t.Columns {
		if c.Type != schema.Image {
			names = append(names, c.Name)
		}
	}
	return names
}

// filter tells which rows of a table travel.
func (e *exporter) filter(t schema.Table) func(row []any) bool {
	if column, nodes := e.chosen.limit(t.Name); column != "" {
		at := t.Place(column)
		return func(row []any) bool { return nodes[row[at].(int64)] }
	}
	switch {
	case t.Name == "tblPrincipal":
		return func(row []any) bool { return e.wantedPeople[row[0].(int64)] }
	case t.Name == "tblLastInviteId" && e.chosen.scoped:
		return func(row []any) bool { return e.invited[row[0].(int64)] }
	case t.Name == "tblSiopWhiteList" && (e.chosen.scoped || e.chosen.level == schema.LevelCategory):
		return func(row []any) bool { return e.wantedAddIns[row[0].(string)] }
	}
	return func([]any) bool { return true }
}

// references says what the numbers stand for whose own row does not travel.
func (e *exporter) references() error {
	if e.schema != schema.Chat {
		return nil
	}
	for id := range e.chosen.rows {
		e.usedNodes[id] = true
	}
	for id := range e.tree.withParents(e.usedNodes) {
		e.usedNodes[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(e.usedNodes)) {
		n, known := e.tree.nodes[id]
		if e.chosen.rows[id] && known {
			continue
		}
		reference := archive.NodeReference{ID: id, Known: known, GUID: n.guid, Name: n.name, Category: n.category, Parent: n.parent, HasParent: n.hasParent}
		if err := e.writer.Node(reference); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.usedPeople)) {
		p, known := e.people[id]
		if known && e.chosen.people() && e.wantedPeople[id] {
			continue
		}
		if err := e.writer.Principal(archive.PrincipalReference{ID: id, Known: known, GUID: p.guid, URI: p.uri}); err != nil {
			return err
		}
	}
	return nil
}
