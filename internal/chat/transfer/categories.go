package transfer

import (
	"context"
	"errors"
	"slices"
	"strings"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
)

// Category is a category of a database: what ExportOptions.Scope may name.
type Category struct {
	Name  string
	GUID  string
	Path  string // the names from the top down, without the root: "Projects / Alpha"
	Rooms int64  // directly in it
}

// Categories gives the categories of a database, except for the root, in the order of their paths. A database
// of compliance data has none. The source and databaseName are for errors.
func Categories(ctx context.Context, db database.Database, source, databaseName string) (list []Category, err error) {
	snapshot, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	there, err := snapshot.Tables(ctx)
	if err != nil {
		return nil, err
	}
	name, err := chooseSchema(source, databaseName, there)
	if err != nil || name == schema.Compliance {
		return nil, err
	}
	nodes, err := readNodes(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	return newTree(nodes).categories(), nil
}

func (t tree) categories() []Category {
	list := []Category{}
	for _, id := range t.order {
		n := t.nodes[id]
		if !n.category || n.isRoot() {
			continue
		}
		c := Category{Name: n.name, GUID: n.guid, Path: t.path(id)}
		for _, child := range t.children[id] {
			if !t.nodes[child].category {
				c.Rooms++
			}
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Category) int { return strings.Compare(a.Path, b.Path) })
	return list
}
