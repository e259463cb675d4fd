package transfer

import (
	"maps"
	"slices"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// counterChange moves one counter on: the highest number that was given out in a room or to a principal.
type counterChange struct {
	table string
	id    int64 // in the database
	from  int64 // what it was; it is new where isNew
	to    int64
	isNew bool
}

// readCounters reads the counters of rooms on both sides.
func (p *planner) readCounters() error {
	err := p.source.Rows(p.ctx, database.Query{Table: "tblLastChatId"}, func(row []any) error {
		raise(p.last, row[0].(int64), row[1].(int64))
		return nil
	})
	if err != nil {
		return err
	}
	return p.archive.Rows(p.ctx, "tblLastChatId", func(row []any) error {
		raise(p.archLast, row[0].(int64), row[1].(int64))
		return nil
	})
}

func raise(highest map[int64]int64, id, number int64) {
	if before, ok := highest[id]; !ok || number > before {
		highest[id] = number
	}
}

// compareCounters plans the counters: those of rooms and principals that have one already are moved on to the highest
// number of both sides and of what is written.
func (p *planner) compareCounters() error {
	needed := map[int64]int64{}
	for id, room := range p.rooms {
		if room.counts.Added == 0 || p.nodes.isNew(id) || p.nodes.nothing[id] {
			continue // the counter of a new room comes as it was
		}
		highest := max(room.there, room.highest)
		if room.counts.Renumbered > 0 {
			highest = room.next - 1 + room.counts.Renumbered
		}
		raise(needed, room.target, highest)
	}
	if err := p.compareCounter("tblLastChatId", p.last, needed); err != nil {
		return err
	}
	last, invited := map[int64]int64{}, map[int64]int64{}
	err := p.source.Rows(p.ctx, database.Query{Table: "tblLastInviteId"}, func(row []any) error {
		raise(last, row[0].(int64), row[1].(int64))
		return nil
	})
	if err != nil {
		return err
	}
	n := int64(0)
	err = p.archive.Rows(p.ctx, "tblPrincipalInvites", func(row []any) error {
		if number, ok := p.invites[n]; ok {
			to, _ := p.number("tblPrincipal", row[0].(int64))
			raise(invited, to, number)
		}
		n++
		return nil
	})
	if err != nil {
		return err
	}
	return p.compareCounter("tblLastInviteId", last, invited)
}

// compareCounter plans one table of counters. there is what the database has, needed what the written rows ask for.
func (p *planner) compareCounter(name string, there, needed map[int64]int64) error {
	t, _ := schema.Lookup(name)
	plan, mapper := &tablePlan{table: t, counts: TableResult{Table: name}}, p.rowMapOf(t)
	p.tables[name] = plan
	moved := maps.Clone(there)
	added := map[int64]int64{} // counters that come with the archive, and their number
	err := p.archive.Rows(p.ctx, name, func(row []any) error {
		p.meter.rows(1)
		if problem := mapper.apply(row); problem != "" {
			p.result.leaveOut("%s %s: %s", name, values(t, row, []int{0}), problem)
			plan.take(leftOut)
			return nil
		}
		id, number := row[0].(int64), row[1].(int64)
		switch before, ok := there[id]; {
		case !ok:
			raise(added, id, number)
			plan.take(add)
		case number > max(before, moved[id]):
			plan.take(change)
		default:
			plan.take(leave)
		}
		raise(moved, id, number)
		return nil
	})
	if err != nil {
		return err
	}
	for id, number := range needed {
		raise(moved, id, number)
	}
	for _, id := range slices.Sorted(maps.Keys(moved)) {
		before, ok := there[id]
		if archived, comes := added[id]; comes {
			before, ok = archived, true
		}
		if !ok || moved[id] > before {
			p.counters = append(p.counters, counterChange{table: name, id: id, from: before, to: moved[id], isNew: !ok})
		}
	}
	return nil
}
