package archive

import (
	"errors"

	"csbackup/internal/chat/schema"
)

// The members with what numbers stand for.
const (
	nodesMember      = "references/nodes.jsonl"
	principalsMember = "references/principals.jsonl"
)

// NodeReference says what a nodeID stands for. Known is false where it stood for nothing in the source;
// then only ID means something.
type NodeReference struct {
	ID        int64
	Known     bool
	GUID      string
	Name      string
	Category  bool  // else a room
	Parent    int64 // nodeID, where HasParent
	HasParent bool
}

// PrincipalReference says what a prinID stands for. Known is false where it stood for nothing in the
// source; then only ID means something.
type PrincipalReference struct {
	ID    int64
	Known bool
	GUID  string
	URI   string
}

func (n NodeReference) row() []any {
	if !n.Known {
		return []any{n.ID, nil, nil, nil, nil}
	}
	kind, parent := int64(0), any(nil)
	if n.Category {
		kind = 1
	}
	if n.HasParent {
		parent = n.Parent
	}
	return []any{n.ID, n.GUID, n.Name, kind, parent}
}

func nodeReference(row []any) NodeReference {
	n := NodeReference{ID: row[0].(int64)}
	if n.GUID, n.Known = row[1].(string); !n.Known {
		return n
	}
	n.Name = row[2].(string)
	n.Category = row[3].(int64) == 1
	n.Parent, n.HasParent = row[4].(int64)
	return n
}

func (p PrincipalReference) row() []any {
	if !p.Known {
		return []any{p.ID, nil, nil}
	}
	return []any{p.ID, p.GUID, p.URI}
}

func principalReference(row []any) PrincipalReference {
	p := PrincipalReference{ID: row[0].(int64)}
	if p.GUID, p.Known = row[1].(string); p.Known {
		p.URI = row[2].(string)
	}
	return p
}

// referenceTable is the form of a member with references: columns of a published table.
type referenceTable []schema.Column

var referenceTables = map[string]referenceTable{
	nodesMember:      columnsOf("tblNode", "nodeID", "nodeGuid", "nodeName", "nodeType", "parentID"),
	principalsMember: columnsOf("tblPrincipal", "prinID", "prinGuid", "prinUri"),
}

func columnsOf(table string, names ...string) referenceTable {
	t, _ := schema.Lookup(table)
	columns := make(referenceTable, len(names))
	for i, name := range names {
		columns[i], _ = t.Column(name)
	}
	return columns
}

func (t referenceTable) columns() []string {
	names := make([]string, len(t))
	for i, c := range t {
		names[i] = c.Name
	}
	return names
}

// check tells what is wrong with a row: of a number that stood for nothing all else is null.
func (t referenceTable) check(row []any) error {
	if len(row) != len(t) {
		return errLine
	}
	if row[1] == nil {
		for _, value := range row[2:] {
			if value != nil {
				return errors.New("a number without a GUID has a name")
			}
		}
		return t[0].Check(row[0])
	}
	for i, c := range t {
		if err := c.Check(row[i]); err != nil {
			return err
		}
	}
	return nil
}
