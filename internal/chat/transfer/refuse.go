package transfer

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// explain gives a row that no archive can hold the kind of its fault.
func (e *exporter) explain(err error) error {
	var row *archive.RowError
	switch {
	case !errors.As(err, &row):
		return err
	case errors.Is(row, archive.ErrKeyTwice):
		return e.keyTwice(row.Table, row.Row)
	case errors.Is(row, archive.ErrOrder):
		return failure.New(failure.DatabaseDamaged, e.options.Source, fmt.Sprintf("%s does not give the rows of %s in the order of their key: %s came too late", e.options.Source, row.Table, row.Row),
			"Look for damage, with DBCC CHECKDB on SQL Server or PRAGMA integrity_check in the sqlite3 program, and restore the database from a copy.")
	}
	return failure.Wrap(failure.DatabaseValueUnfit, e.options.Source, fmt.Sprintf("A row of %s in %s cannot travel: %s", row.Table, e.options.Source, row.Row),
		"Correct the row at its source, then export again.", row.Err)
}

func (e *exporter) keyTwice(table, row string) error {
	return failure.New(failure.DatabaseKeyTwice, e.options.Source, fmt.Sprintf("%s has two rows of %s where only one can be: %s", e.options.Source, table, row),
		"Remove one of them or give it another key, as the published schema asks for, then export again.")
}

// checkKeys refuses, before anything is written, rows that no archive can hold and that are quickly found: nodes and
// people that are known already, and tables whose rows come in no order. The others the archive's writer refuses.
func (e *exporter) checkKeys(nodes []node, people []person) error {
	used := maps.Clone(e.chosen.rows)
	maps.Copy(used, e.chosen.rooms)
	used = e.tree.withParents(used)
	guids := map[string]int64{}
	for i, n := range nodes {
		if i > 0 && nodes[i-1].id == n.id {
			return e.keyTwice("tblNode", fmt.Sprintf("nodeID %d", n.id))
		}
		if other, twice := guids[n.guid]; twice && used[n.id] && used[other] {
			return e.keyTwice("tblNode", fmt.Sprintf("nodeGuid %s of nodeID %d and %d", n.guid, other, n.id))
		}
		if used[n.id] {
			guids[n.guid] = n.id
		}
	}
	for i := 1; i < len(people); i++ {
		if people[i-1].id == people[i].id {
			return e.keyTwice("tblPrincipal", fmt.Sprintf("prinID %d", people[i].id))
		}
	}
	for _, t := range schema.Tables(e.schema) {
		if err := e.checkKey(t); err != nil {
			return err
		}
	}
	return nil
}

// checkKey compares the keys of a table that has texts or GUIDs in them.
func (e *exporter) checkKey(t schema.Table) error {
	places := t.KeyPlaces()
	if !e.chosen.takes(t) || !slices.ContainsFunc(places, func(at int) bool { return isText(t.Columns[at].Type) }) {
		return nil
	}
	every := make([]int, len(places))
	for i := range every {
		every[i] = i
	}
	seen := map[string]bool{}
	return e.source.Rows(e.ctx, database.Query{Table: t.Name, Columns: t.Key}, func(row []any) error {
		key := keyOf(row, every)
		if seen[key] {
			whole := make([]any, len(t.Columns))
			for i, at := range places {
				whole[at] = row[i]
			}
			return e.keyTwice(t.Name, values(t, whole, places))
		}
		seen[key] = true
		return nil
	})
}

func isText(t schema.Type) bool {
	return t == schema.NVarChar || t == schema.VarChar || t == schema.GUID
}
