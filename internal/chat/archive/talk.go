package archive

import (
	"maps"
	"slices"
)

// Talk says where messages stand and who wrote them.
type Talk struct {
	Rooms   []RoomTalk // in the order of their numbers
	Authors []int64    // in their order, each once
}

// RoomTalk is what stands in one room.
type RoomTalk struct {
	ID       int64
	Messages int64
	Highest  int64 // chatId; 0 where all are below
}

// mostTalk is how many rooms and how many authors are remembered.
const mostTalk = 1 << 20

// talk collects a Talk, of one part of the messages or of all.
type talk struct {
	rooms   map[int64]*RoomTalk
	authors map[int64]bool
	room    *RoomTalk // that began last
	many    bool      // more came than is remembered
}

func newTalk() *talk { return &talk{rooms: map[int64]*RoomTalk{}, authors: map[int64]bool{}} }

// begin starts a room, or goes on with it.
func (t *talk) begin(id int64) {
	t.room = t.rooms[id]
	if t.room != nil {
		return
	}
	t.room = &RoomTalk{ID: id}
	if t.many = t.many || len(t.rooms) == mostTalk; !t.many {
		t.rooms[id] = t.room
	}
}

// add counts messages of the room.
func (t *talk) add(messages, highest int64) {
	t.room.Messages += messages
	t.room.Highest = max(t.room.Highest, highest)
}

// from notes who wrote.
func (t *talk) from(author int64) {
	if t.many = t.many || (len(t.authors) == mostTalk && !t.authors[author]); !t.many {
		t.authors[author] = true
	}
}

// join takes what another part of the messages says.
func (t *talk) join(part *talk) {
	t.many = t.many || part.many
	for id, room := range part.rooms {
		t.begin(id)
		t.add(room.Messages, room.Highest)
	}
	for author := range part.authors {
		t.from(author)
	}
}

// done gives what was collected, nil where it was too much.
func (t *talk) done() *Talk {
	if t.many {
		return nil
	}
	all := &Talk{Authors: slices.Sorted(maps.Keys(t.authors))}
	for _, id := range slices.Sorted(maps.Keys(t.rooms)) {
		all.Rooms = append(all.Rooms, *t.rooms[id])
	}
	return all
}
