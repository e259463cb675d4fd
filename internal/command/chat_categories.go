package command

import (
	"context"
	"errors"

	"csbackup/internal/chat/transfer"
	"csbackup/internal/report"
)

// ChatCategories lists the categories of a database, which the scope of an export names.
type ChatCategories struct{ ChatDatabase }

// ChatCategory is a category of a database.
type ChatCategory struct {
	Name  string
	Guid  string
	Path  string // the names from the top down: "Projects / Alpha"
	Rooms int64  // directly in it
}

type chatCategories []ChatCategory

// Items gives the categories one by one.
func (c chatCategories) Items() []any { return report.Items(c) }

// Tables shows the categories in one table.
func (c chatCategories) Tables() []report.Table {
	if len(c) == 0 {
		return []report.Table{{Title: "The database has no categories."}}
	}
	table := report.Table{Header: []string{"Category", "GUID", "Rooms"}}
	for _, one := range c {
		table.Rows = append(table.Rows, []string{one.Path, one.Guid, report.Number(one.Rooms)})
	}
	return []report.Table{table}
}

// Run reads the categories; it changes nothing.
func (o *ChatCategories) Run(ctx context.Context, env *Environment) error {
	db, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	found, err := transfer.Categories(ctx, db, o.DBInstance, o.DBName)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	list := chatCategories{}
	for _, one := range found {
		list = append(list, ChatCategory{Name: one.Name, Guid: one.GUID, Path: one.Path, Rooms: one.Rooms})
	}
	return env.Sink.Object(list)
}
