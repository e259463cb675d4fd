package convert

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// rights are the rows about who may do what, as far as they are about rooms and categories.
type rights struct {
	known   bool // rows of rights travelled
	allowed map[int64][]int64
	denied  map[int64][]int64
	// groups are the principals that stand for several people and hold rights.
	groups map[int64]bool
	// within gives the people of a group, where the archive has affiliations.
	within map[int64][]int64
}

// readRights reads roles, scopes and affiliations.
func (p *Plan) readRights(ctx context.Context) error {
	p.rights = rights{allowed: map[int64][]int64{}, denied: map[int64][]int64{}, groups: map[int64]bool{}, within: map[int64][]int64{}}
	roles := map[int64]string{}
	err := p.Archive.Rows(ctx, "tblRoleType", func(row []any) error {
		roles[row[0].(int64)] = strings.ToLower(row[1].(string))
		return p.budget.take(100)
	})
	if err != nil {
		return err
	}
	err = p.Archive.Rows(ctx, "tblPrincipalRole", func(row []any) error {
		n, person := p.nodes[row[0].(int64)], row[1].(int64)
		p.rights.known = true
		if n == nil {
			return nil
		}
		switch roles[row[2].(int64)] {
		case "member":
			n.Members = append(n.Members, person)
		case "manager":
			n.Managers = append(n.Managers, person)
		case "voiced":
			n.Presenters = append(n.Presenters, person)
		}
		p.noteGroup(person)
		return p.budget.take(16)
	})
	if err != nil {
		return err
	}
	err = p.Archive.Rows(ctx, "tblScopePrincipal", func(row []any) error {
		to := p.rights.allowed
		if row[2].(int64) == 1 {
			to = p.rights.denied
		}
		to[row[0].(int64)] = append(to[row[0].(int64)], row[1].(int64))
		p.rights.known = true
		p.noteGroup(row[1].(int64))
		return p.budget.take(24)
	})
	if err != nil {
		return err
	}
	return p.readAffiliations(ctx)
}

func (p *Plan) noteGroup(number int64) {
	if one := p.people[number]; one != nil && one.IsGroup() {
		p.rights.groups[number] = true
	}
}

// readAffiliations reads who belongs to the groups that hold rights.
func (p *Plan) readAffiliations(ctx context.Context) error {
	return p.Archive.Rows(ctx, "tblPrincipalAffiliations", func(row []any) error {
		person, group := row[0].(int64), row[1].(int64)
		one := p.people[person]
		if person == group || !p.rights.groups[group] || one == nil || one.Type != typeUser {
			return nil
		}
		p.rights.within[group] = append(p.rights.within[group], person)
		return p.budget.take(8)
	})
}

// decideRights says which rooms are public, and who reads the others, by the rule of the package comment.
func (p *Plan) decideRights() {
	for _, room := range p.Rooms {
		room.Public = room.Privacy == Open && !room.Disabled && p.admitsAll(room)
		if !room.Public {
			p.listReaders(room)
		}
	}
}

// scopes gives the nodes whose allowed and denied principals hold for a room: its categories.
func (p *Plan) scopes(room *Room) []*node {
	if n := p.nodes[room.Number]; n != nil {
		return p.above(n)
	}
	return nil
}

// admitsAll tells that a whole domain is allowed in the room's nearest category that allows anybody, and
// that nobody is denied in it or above it.
func (p *Plan) admitsAll(room *Room) bool {
	admits, found := false, false
	for _, c := range p.scopes(room) {
		if len(p.rights.denied[c.Number]) > 0 {
			return false
		}
		if allowed := p.rights.allowed[c.Number]; len(allowed) > 0 && !found {
			found = true
			admits = slices.ContainsFunc(allowed, func(n int64) bool { return p.Person(n).Type == typeDomain })
		}
	}
	return admits
}

// entitled gives the principals who may read a private room.
func (p *Plan) entitled(room *Room) []int64 {
	all := slices.Concat(room.Members, room.Managers, room.Presenters)
	if room.Privacy != Open {
		return all
	}
	for _, c := range p.scopes(room) {
		if allowed := p.rights.allowed[c.Number]; len(allowed) > 0 {
			return append(all, allowed...)
		}
	}
	return all
}

// listReaders finds the people who become members of a private channel.
func (p *Plan) listReaders(room *Room) {
	denied := map[int64]bool{}
	for _, c := range p.scopes(room) {
		for _, n := range p.expand(p.rights.denied[c.Number]) {
			denied[n] = true
		}
	}
	readers := map[int64]bool{}
	for _, n := range p.expand(p.entitled(room)) {
		if !denied[n] {
			readers[n] = true
		}
	}
	room.Readers = slices.Sorted(maps.Keys(readers))
}

// NoteRights notes what of the rooms' rights chat systems do not have.
func (p *Plan) NoteRights() {
	for _, room := range p.Rooms {
		if room.Auditorium {
			p.Notes.LeaveOut("Rooms in which only presenters could write: everybody in the channel can", room.Name, 1)
		}
		if room.Public {
			continue
		}
		if !p.rights.known {
			p.Notes.LeaveOut("Rooms whose rights the archive does not hold: they are private and have no members", room.Name, 1)
		}
		for _, n := range p.entitled(room) {
			if one := p.Person(n); one.IsGroup() && len(p.rights.within[n]) == 0 {
				p.Notes.LeaveOut("Groups, folders and domains with rights on private rooms, whose people the archive does not tell",
					room.Name+": "+one.label(), 1)
			}
		}
	}
}

// expand replaces groups by their people.
func (p *Plan) expand(numbers []int64) (people []int64) {
	for _, n := range numbers {
		if p.Person(n).IsGroup() {
			people = append(people, p.rights.within[n]...)
			continue
		}
		people = append(people, n)
	}
	return people
}

// label names a principal for a report.
func (p *Person) label() string {
	if p.URI == "" {
		return p.Name
	}
	return p.Name + " (" + p.URI + ")"
}
