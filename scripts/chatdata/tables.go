package chatdata

import (
	"fmt"
	"slices"
	"strings"
)

// Table is the rows of a small table, with values for all of its columns.
type Table struct {
	Name string
	Rows [][]any
}

const (
	no  = int64(0)
	yes = int64(1)
)

// Tables gives everything but the messages, for a number of copies, in an order that keeps references.
func (d *Data) Tables(copies int64) []Table {
	tables := []Table{
		{"tblPrincipalType", [][]any{{int64(4), "SystemUser", yes, no}, {int64(5), "User", no, yes}, {int64(9), "Group", no, no}}},
		{"tblRoleType", [][]any{{int64(1), "Member", int64(3984)}, {int64(2), "Manager", int64(12276)}, {int64(3), "Voiced", int64(4096)}, {int64(4), "Creator", int64(16)}}},
		{"tblEnumAttribute", [][]any{{int64(1), "Visibility"}, {int64(2), "Behavior"}}},
		{"tblEnumValue", [][]any{{int64(2), int64(1), "private"}, {int64(3), int64(1), "scope"}, {int64(4), int64(2), "normal"}, {int64(5), int64(2), "auditorium"}, {int64(6), int64(1), "open"}}},
		{"tblPrincipal", d.principals()},
		{"tblNode", d.nodes(copies)},
		{"tblScopePrincipal", scopes()},
		{"tblPrincipalRole", d.roles(copies)},
		{"tblLastChatId", d.counters(copies)},
	}
	return append(tables, d.invitations()...)
}

func (d *Data) principals() [][]any {
	principal := func(id int64, uri string, name, path any, kind int64) []any {
		return []any{id, guid(1, id), uri, name, name, "Contoso", nil, path, nil, no, kind, nil, nil, yes, d.rooms[0].first, nil, d.rooms[0].first, "2017-10-01 00:00:00"}
	}
	rows := [][]any{
		principal(systemUser, "ma-grp:system", nil, nil, 4),
		principal(everybody, "ma-grp:"+guid(1, everybody)+"@u.g", nil, "CN=Everybody,OU=Groups,DC=contoso,DC=com", 9),
	}
	for i, poster := range d.posters {
		rows = append(rows, principal(firstPerson+int64(i), "sip:"+poster+"@contoso.com", poster, "CN="+poster+",OU=Users,DC=contoso,DC=com", 5))
	}
	return rows
}

func (d *Data) nodes(copies int64) [][]any {
	node := func(id, parent, kind int64, name, description string, flags any, at int64) []any {
		return []any{id, guid(2, id), parent, kind, name, description, flags, flags, flags, no, int64(4), int64(3), nil, int64(systemUser), at, int64(systemUser), at, nil}
	}
	rows := [][]any{node(rootNode, rootNode, 1, "Root", "", no, d.rooms[0].first)}
	for i := range int64(categories) {
		rows = append(rows, node(firstCategory+i, rootNode, 1, fmt.Sprintf("Category %d", i+1), "", yes, d.rooms[0].first))
	}
	for copy := range copies {
		for i, r := range d.rooms {
			name := r.name
			if copy > 0 {
				name = fmt.Sprintf("%s (%d)", r.name, copy+1)
			}
			rows = append(rows, node(d.roomNumber(i, copy), firstCategory+int64(i)%categories, 0, name, "All about "+name, nil, r.first))
		}
	}
	return rows
}

func scopes() [][]any {
	var rows [][]any
	for i := range int64(categories) {
		rows = append(rows, []any{firstCategory + i, int64(everybody), no, int64(systemUser)})
	}
	return rows
}

// roles makes everybody who posts in a room a member, every fiftieth a manager, and some creators.
func (d *Data) roles(copies int64) [][]any {
	var rows [][]any
	for i := range int64(categories) {
		rows = append(rows, []any{firstCategory + i, int64(firstPerson), int64(4), int64(systemUser)})
	}
	for copy := range copies {
		for i, r := range d.rooms {
			for _, who := range sorted(r.members) {
				rows = append(rows, []any{d.roomNumber(i, copy), who, int64(1), int64(systemUser)})
				if who%50 == 0 {
					rows = append(rows, []any{d.roomNumber(i, copy), who, int64(2), int64(systemUser)})
				}
			}
		}
	}
	return rows
}

func sorted(members map[int64]bool) []int64 {
	var all []int64
	for who := range members {
		all = append(all, who)
	}
	slices.Sort(all)
	return all
}

func (d *Data) counters(copies int64) [][]any {
	var rows [][]any
	for copy := range copies {
		for i, r := range d.rooms {
			rows = append(rows, []any{d.roomNumber(i, copy), r.messages})
		}
	}
	return rows
}

// invitations gives every tenth person one to the first room.
func (d *Data) invitations() []Table {
	var invitations, last [][]any
	for i := range d.posters {
		if i%10 == 0 {
			who := firstPerson + int64(i)
			invitations = append(invitations, []any{who, yes, int64(firstRoom), "2018-01-31 12:00:00"})
			last = append(last, []any{who, yes})
		}
	}
	return []Table{{"tblPrincipalInvites", invitations}, {"tblLastInviteId", last}}
}

// Describe says in a line what a number of copies holds.
func (d *Data) Describe(copies int64) string {
	return strings.Join([]string{
		fmt.Sprintf("%d messages", d.Messages*copies), fmt.Sprintf("%d rooms", int64(len(d.rooms))*copies), fmt.Sprintf("%d people", len(d.posters)),
	}, ", ")
}
