package chatdata

import (
	"context"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// Load fills an empty mgc with a number of copies, each in a transaction of its own, the first with the
// small tables. It calls done after each.
func (d *Data) Load(ctx context.Context, db database.Database, copies int64, done func(copy int64)) error {
	for copy := range copies {
		if err := d.loadCopy(ctx, db, copy, copies); err != nil {
			return err
		}
		done(copy)
	}
	return nil
}

func (d *Data) loadCopy(ctx context.Context, db database.Database, copy, copies int64) error {
	w, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer w.Rollback()
	if copy == 0 {
		for _, table := range d.Tables(copies) {
			published, _ := schema.Lookup(table.Name)
			if _, err := w.Insert(ctx, table.Name, published.ColumnNames(), each(table.Rows)); err != nil {
				return err
			}
		}
	}
	next, err := d.Copy(copy)
	if err != nil {
		return err
	}
	if _, err := w.Insert(ctx, "tblChat", MessageColumns, next); err != nil {
		return err
	}
	return w.Commit()
}

func each(rows [][]any) func() ([]any, error) {
	return func() ([]any, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}
}
