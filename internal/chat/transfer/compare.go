package transfer

import (
	"fmt"
	"slices"
	"strings"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// Sizes of what is compared at a time.
const (
	mostRows  = 2000    // rows of the archive
	mostBytes = 8 << 20 // of their text
	mostKeys  = 200     // different values of the key's first column
)

// compareTables plans the rows of all tables but messages and counters.
func (p *planner) compareTables() error {
	for _, t := range schema.Tables(p.schema) {
		if t.Name == "tblChat" || t.Name == "tblLastChatId" || t.Name == "tblLastInviteId" {
			continue
		}
		p.tables[t.Name] = &tablePlan{table: t, counts: TableResult{Table: t.Name}}
		compare := p.compareKeyed
		if len(t.Key) == 0 {
			compare = p.compareKeyless
		}
		if err := compare(t); err != nil {
			return err
		}
	}
	return nil
}

// rowMapOf is the plan's row map, which here also tells what is missing.
func (p *planner) rowMapOf(t schema.Table) rowMap {
	m := p.plan.rowMap(t)
	m.absent = p.absent
	if t.Name == "tblNode" {
		m.addIn = p.absentAddIn
	}
	m.keep = p.kept(t)
	return m
}

// kept gives what the database keeps of a row that was found by something else than its GUID.
func (p *planner) kept(t schema.Table) func(int64) (int, any, bool) {
	guids := map[int64]string{}
	switch t.Name {
	case "tblPrincipal":
		for id, how := range p.people.how {
			if how == bySecond {
				guids[p.people.to[id]] = p.persons[p.people.to[id]].guid
			}
		}
	case "tblNode":
		for id, how := range p.nodes.how {
			if how == bySecond {
				guids[p.nodes.to[id]] = p.tree.nodes[p.nodes.to[id]].guid
			}
		}
	default:
		return nil
	}
	p.plan.keptGUIDs[t.Name] = guids
	return keptGUID(guids)
}

// keptGUID gives the GUID, which is the second column of both tables.
func keptGUID(guids map[int64]string) func(int64) (int, any, bool) {
	return func(id int64) (int, any, bool) {
		guid, ok := guids[id]
		return 1, guid, ok
	}
}

// chunk is some rows of the archive that are compared together.
type chunk struct {
	rows  [][]any // mapped
	first []any   // the different values of the key's first column
	bytes int     // of text
}

// full tells whether the chunk is to be compared before a row with this first key is added. A principal's invitations
// stay together, as their numbers depend on each other.
func (c *chunk) full(t schema.Table, first any) bool {
	same := len(c.first) > 0 && c.first[len(c.first)-1] == first
	if t.Name == "tblPrincipalInvites" && same {
		return false
	}
	return len(c.rows) >= mostRows || c.bytes >= mostBytes || (!same && len(c.first) >= mostKeys)
}

func (c *chunk) add(row []any, first any) {
	c.rows = append(c.rows, row)
	if row == nil {
		return
	}
	if len(c.first) == 0 || c.first[len(c.first)-1] != first {
		c.first = append(c.first, first)
	}
	c.bytes += schema.Size(row)
}

// compareKeyed plans a table whose rows have a key: some rows at a time, against the database's rows with
// the same first column of the key.
func (p *planner) compareKeyed(t schema.Table) error {
	plan, mapper, key := p.tables[t.Name], p.rowMapOf(t), t.KeyPlaces()
	existing, err := p.source.Count(p.ctx, database.Query{Table: t.Name})
	if err != nil {
		return err
	}
	var c chunk
	flush := func() error {
		err := p.compareChunk(t, plan, key, &c, existing > 0)
		c = chunk{rows: c.rows[:0], first: c.first[:0]}
		return err
	}
	err = p.archive.Rows(p.ctx, t.Name, func(row []any) error {
		if problem := mapper.apply(row); problem != "" {
			p.result.leaveOut("%s %s: %s", t.Name, values(t, row, key), problem)
			row = nil
		}
		p.meter.rows(1)
		var first any
		if row != nil {
			first = row[key[0]]
		}
		if c.full(t, first) {
			if err := flush(); err != nil {
				return err
			}
		}
		c.add(row, first)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func (p *planner) compareChunk(t schema.Table, plan *tablePlan, key []int, c *chunk, existing bool) error {
	there := map[string][]any{}
	if existing && len(c.first) > 0 {
		query := database.Query{Table: t.Name, Where: []database.Condition{{Column: t.Key[0], Operator: database.In, Values: c.first}}}
		err := p.source.Rows(p.ctx, query, func(row []any) error {
			there[keyOf(row, key)] = cloned(row)
			return nil
		})
		if err != nil {
			return err
		}
	}
	numbers := newInviteNumbers(t, there)
	for _, row := range c.rows {
		if row == nil {
			plan.take(leftOut)
			continue
		}
		old, ok := there[keyOf(row, key)]
		if ok {
			plan.take(p.decide(t, row, old))
			continue
		}
		if number, other := numbers.give(row); other {
			p.invites[plan.actions.count] = number
		}
		plan.take(add)
	}
	return nil
}

// decide says what happens to a row that is on both sides.
func (p *planner) decide(t schema.Table, in, there []any) action {
	if t.Name == "tblPrincipal" {
		at := columnPlace("tblPrincipal", "prinVerifiedOn")
		in[at] = max(in[at].(string), there[at].(string)) // when the directory last knew it, which never goes back
	}
	databaseNewer := p.isDatabaseNewer(t, in, there)
	if t.Name == "tblNode" && databaseNewer {
		p.dbNewer[there[0].(int64)] = true
	}
	places := differing(t, in, there)
	if len(places) == 0 {
		return leave
	}
	clash := Clash{Table: t.Name, Where: p.where(t, in), Database: values(t, there, places), Archive: values(t, in, places)}
	one := change
	switch {
	case t.Kind == schema.Queue:
		p.result.Refused++
		one, clash.Done = leave, "nothing: the import is refused"
	case databaseNewer:
		one, clash.Done = leave, "the database's stays"
	case t.Name == "tblPrincipal" && len(places) == 1 && t.Columns[places[0]].Name == "prinVerifiedOn":
		return change
	default:
		clash.Done = "the archive's is taken"
	}
	p.clash(clash)
	return one
}

// isDatabaseNewer tells whether the database's row wins.
func (p *planner) isDatabaseNewer(t schema.Table, in, there []any) bool {
	later := func(column string) bool {
		at := t.Place(column)
		return there[at].(int64) > in[at].(int64)
	}
	switch t.Name {
	case "tblPrincipal":
		return later("prinUpdatedOn")
	case "tblNode":
		// The root of a database is its own: another database's root only stands for it.
		id := there[0].(int64)
		_, otherGUID := p.keptGUIDs[t.Name][id]
		return later("nodeUpdatedOn") || (otherGUID && p.tree.nodes[id].isRoot())
	case "tblScopePrincipal", "tblPrincipalRole":
		return p.dbNewer[there[0].(int64)]
	case "tblPrincipalInvites":
		return later("invID")
	case "tblConfig": // a pool keeps its own configuration
		at := t.Place("configPoolID")
		return there[at] != in[at]
	}
	return t.Kind == schema.Static
}

// where names what a row of the database's numbers is about.
func (p *planner) where(t schema.Table, row []any) string {
	var names []string
	for _, at := range t.KeyPlaces() {
		id, isNumber := row[at].(int64)
		name := values(t, row, []int{at})
		for _, c := range p.plan.rowMap(t).columns {
			if c.place != at || !isNumber {
				continue
			}
			switch c.table {
			case "tblNode":
				name = p.nodeName(id)
			case "tblPrincipal":
				name = p.personName(id)
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// nodeName names a node by its number in the database.
func (p *planner) nodeName(id int64) string {
	if _, ok := p.tree.nodes[id]; ok {
		return p.tree.path(id)
	}
	for in, to := range p.nodes.to {
		if to == id {
			return p.archived.path(in)
		}
	}
	return fmt.Sprintf("number %d", id)
}

func (p *planner) personName(id int64) string {
	if one, ok := p.persons[id]; ok {
		return one.uri
	}
	return fmt.Sprintf("principal number %d", id)
}

// inviteNumbers keeps the numbers of a principal's invitations apart.
type inviteNumbers struct {
	used map[int64]map[int64]bool
	last map[int64]int64
}

func newInviteNumbers(t schema.Table, there map[string][]any) *inviteNumbers {
	if t.Name != "tblPrincipalInvites" {
		return nil
	}
	n := &inviteNumbers{used: map[int64]map[int64]bool{}, last: map[int64]int64{}}
	for _, row := range there {
		n.note(row[0].(int64), row[1].(int64))
	}
	return n
}

func (n *inviteNumbers) note(principal, number int64) {
	if n.used[principal] == nil {
		n.used[principal] = map[int64]bool{}
	}
	n.used[principal][number] = true
	n.last[principal] = max(n.last[principal], number)
}

// give tells whether a new invitation needs another number than its own, and which.
func (n *inviteNumbers) give(row []any) (number int64, other bool) {
	if n == nil {
		return 0, false
	}
	principal, number := row[0].(int64), row[1].(int64)
	if n.used[principal] == nil { // nothing of this principal was there before: all numbers are the archive's own
		return 0, false
	}
	if !n.used[principal][number] {
		n.note(principal, number)
		return 0, false
	}
	number = n.last[principal] + 1
	n.note(principal, number)
	return number, true
}

// compareKeyless plans a table without a published key: rows that are equal are the same.
func (p *planner) compareKeyless(t schema.Table) error {
	plan, mapper := p.tables[t.Name], p.rowMapOf(t)
	every := make([]int, len(t.Columns))
	for i := range every {
		every[i] = i
	}
	there := map[string][][]any{}
	total := 0
	err := p.source.Rows(p.ctx, database.Query{Table: t.Name, OrderBy: orderOf(t)}, func(row []any) error {
		total++
		there[keyOf(row, every)] = append(there[keyOf(row, every)], cloned(row))
		return nil
	})
	if err != nil {
		return err
	}
	var rows [][]any // those that are not there; nil stands for one that is
	err = p.archive.Rows(p.ctx, t.Name, func(row []any) error {
		mapper.apply(row)
		p.meter.rows(1)
		if total == 0 {
			plan.take(add)
			return nil
		}
		if same := there[keyOf(row, every)]; len(same) > 0 {
			there[keyOf(row, every)] = same[1:]
			row = nil // it is there
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		switch {
		case row == nil:
			plan.take(leave)
		case t.Name == "tblComplianceState" && total > 0:
			plan.take(leave)
			p.clash(Clash{Table: t.Name, Where: "the state of the compliance service", Database: "its own state", Archive: values(t, row, every), Done: "the database's stays"})
		default:
			plan.take(add)
		}
	}
	return nil
}

// setOf gives what a changed row takes: every column that does not find it.
func setOf(t schema.Table, row []any) (set map[string]any, where []database.Condition) {
	set = map[string]any{}
	key := t.KeyPlaces()
	for i, c := range t.Columns {
		if slices.Contains(key, i) {
			where = append(where, database.Condition{Column: c.Name, Operator: database.Equal, Values: []any{row[i]}})
			continue
		}
		set[c.Name] = row[i]
	}
	return set, where
}
