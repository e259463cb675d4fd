package transfer

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"

	"csbackup/internal/chat/archive"
)

// bitmap is a set of places, a bit for each.
type bitmap []byte

func (b *bitmap) set(n int64) {
	for int64(len(*b)) <= n/8 {
		*b = append(*b, 0)
	}
	(*b)[n/8] |= 1 << (n % 8)
}

func (b bitmap) has(n int64) bool { return n/8 < int64(len(b)) && b[n/8]>>(n%8)&1 == 1 }

// digest stands for a message without its chatId.
type digest [2]uint64

// mostDigests is how many messages of a room are kept in memory at a time.
const mostDigests = 1 << 20

// nobody stands for all authors that do not exist.
const nobody = -1 << 40

// elsewhere looks for messages of the archive that are in the database's room under another number. The rooms
// are gone through once, and those with many messages again for each further part of these.
type elsewhere struct {
	planner *planner
	seeds   [2]maphash.Seed
	part    int64
	have    map[digest]int // the database's messages of the room that are not the archive's of the same number
	room    *roomPlan
	n       int64 // place of the next message in the room
}

func (r *roomPlan) parts() int64 { return r.count/mostDigests + 1 }

// findElsewhere leaves those messages alone that an earlier import added behind the last one, and names the others
// that are added there.
func (p *planner) findElsewhere() error {
	e := elsewhere{planner: p, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	parts := int64(0)
	for _, room := range p.rooms {
		if room.differs {
			parts = max(parts, room.parts())
		}
	}
	for e.part = range parts {
		wants := func(r archive.Room) bool { return p.rooms[r.ID].differs && e.part < p.rooms[r.ID].parts() }
		if err := p.archive.Messages(p.ctx, wants, e.begin, e.message); err != nil {
			return err
		}
	}
	return nil
}

// begin reads the database's room.
func (e *elsewhere) begin(r archive.Room) error {
	p := e.planner
	e.room, e.n, e.have = p.rooms[r.ID], 0, map[digest]int{}
	p.meter.at(e.room.name)
	n := int64(0)
	for m, err := range messagesOf(p.ctx, p.source, roomQuery(e.room.target)) {
		if err != nil {
			return err
		}
		n++
		if e.room.same.has(n - 1) {
			continue
		}
		if _, someone := p.persons[m.UserID]; !someone {
			m.UserID = nobody
		}
		if key, ours := e.of(m); ours {
			e.have[key]++
		}
	}
	return nil
}

func (e *elsewhere) message(m archive.Message) error {
	p, n := e.planner, e.n
	e.n++
	if e.room.actions.at(n) != behind {
		return nil
	}
	author, what := p.number("tblPrincipal", m.UserID)
	if m.UserID = author; what == isNothing {
		m.UserID = nobody
	}
	key, ours := e.of(m)
	switch {
	case !ours:
	case e.have[key] > 0:
		e.have[key]--
		e.room.actions.set(n, leave)
	default:
		p.clash(Clash{Table: "tblChat", Where: fmt.Sprintf("%s, message %d", e.room.name, m.ChatID), Database: "another message of this number",
			Archive: quoted(m.Content), Done: "added behind the last message of the room"})
	}
	return nil
}

// of gives the digest of a message; not ours where it belongs to another part.
func (e *elsewhere) of(m archive.Message) (key digest, ours bool) {
	var head [26]byte
	binary.LittleEndian.PutUint64(head[:], uint64(m.ChatDate))
	binary.LittleEndian.PutUint64(head[8:], uint64(m.UserID))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(m.Content)))
	if m.Alert {
		head[24] = 1
	}
	if m.HasRTF {
		head[25] = 1
	}
	for i, seed := range e.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.Write(head[:])
		h.WriteString(m.Content)
		h.WriteString(m.RTF)
		key[i] = h.Sum64()
	}
	return key, int64(key[0]%uint64(e.room.parts())) == e.part
}
