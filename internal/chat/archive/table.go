package archive

import (
	"fmt"
	"math"
	"slices"

	"csbackup/internal/chat/schema"
)

// messagesTable is the table that travels as messages.
const messagesTable = "tblChat"

var errOrder = fmt.Errorf("a row is out of place: %w", ErrOrder)

// rowCheck tells what is wrong with the rows of one table, which come in their order.
type rowCheck struct {
	table schema.Table
	key   []int   // places of the key's columns; empty where the order of the key is not one of numbers
	last  []int64 // the key of the row before
}

func newRowCheck(t schema.Table) *rowCheck {
	c := &rowCheck{table: t}
	key := t.KeyPlaces()
	if !slices.ContainsFunc(key, func(place int) bool { return !isNumber(t.Columns[place].Type) }) {
		c.key = key
	}
	return c
}

func isNumber(t schema.Type) bool {
	return t == schema.Int || t == schema.BigInt || t == schema.SmallInt || t == schema.Bit
}

func (c *rowCheck) check(row []any) error {
	if len(row) != len(c.table.Columns) {
		return fmt.Errorf("a row has %d values where %s has %d columns", len(row), c.table.Name, len(c.table.Columns))
	}
	for i, column := range c.table.Columns {
		if err := column.Check(row[i]); err != nil {
			return err
		}
	}
	if len(c.key) == 0 {
		return nil
	}
	first := c.last == nil
	if first {
		c.last = make([]int64, len(c.key))
	}
	above := first
	for i, at := range c.key {
		n, ok := row[at].(int64)
		if !ok || (!above && n < c.last[i]) {
			return errOrder
		}
		above = above || n > c.last[i]
		c.last[i] = n
	}
	if !above {
		return errKeyTwice
	}
	return nil
}

// checkNumber tells whether a number fits an int column.
func checkNumber(what string, n int64) error {
	if n < math.MinInt32 || n > math.MaxInt32 {
		return fmt.Errorf("%s: %d is outside of int", what, n)
	}
	return nil
}
