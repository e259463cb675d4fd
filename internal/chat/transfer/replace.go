package transfer

import (
	"context"
	"fmt"
	"slices"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// goes tells whether a table is emptied when an archive replaces a database: it travels, or what it says is about
// rows that do.
func goes(t schema.Table) bool {
	return t.Travels() || slices.ContainsFunc(t.References, func(r schema.Reference) bool {
		to, ok := schema.Lookup(r.Table)
		return ok && to.Travels()
	})
}

// emptied is a database as it will be once the rows that an archive replaces are gone.
type emptied struct{ database.Source }

func (e emptied) gone(table string) bool {
	t, ok := schema.Lookup(table)
	return ok && goes(t)
}

func (e emptied) Rows(ctx context.Context, query database.Query, fn func(row []any) error) error {
	if e.gone(query.Table) {
		return nil
	}
	return e.Source.Rows(ctx, query, fn)
}

func (e emptied) Count(ctx context.Context, query database.Query) (int64, error) {
	if e.gone(query.Table) {
		return 0, nil
	}
	return e.Source.Count(ctx, query)
}

// empty plans that everything the archive replaces goes first, and looks at the rest as if it had gone.
func (p *planner) empty(there database.Layout) error {
	if err := p.checkWhole(there); err != nil {
		return err
	}
	p.removed = map[string]int64{}
	for _, t := range schema.Tables(p.schema) {
		if !goes(t) {
			continue
		}
		rows, err := p.source.Count(p.ctx, database.Query{Table: t.Name})
		if err != nil {
			return err
		}
		p.removed[t.Name] = rows
	}
	if p.schema == schema.Chat {
		if err := p.noteRemovedNodes(); err != nil {
			return err
		}
	}
	p.source = emptied{p.source}
	return nil
}

// checkWhole refuses an archive of a part, and a database with more in it than an archive can hold.
func (p *planner) checkWhole(there database.Layout) error {
	m := p.archive.Manifest()
	part := ""
	switch {
	case m.Level != string(schema.LevelAll):
		part = "the level " + m.Level
	case len(m.Scope) > 0:
		part = "some categories"
	case m.StartDate != "":
		part = "the messages from " + m.StartDate + " on"
	}
	if part != "" {
		return failure.New(failure.InvalidUsage, p.target, "The archive holds only "+part+", and cannot replace all of a database",
			"Import it without --replace, or export with --level All and no --scope or --start-date. Nothing was changed.")
	}
	if extra := extraColumns(there, p.schema, goes); extra != "" {
		return failure.New(failure.DatabaseNotChat, p.target, "The database has columns that the published schema lacks, whose values no archive brings back: "+extra,
			"Import without --replace, or into an empty database. Nothing was changed.")
	}
	return nil
}

// noteRemovedNodes names the rooms and categories of the database that the archive lacks.
func (p *planner) noteRemovedNodes() error {
	nodes, err := readNodes(p.ctx, p.source)
	if err != nil {
		return err
	}
	stays := map[string]bool{}
	err = p.archive.Rows(p.ctx, "tblNode", func(row []any) error {
		stays[row[1].(string)] = true
		return nil
	})
	if err != nil {
		return err
	}
	tree := newTree(nodes)
	for _, id := range tree.order {
		n := tree.nodes[id]
		if stays[n.guid] {
			continue
		}
		held := "a category"
		if !n.category {
			messages, err := p.source.Count(p.ctx, database.Query{Table: "tblChat", Where: []database.Condition{equal("channelId", id)}})
			if err != nil {
				return err
			}
			held = fmt.Sprintf("a room with %d messages", messages)
		}
		p.clash(Clash{Table: "tblNode", Where: tree.path(id), Database: held, Archive: "nothing of this GUID", Done: "removed"})
	}
	return nil
}

// empty removes what the archive replaces: first what refers, then what it refers to.
func (a *applier) empty() error {
	for _, t := range slices.Backward(schema.Tables(a.schema)) {
		planned := a.removed[t.Name]
		if planned == 0 {
			continue
		}
		a.meter.at("removing rows of " + t.Name)
		removed, err := a.to.Empty(a.ctx, t.Name)
		if err != nil {
			return err
		}
		if removed != planned {
			return failure.New(failure.DatabaseFailed, a.target, fmt.Sprintf("%s of %s was to lose %d rows and lost %d", t.Name, a.target, planned, removed),
				"Nothing was changed. Stop the Persistent Chat services of the target, so that nobody else writes, and import again.")
		}
		a.meter.rows(removed)
	}
	return nil
}
