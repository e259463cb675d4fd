package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// applier carries a plan out in one transaction.
type applier struct {
	*plan
	ctx     context.Context
	archive *archive.Archive
	to      database.Writer
	target  string
	meter   *meter
}

// apply writes what the plan says, table by table, and compares the counts.
func (a *applier) apply() error {
	if err := a.empty(); err != nil {
		return err
	}
	for _, t := range schema.Tables(a.schema) {
		if err := a.table(t); err != nil {
			return err
		}
	}
	for _, c := range a.counters {
		if err := a.counter(c); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) table(t schema.Table) error {
	plan := a.tables[t.Name]
	if plan == nil || plan.counts.Added+plan.counts.Changed == 0 {
		return nil
	}
	a.meter.at(t.Name)
	if plan.counts.Added > 0 {
		if err := a.insert(t, plan.counts.Added); err != nil {
			return err
		}
	}
	if plan.counts.Changed == 0 || t.Kind == schema.Counter {
		return nil // counters are moved on after everything else
	}
	if t.Name == "tblChat" {
		return a.changeMessages()
	}
	return a.change(t, plan)
}

// insert loads the new rows of a table in bulk. What the database holds afterwards must be what it held before and the
// new rows.
func (a *applier) insert(t schema.Table, planned int64) error {
	query := database.Query{Table: t.Name}
	before, err := a.to.Count(a.ctx, query)
	if err != nil {
		return err
	}
	rows := a.newRows(t)
	if t.Name == "tblChat" {
		rows = a.newMessages()
	}
	next, stop := iter.Pull2(ahead(rows, rowSize))
	defer stop()
	inserted, err := a.to.Insert(a.ctx, t.Name, t.ColumnNames(), func() ([]any, error) {
		row, err, _ := next() // no row at the end
		return row, err
	})
	if err != nil {
		return err
	}
	after, err := a.to.Count(a.ctx, query)
	if err != nil {
		return err
	}
	if inserted != planned || after != before+planned {
		return a.miscount(t.Name, planned, inserted, after-before)
	}
	return nil
}

func (a *applier) miscount(table string, planned, inserted, grown int64) error {
	return failure.New(failure.DatabaseFailed, a.target,
		fmt.Sprintf("%s of %s was to take %d rows, reported %d and grew by %d", table, a.target, planned, inserted, grown),
		"Nothing was changed. Stop the Persistent Chat services of the target, so that nobody else writes, and import again.")
}

// errEnough ends the reading of an archive whose rows are no longer wanted.
var errEnough = errors.New("enough")

// newRows gives the rows of a table that are added, as the database gets them.
func (a *applier) newRows(t schema.Table) iter.Seq2[[]any, error] {
	return a.rows(t, add)
}

// rows gives the rows of one action.
func (a *applier) rows(t schema.Table, wanted action) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		plan, mapper := a.tables[t.Name], a.rowMap(t)
		if guids := a.keptGUIDs[t.Name]; guids != nil {
			mapper.keep = keptGUID(guids)
		}
		n := int64(0)
		err := a.archive.Rows(a.ctx, t.Name, func(row []any) error {
			at := n
			n++
			if plan.actions.at(at) != wanted {
				return nil
			}
			mapper.apply(row)
			if number, ok := a.invites[at]; ok && t.Name == "tblPrincipalInvites" {
				row[1] = number
			}
			a.meter.rows(1)
			if !yield(row, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// rowSize is about how many bytes a row has in memory.
func rowSize(row []any) int { return schema.Size(row) + 24*len(row) }

// newMessages gives the messages that are added.
func (a *applier) newMessages() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		err := a.eachMessage(func(room *roomPlan) bool { return room.wantsWrite() }, func(room *roomPlan, one action, m archive.Message) error {
			if one != add && one != behind {
				return nil
			}
			if one == behind {
				m.ChatID = room.next
				room.next++
			}
			author, _ := a.number("tblPrincipal", m.UserID)
			row := []any{room.target, m.ChatID, m.ChatDate, author, int64(0), m.Content, nil}
			if m.Alert {
				row[4] = int64(1)
			}
			if m.HasRTF {
				row[6] = m.RTF
			}
			a.meter.rows(1)
			if !yield(row, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// eachMessage gives the messages of the wanted rooms with what is planned for them.
func (a *applier) eachMessage(wanted func(*roomPlan) bool, fn func(room *roomPlan, one action, m archive.Message) error) error {
	var room *roomPlan
	n := int64(0)
	return a.archive.Messages(a.ctx, func(r archive.Room) bool { return wanted(a.rooms[r.ID]) }, func(r archive.Room) error {
		room, n = a.rooms[r.ID], 0
		a.meter.at(room.name)
		return nil
	}, func(m archive.Message) error {
		one := add
		if !room.all {
			one = room.actions.at(n)
			n++
		}
		return fn(room, one, m)
	})
}

// changeMessages gives messages of the database the archive's text.
func (a *applier) changeMessages() error {
	return a.eachMessage(func(room *roomPlan) bool { return room.counts.Changed > 0 }, func(room *roomPlan, one action, m archive.Message) error {
		if one != change {
			return nil
		}
		set := map[string]any{"content": m.Content, "rtf": nil, "isAlert": int64(0)}
		if m.HasRTF {
			set["rtf"] = m.RTF
		}
		if m.Alert {
			set["isAlert"] = int64(1)
		}
		return a.update("tblChat", set, equal("channelId", room.target), equal("chatId", m.ChatID))
	})
}

// change gives rows of the database the archive's values.
func (a *applier) change(t schema.Table, plan *tablePlan) error {
	for row, err := range a.rows(t, change) {
		if err != nil {
			return err
		}
		set, where := setOf(t, row)
		verified, isPrincipal := set["prinVerifiedOn"]
		delete(set, "prinVerifiedOn")
		if err := a.update(t.Name, set, where...); err != nil {
			return err
		}
		if isPrincipal { // it never goes back
			where = append(where, database.Condition{Column: "prinVerifiedOn", Operator: database.Less, Values: []any{verified}})
			if _, err := a.to.Update(a.ctx, t.Name, map[string]any{"prinVerifiedOn": verified}, where); err != nil {
				return err
			}
		}
	}
	return nil
}

func equal(column string, value any) database.Condition {
	return database.Condition{Column: column, Operator: database.Equal, Values: []any{value}}
}

// update changes exactly one row.
func (a *applier) update(table string, set map[string]any, where ...database.Condition) error {
	changed, err := a.to.Update(a.ctx, table, set, where)
	if err != nil {
		return err
	}
	if changed != 1 {
		return a.miscount(table, 1, changed, 0)
	}
	return nil
}

// counter moves a counter on, or makes it.
func (a *applier) counter(c counterChange) error {
	t, _ := schema.Lookup(c.table)
	if c.isNew {
		rows := [][]any{{c.id, c.to}}
		n, err := a.to.Insert(a.ctx, c.table, t.ColumnNames(), func() ([]any, error) {
			if len(rows) == 0 {
				return nil, nil
			}
			row := rows[0]
			rows = nil
			return row, nil
		})
		if err == nil && n != 1 {
			return a.miscount(c.table, 1, n, 0)
		}
		return err
	}
	names := t.ColumnNames()
	return a.update(c.table, map[string]any{names[1]: c.to}, equal(names[0], c.id), equal(names[1], c.from))
}
