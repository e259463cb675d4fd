package transfer

import (
	"slices"

	"csbackup/internal/chat/schema"
)

// selection is what an export takes along. It is pure: it follows from the tree, the level and the scope.
type selection struct {
	level  schema.Level
	scoped bool
	rows   map[int64]bool // nodes whose own row travels
	rights map[int64]bool // nodes whose scopes and roles travel
	rooms  map[int64]bool // nodes whose messages, counters and invitations travel
}

// choose makes the selection of a level, limited to the categories of a scope where there are any.
func choose(t tree, level schema.Level, scope []int64) selection {
	s := selection{level: level, scoped: len(scope) > 0, rows: map[int64]bool{}, rights: map[int64]bool{}, rooms: map[int64]bool{}}
	within := map[int64]bool{}
	if s.scoped {
		within = t.below(scope)
	} else {
		for _, id := range t.order {
			within[id] = true
		}
	}
	for id := range within {
		category := t.nodes[id].category
		switch level {
		case schema.LevelAll:
			s.rows[id], s.rights[id], s.rooms[id] = true, true, true
		case schema.LevelCategory:
			s.rows[id], s.rights[id] = category, category
		case schema.LevelRoomDirectory:
			s.rows[id], s.rights[id] = !category, !category
		case schema.LevelContent:
			s.rooms[id] = true
		case schema.LevelUser: // rows that refer to a principal count, and none of them travels
			s.rights[id], s.rooms[id] = true, true
		}
	}
	if s.scoped && (level == schema.LevelAll || level == schema.LevelCategory) {
		for id := range t.withParents(within) {
			s.rows[id] = s.rows[id] || t.nodes[id].category
		}
	}
	return s
}

// takes tells whether rows of a table travel.
func (s selection) takes(t schema.Table) bool {
	switch {
	case !t.Travels():
		return false
	case t.Kind == schema.Queue:
		return true
	case s.scoped && (t.Name == "tblPreference" || t.Name == "tblConfig"):
		return false // these belong to no category
	case s.level == schema.LevelAll:
		return true
	case s.level == schema.LevelRoomDirectory && t.Level == schema.LevelCategory, s.level == schema.LevelCategory && t.Name == "tblSiopWhiteList":
		return true
	}
	return t.Level == s.level
}

// messages tells whether messages travel.
func (s selection) messages() bool {
	return s.level == schema.LevelAll || s.level == schema.LevelContent
}

// people tells whether the rows of principals travel.
func (s selection) people() bool { return s.level == schema.LevelAll || s.level == schema.LevelUser }

// limit gives the column of a table that says to which node a row belongs, and the nodes whose rows travel; no
// column where a row belongs to none.
func (s selection) limit(table string) (column string, nodes map[int64]bool) {
	switch table {
	case "tblNode":
		return "nodeID", s.rows
	case "tblScopePrincipal":
		return "scopeNodeID", s.rights
	case "tblPrincipalRole":
		return "prinRoleNodeID", s.rights
	case "tblPrincipalInvites", "tblLastChatId":
		return "nodeID", s.rooms
	}
	return "", nil
}

// channels gives the numbers of the rooms whose messages travel, ascending; nil for all that there are,
// those of rooms that do not exist too.
func (s selection) channels() []int64 {
	if !s.scoped {
		return nil
	}
	numbers := make([]int64, 0, len(s.rooms))
	for id := range s.rooms {
		numbers = append(numbers, id)
	}
	slices.Sort(numbers)
	return numbers
}

// columnsTo gives the places of a table's columns that hold the number of a row of the named table.
func columnsTo(t schema.Table, target string) []int {
	var places []int
	for _, r := range t.References {
		if r.Table != target || !isNumberOf(r) {
			continue
		}
		places = append(places, t.Place(r.Column))
	}
	return places
}

// isNumberOf tells whether a reference is by a number that only means something in one database. The compliance
// queue keeps the numbers of the other database as they are.
func isNumberOf(r schema.Reference) bool {
	target, _ := schema.Lookup(r.Table)
	c, _ := target.Column(r.Target)
	return target.Database == schema.Chat && c.Type != schema.GUID && r.Table != "tblChat" && r.Table != "tblServerIdentity"
}

// columnPlace gives where a column stands in the rows of a published table.
func columnPlace(table, column string) int {
	t, _ := schema.Lookup(table)
	return t.Place(column)
}
