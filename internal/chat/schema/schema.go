package schema

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The two published databases.
const (
	Chat       = "mgc"     // rooms, rights and messages
	Compliance = "mgccomp" // the queue of the compliance service
)

// Type is a published column type.
type Type int

// The types that occur.
const (
	Int Type = iota
	BigInt
	SmallInt
	Bit
	GUID
	NVarChar
	VarChar
	DateTime
	DateTime2
	SmallDateTime
	Image
)

var typeNames = []string{"int", "bigint", "smallint", "bit", "guid", "nvarchar", "varchar", "datetime", "datetime2", "smalldatetime", "image"}

// String is the short name of the type, as the embedded table spells it.
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return "type " + strconv.Itoa(int(t))
	}
	return typeNames[t]
}

// Kind says what the rows of a table are worth to a backup.
type Kind string

// The kinds.
const (
	Lasting   Kind = "lasting"   // cannot be rebuilt
	Counter   Kind = "counter"   // set from the data
	Static    Kind = "static"    // filled when a database is made
	Derived   Kind = "derived"   // rebuilt from the directory
	Momentary Kind = "momentary" // true only while the service runs
	Queue     Kind = "queue"     // events that wait for the compliance service
)

// Level is the first level of an export at which a table travels.
type Level string

// LevelAll is the level that includes the others.
const LevelAll Level = "All"

// The levels, the narrowest first. A table with NoLevel belongs to none of them: a lasting one travels
// only when everything does.
const (
	NoLevel            Level = ""
	LevelUser          Level = "User"
	LevelCategory      Level = "Category"
	LevelRoomDirectory Level = "RoomDirectory"
	LevelContent       Level = "Content"
)

// Column is one column of a table.
type Column struct {
	Name     string
	Type     Type
	Length   int // characters of NVarChar and VarChar; 0 is without a limit
	Nullable bool
}

// Reference says that a column holds the value of another table's column.
type Reference struct {
	Column  string // the column that refers
	Table   string // the table that it refers to, perhaps in the other database
	Target  string // the column there
	Implied bool   // follows from the descriptions; no foreign key is published
}

// Table is one published table.
type Table struct {
	Database, Name string
	Columns        []Column
	Key            []string // columns of the primary key in its order; empty where none is published
	References     []Reference
	Kind           Kind
	Level          Level
}

// Column gives the column of that name.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Place gives where a column stands in the table's rows; -1 for one that it does not have.
func (t Table) Place(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// KeyPlaces gives where the columns stand by which rows are told apart; none for a table without a published key.
func (t Table) KeyPlaces() []int {
	places := make([]int, len(t.Key))
	for i, name := range t.Key {
		places[i] = t.Place(name)
	}
	return places
}

// Travels tells whether rows of the table are worth keeping: what is rebuilt or only true for a while is not.
func (t Table) Travels() bool { return t.Kind != Derived && t.Kind != Momentary }

// ColumnNames are the names of all columns in the published order.
func (t Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

//go:embed tables.txt
var source string

// all is parsed once and never changed afterwards.
var all = sync.OnceValue(func() []Table { return parse(source) })

// Tables gives the tables of a database, each after those that it refers to; nil for an unknown database.
// The slices within are shared: callers must not change them.
func Tables(database string) []Table {
	var tables []Table
	for _, t := range all() {
		if t.Database == database {
			tables = append(tables, t)
		}
	}
	return tables
}

// Lookup gives the table of that name, exactly spelled.
func Lookup(name string) (Table, bool) {
	for _, t := range all() {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// parse reads the embedded text, which is part of the program: a mistake in it is a mistake of the
// program, and the first test finds it.
func parse(text string) []Table {
	var tables []Table
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if f[0] == "table" {
			t := Table{Database: f[1], Name: f[2], Kind: Kind(f[3])}
			if f[4] != "-" {
				t.Level = Level(f[4])
			}
			if f[5] != "-" {
				t.Key = strings.Split(f[5], ",")
			}
			tables = append(tables, t)
			continue
		}
		t := &tables[len(tables)-1]
		t.Columns = append(t.Columns, parseColumn(f))
		if len(f) == 5 {
			target, column, _ := strings.Cut(f[4], ".")
			t.References = append(t.References, Reference{Column: f[0], Table: target, Target: column, Implied: f[3] == "~>"})
		}
	}
	return tables
}

func parseColumn(f []string) Column {
	name, length, _ := strings.Cut(strings.TrimSuffix(f[1], ")"), "(")
	c := Column{Name: f[0], Type: -1, Nullable: f[2] == "null"}
	for t, known := range typeNames {
		if known == name {
			c.Type = Type(t)
		}
	}
	if c.Type < 0 {
		panic(fmt.Sprintf("schema: unknown type in %q", f))
	}
	if length != "" && length != "max" {
		n, err := strconv.Atoi(length)
		if err != nil {
			panic(err)
		}
		c.Length = n
	}
	return c
}
