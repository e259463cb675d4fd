package database

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// dialect is what the two engines write differently.
type dialect interface {
	table(name string) string
	identifier(name string) string
	selected(c schema.Column) string                         // a column as it is read
	parameter(c schema.Column, value any, number int) string // a parameter that is compared with or set to c
	definition(c schema.Column, inKey bool) string           // a column in CREATE TABLE
}

// statement is SQL with the values of its parameters; each is the value of a column.
type statement struct {
	dialect dialect
	text    strings.Builder
	columns []schema.Column
	values  []any
}

func (s *statement) write(parts ...string) {
	for _, part := range parts {
		s.text.WriteString(part)
	}
}

// value writes one value: numbers and GUIDs as they are, so that long lists need no parameters.
func (s *statement) value(c schema.Column, v any) {
	switch v := v.(type) {
	case nil:
		s.write("NULL")
		return
	case int64:
		s.write(strconv.FormatInt(v, 10))
		return
	case string:
		if c.Type == schema.GUID { // checked: nothing but hexadecimal digits and hyphens
			s.write("'", v, "'")
			return
		}
	}
	s.columns, s.values = append(s.columns, c), append(s.values, v)
	s.write(s.dialect.parameter(c, v, len(s.values)))
}

func (s *statement) where(t schema.Table, conditions []Condition) error {
	for i, condition := range conditions {
		s.write([]string{" WHERE ", " AND "}[min(i, 1)])
		if err := s.condition(t, condition); err != nil {
			return err
		}
	}
	if len(s.values) > 2000 {
		return misuse(t.Name, fmt.Errorf("%d values in one query where 2000 can be", len(s.values)))
	}
	return nil
}

func (s *statement) condition(t schema.Table, condition Condition) error {
	c, ok := t.Column(condition.Column)
	if !ok || c.Type == schema.Image {
		return misuse(t.Name, fmt.Errorf("no column %q to compare", condition.Column))
	}
	for _, v := range condition.Values {
		if v == nil {
			return misuse(t.Name, fmt.Errorf("%s is compared with NULL", c.Name))
		}
		if err := c.Check(v); err != nil {
			return misuse(t.Name, err)
		}
	}
	s.write(s.dialect.identifier(c.Name), " ", string(condition.Operator))
	count := len(condition.Values)
	switch condition.Operator {
	case IsNull, NotNull:
		if count == 0 {
			return nil
		}
	case Equal, NotEqual, Less, LessEqual, More, MoreEqual:
		if count == 1 {
			s.write(" ")
			s.value(c, condition.Values[0])
			return nil
		}
	case In:
		s.write(" (")
		for i, v := range condition.Values {
			if i > 0 {
				s.write(",")
			}
			s.value(c, v)
		}
		if count == 0 {
			s.write("NULL") // equals nothing
		}
		s.write(")")
		return nil
	}
	return misuse(t.Name, fmt.Errorf("the operator %q with %d values", condition.Operator, count))
}

// selection is the statement of a query and the columns that it reads.
func selection(d dialect, q Query) (*statement, []schema.Column, error) {
	t, ok := schema.Lookup(q.Table)
	if !ok {
		return nil, nil, misuse(q.Table, fmt.Errorf("no such table in the schema"))
	}
	columns, err := chosen(t, q.Columns)
	if err != nil {
		return nil, nil, err
	}
	s := &statement{dialect: d}
	for i, c := range columns {
		s.write([]string{"SELECT ", ", "}[min(i, 1)], d.selected(c))
	}
	s.write(" FROM ", d.table(t.Name))
	if err := s.where(t, q.Where); err != nil {
		return nil, nil, err
	}
	for i, name := range q.OrderBy {
		c, ok := t.Column(name)
		if !ok || c.Type == schema.Image {
			return nil, nil, misuse(t.Name, fmt.Errorf("no column %q to order by", name))
		}
		s.write([]string{" ORDER BY ", ", "}[min(i, 1)], d.identifier(name))
	}
	return s, columns, nil
}

