package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// CreateSchema makes the tables, in a file that readers and a writer can use at the same time.
func (e *embedded) CreateSchema(ctx context.Context, database string) error {
	statements, err := creation(sqliteDialect{}, database, sqliteTable)
	if err != nil {
		return err
	}
	made, err := e.make()
	if err != nil {
		return err
	}
	if err = e.create(ctx, database, statements); err != nil && made {
		err = errors.Join(err, os.Remove(e.instance.Path))
	}
	return err
}

func (e *embedded) create(ctx context.Context, database string, statements []string) error {
	connection, err := e.connect(ctx, forWriting)
	if err != nil {
		return err
	}
	s := &sqliteSession{ctx: ctx, instance: e.instance, connection: connection}
	if err := s.create(database, statements); err != nil {
		return errors.Join(err, s.end("ROLLBACK"))
	}
	return s.end("COMMIT")
}

// create looks before it changes anything, and once more when nobody else can change anything.
func (s *sqliteSession) create(database string, statements []string) error {
	there, err := s.Tables(s.ctx)
	if err != nil {
		return err
	}
	if err := refuseExisting(s.instance, database, there); err != nil {
		return err
	}
	first := []string{"BEGIN IMMEDIATE"}
	if len(there.Tables)+len(there.Unknown) == 0 {
		// Pages of four times the usual size cost an import a fifth less processor time; larger ones gain nothing more.
		first = []string{"PRAGMA page_size=16384", "PRAGMA journal_mode=WAL", "BEGIN IMMEDIATE"}
	}
	for _, sql := range first {
		if err := s.connection.Exec(sql); err != nil {
			return s.explain(s.ctx, err)
		}
		if sql != "BEGIN IMMEDIATE" {
			hideIndex(s.instance.Path)
		}
	}
	if there, err = s.Tables(s.ctx); err != nil {
		return err
	}
	if err := refuseExisting(s.instance, database, there); err != nil {
		return err
	}
	for _, sql := range statements {
		if err := s.connection.Exec(sql); err != nil {
			return s.explain(s.ctx, err)
		}
	}
	return nil
}

func refuseExisting(instance Instance, database string, there Layout) error {
	var names []string
	for _, t := range schema.Tables(database) {
		if there.Has(t.Name) {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return failure.New(failure.DatabaseTablesExist, instance.String(),
		fmt.Sprintf("%s has tables of %s already: %s", instance, database, few(names)),
		"Name another database; nothing was changed in this one.")
}

// sqliteTable is one CREATE TABLE. Rows lie in the order of a key of several columns, which is the order
// that they are exported in. References are checked at the commit, so that rows may come in any order.
func sqliteTable(t schema.Table, inner []string) string {
	d := sqliteDialect{}
	ending := ""
	if len(t.Key) > 0 {
		inner = append(inner, "PRIMARY KEY ("+quoted(d, t.Key)+")")
		if len(t.Key) > 1 {
			ending = " WITHOUT ROWID"
		}
	}
	for _, r := range t.References {
		if enforced(t, r) {
			inner = append(inner, fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s) DEFERRABLE INITIALLY DEFERRED", d.identifier(r.Column), d.table(r.Table), d.identifier(r.Target)))
		}
	}
	return "CREATE TABLE " + d.table(t.Name) + " (" + strings.Join(inner, ", ") + ")" + ending
}
