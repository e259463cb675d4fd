package transfer

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

// rowMap turns the archive's rows of one table into rows of the database.
type rowMap struct {
	plan    *plan
	table   schema.Table
	columns []mappedColumn
	keep    func(id int64) (place int, value any, ok bool) // what the database keeps of its own, by number there
	absent  func(table string, id int64, by string)        // told of what is missing; may be nil
	addIn   func(guid, by string)                          // told of an add-in; may be nil
}

// mappedColumn is a column whose number is another in the database.
type mappedColumn struct {
	place    int
	table    string
	own      bool // it is the row's own number
	enforced bool // the database insists that it stands for something
}

func (p *plan) rowMap(t schema.Table) rowMap {
	m := rowMap{plan: p, table: t}
	if p.schema != schema.Chat {
		return m
	}
	if t.Kind == schema.Static || t.Name == "tblPrincipal" || t.Name == "tblNode" {
		m.columns = append(m.columns, mappedColumn{place: 0, table: t.Name, own: true})
	}
	for _, r := range t.References {
		if isNumberOf(r) {
			m.columns = append(m.columns, mappedColumn{place: t.Place(r.Column), table: r.Table, enforced: !r.Implied})
		}
	}
	return m
}

// apply changes the row in place. It gives why the row cannot be taken, "" where it can.
func (m rowMap) apply(row []any) (problem string) {
	for _, c := range m.columns {
		id, ok := row[c.place].(int64)
		if !ok {
			continue
		}
		to, standing := m.plan.number(c.table, id)
		switch {
		case standing == isMissing && m.absent != nil:
			m.absent(c.table, id, rowName(m.table, row))
		case standing == isLeftOut && c.own:
			problem = "what it stands below stood for nothing in the source"
		case standing == isLeftOut && c.enforced && problem == "":
			problem = fmt.Sprintf("its %s is of a row that is left out", m.table.Columns[c.place].Name)
		case standing == isNothing && c.enforced:
			problem = fmt.Sprintf("its %s stood for nothing in the source", m.table.Columns[c.place].Name)
		}
		row[c.place] = to
	}
	if m.addIn != nil {
		if guid, ok := row[columnPlace("tblNode", "siopID")].(string); ok {
			m.addIn(guid, rowName(m.table, row))
		}
	}
	if m.keep != nil {
		if at, value, ok := m.keep(row[0].(int64)); ok {
			row[at] = value
		}
	}
	return problem
}

// standing says what a number of the archive stands for.
type standing int

const (
	isSomething standing = iota
	isNothing            // nothing in the source either
	isMissing            // nothing in the archive and the database
	isLeftOut            // a row of the archive that cannot be taken
)

// number gives what a number of a table becomes.
func (p *plan) number(table string, id int64) (int64, standing) {
	m := p.statics[table]
	switch table {
	case "tblPrincipal":
		m = p.people
	case "tblNode":
		m = p.nodes
	default:
		if _, known := m.to[id]; !known && !m.there[id] {
			return id, isMissing
		}
		return m.number(id), isSomething
	}
	if m.leftOut[id] {
		return m.to[id], isLeftOut
	}
	if m.nothing[id] {
		return m.to[id], isNothing
	}
	if to, ok := m.to[id]; ok {
		return to, isSomething
	}
	return id, isMissing
}

// keyOf makes one text of the values at some places: equal only for equal values.
func keyOf(row []any, places []int) string {
	var key strings.Builder
	for _, at := range places {
		switch v := row[at].(type) {
		case nil:
			key.WriteString("n")
		case int64:
			key.WriteString("i" + strconv.FormatInt(v, 10) + ";")
		case string:
			key.WriteString("s" + strconv.Itoa(len(v)) + ";" + v)
		case []byte:
			key.WriteString("b" + strconv.Itoa(len(v)) + ";" + string(v))
		}
	}
	return key.String()
}

// sameValue tells whether a column would hold the same for both. SQL Server keeps a datetime in units of 1/300 s.
func sameValue(c schema.Column, a, b any) bool {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		if !ok || x == y || c.Type != schema.DateTime {
			return ok && x == y
		}
		return sameDateTime(x, y)
	case []byte:
		y, ok := b.([]byte)
		return ok && string(x) == string(y)
	}
	return a == b
}

func sameDateTime(a, b string) bool {
	x, errX := schema.ParseTime(a)
	y, errY := schema.ParseTime(b)
	if errX != nil || errY != nil {
		return false
	}
	third := func(nanoseconds int) int64 { return int64(math.Round(float64(nanoseconds) * 300 / 1e9)) }
	return x.Unix()*300+third(x.Nanosecond()) == y.Unix()*300+third(y.Nanosecond())
}

// differing gives the places of the columns whose values differ.
func differing(t schema.Table, a, b []any) []int {
	var places []int
	for i, c := range t.Columns {
		if !sameValue(c, a[i], b[i]) {
			places = append(places, i)
		}
	}
	return places
}

// values shows some columns of a row to people.
func values(t schema.Table, row []any, places []int) string {
	shown := make([]string, len(places))
	for i, at := range places {
		text := "NULL"
		switch v := row[at].(type) {
		case int64:
			text = strconv.FormatInt(v, 10)
			if c := t.Columns[at]; c.Type == schema.BigInt && strings.HasSuffix(c.Name, "On") && v > 0 {
				text = archive.Time(v).Format(schema.TimeLayout)
			}
		case string:
			text = quoted(v)
		case []byte:
			text = fmt.Sprintf("%d bytes", len(v))
		}
		shown[i] = t.Columns[at].Name + " " + text
	}
	return strings.Join(shown, ", ")
}

// cloned copies a row, whose memory its reader uses again.
func cloned(row []any) []any {
	kept := make([]any, len(row))
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			v = append(make([]byte, 0, len(b)), b...)
		}
		kept[i] = v
	}
	return kept
}