func chosen(t schema.Table, names []string) ([]schema.Column, error) {
	if len(names) == 0 {
		return t.Columns, nil
	}
	columns := make([]schema.Column, len(names))
	for i, name := range names {
		c, ok := t.Column(name)
		if !ok || slices.Contains(names[:i], name) {
			return nil, misuse(t.Name, fmt.Errorf("the column %q is unknown or named twice", name))
		}
		columns[i] = c
	}
	return columns, nil
}

func counting(d dialect, q Query) (*statement, error) {
	t, ok := schema.Lookup(q.Table)
	if !ok {
		return nil, misuse(q.Table, fmt.Errorf("no such table in the schema"))
	}
	s := &statement{dialect: d}
	s.write("SELECT COUNT(*) FROM ", d.table(t.Name))
	return s, s.where(t, q.Where)
}

func updating(d dialect, table string, set map[string]any, where []Condition) (*statement, error) {
	t, ok := schema.Lookup(table)
	if !ok || len(set) == 0 {
		return nil, misuse(table, fmt.Errorf("no such table in the schema, or nothing to set"))
	}
	s := &statement{dialect: d}
	s.write("UPDATE ", d.table(t.Name), " SET ")
	written := 0
	for _, c := range t.Columns { // in the published order, so that the text is always the same
		v, ok := set[c.Name]
		if !ok {
			continue
		}
		if err := c.Check(v); err != nil {
			return nil, unfit(table, err)
		}
		if written > 0 {
			s.write(", ")
		}
		s.write(d.identifier(c.Name), " = ")
		s.value(c, v)
		written++
	}
	if written != len(set) {
		return nil, misuse(table, fmt.Errorf("a column to set is unknown"))
	}
	return s, s.where(t, where)
}

func emptying(d dialect, table string) (*statement, error) {
	t, ok := schema.Lookup(table)
	if !ok {
		return nil, misuse(table, fmt.Errorf("no such table in the schema"))
	}
	s := &statement{dialect: d}
	s.write("DELETE FROM ", d.table(t.Name))
	return s, nil
}

// creation gives the statements that make the tables of a published database.
func creation(d dialect, database string, more func(t schema.Table, inner []string) string) ([]string, error) {
	tables := schema.Tables(database)
	if len(tables) == 0 {
		return nil, misuse(database, fmt.Errorf("no such database in the schema"))
	}
	var statements []string
	for _, t := range tables {
		var inner []string
		for _, c := range t.Columns {
			inner = append(inner, d.identifier(c.Name)+" "+d.definition(c, slices.Contains(t.Key, c.Name)))
		}
		for _, c := range t.Columns {
			if isTarget(tables, t.Name, c.Name) && !slices.Equal(t.Key, []string{c.Name}) {
				inner = append(inner, "UNIQUE ("+d.identifier(c.Name)+")") // a foreign key needs it
			}
		}
		statements = append(statements, more(t, inner))
	}
	return statements, nil
}

// enforced tells whether a reference can be a foreign key: published, and of one type on both sides.
func enforced(t schema.Table, r schema.Reference) bool {
	target, ok := schema.Lookup(r.Table)
	if !ok || r.Implied {
		return false
	}
	from, _ := t.Column(r.Column)
	to, _ := target.Column(r.Target)
	return from.Type == to.Type
}

func isTarget(tables []schema.Table, table, column string) bool {
	for _, t := range tables {
		for _, r := range t.References {
			if r.Table == table && r.Target == column && enforced(t, r) {
				return true
			}
		}
	}
	return false
}

// quoted lists names as identifiers.
func quoted(d dialect, names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = d.identifier(name)
	}
	return strings.Join(out, ", ")
}

// misuse is a query that the program got wrong.
func misuse(table string, cause error) error {
	return failure.Wrap(failure.DatabaseFailed, table, "A query of "+table+" cannot be asked",
		"This is a mistake of the program; please report it with the command that you gave.", cause)
}

// unfit is a value that its column cannot hold.
func unfit(table string, cause error) error {
	return failure.Wrap(failure.DatabaseValueUnfit, table, "A value does not fit into "+table,
		"Correct the row at its source, or verify the file with csbackup chat verify.", cause)
}
