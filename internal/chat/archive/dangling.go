package archive

import (
	"slices"
	"strings"

	"csbackup/internal/chat/schema"
)

// Dangling counts the rows in which a column refers to a row of another table that is not in the archive. A
// database that enforces no foreign keys may hold such rows, and then they travel: they are no damage.
type Dangling struct {
	Table, Column string // that refer
	Target        string // the table that is referred to
	Rows          int64
}

// targetRowsAtMost bounds the tables of which the keys are remembered.
const targetRowsAtMost = 262_144

// targets remembers the keys of tables that others refer to, by table: the short ones that say what a number or
// a GUID means. Nodes and principals are not among them. They are all read before anything that refers to them.
type targets map[string]map[any]bool

// newTargets chooses the tables to remember and lists their members, each after those that it refers to. A
// table that had no row is one without keys where everything travelled, and unknown elsewhere.
func newTargets(a *Archive) (t targets, members []int) {
	t = targets{}
	for _, table := range schema.Tables(a.manifest.Schema) {
		for _, r := range others(table) {
			n := a.find(tableMember(r.Table))
			switch {
			case n < 0 && a.manifest.Level == string(schema.LevelAll), n >= 0 && a.manifest.Members[n].Rows <= targetRowsAtMost:
				t[r.Table] = map[any]bool{}
			}
		}
	}
	for _, table := range schema.Tables(a.manifest.Schema) {
		if n := a.find(tableMember(table.Name)); n >= 0 && t[table.Name] != nil {
			members = append(members, n)
		}
	}
	return t, members
}

// others lists the references of a table that are not to the numbers of nodes and principals, within its database.
func others(t schema.Table) []schema.Reference {
	return slices.DeleteFunc(slices.Clone(t.References), func(r schema.Reference) bool {
		target, _ := schema.Lookup(r.Table)
		return r.Target == "nodeID" || r.Target == "prinID" || target.Database != t.Database || !t.Travels() || !target.Travels() ||
			len(target.Key) != 1 || target.Key[0] != r.Target
	})
}

// checker compares the rows of one table with the targets, and adds its keys where it is one itself.
type checker struct {
	keys  map[any]bool // nil where the table is no target
	key   int
	leads []lead
	found []Dangling
}

type lead struct {
	column int
	keys   map[any]bool
}

func (t targets) checker(table schema.Table) *checker {
	c := &checker{keys: t[table.Name]}
	if c.keys != nil {
		c.key = table.Place(table.Key[0])
	}
	for _, r := range others(table) {
		if keys := t[r.Table]; keys != nil {
			c.leads = append(c.leads, lead{table.Place(r.Column), keys})
			c.found = append(c.found, Dangling{Table: table.Name, Column: r.Column, Target: r.Table})
		}
	}
	return c
}

func (c *checker) row(row []any) {
	if c.keys != nil {
		c.keys[row[c.key]] = true
	}
	for i, l := range c.leads {
		if value := row[l.column]; value != nil && !l.keys[value] {
			c.found[i].Rows++
		}
	}
}

// dangling gives what was found of it.
func (c *checker) dangling() []Dangling {
	return slices.DeleteFunc(c.found, func(d Dangling) bool { return d.Rows == 0 })
}

func byColumn(a, b Dangling) int {
	return strings.Compare(a.Table+" "+a.Column, b.Table+" "+b.Column)
}
