package convert

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// Kinds of principals, as tblPrincipalType numbers them.
const (
	typeUser   = 5
	typeDomain = 8
	typeGroup  = 9
	typeFolder = 10
)

// Plan is what a conversion works on.
type Plan struct {
	Archive *archive.Archive
	Name    string  // what the archive is called
	Rooms   []*Room // those that are taken, in the order of their numbers
	Notes   Notes
	// LeftByTime counts the messages of these rooms that --since and --until leave out.
	LeftByTime int64
	// NoTime counts messages that have no usable time and are placed.
	NoTime int64

	rules      Rules
	selection  Selection
	people     map[int64]*Person
	identities map[string]*Person // by address in lower case
	nodes      map[int64]*node
	files      map[string]*File // by the room's GUID, a slash and the name in lower case
	rights     rights
	budget     budget
}

// node is a row of tblNode, or a reference to one.
type node struct {
	Room
	parent   int64
	category bool
}

// Load reads the archive's rooms, people and rights, and counts the messages that are taken.
func Load(ctx context.Context, a *archive.Archive, name string, rules Rules, selection Selection, progress func(report.Progress)) (*Plan, error) {
	p := &Plan{
		Archive: a, Name: name, rules: rules, selection: selection, people: map[int64]*Person{}, nodes: map[int64]*node{},
		files: map[string]*File{}, budget: budget{maxDirectory, name},
	}
	if a.Manifest().Schema != "mgc" {
		return nil, failure.New(failure.InvalidUsage, name, "The archive holds compliance events and no rooms",
			"Give an archive of the database mgc.")
	}
	for _, step := range []func(context.Context) error{p.readPeople, p.readNodes, p.readRights} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.choose(ctx); err != nil {
		return nil, err
	}
	if err := p.survey(ctx, progress); err != nil {
		return nil, err
	}
	p.decideRights()
	return p, p.listFiles(ctx)
}

// Person gives the principal of that number. One that the archive does not know has its number as name.
func (p *Plan) Person(number int64) *Person {
	one, ok := p.people[number]
	if !ok {
		one = &Person{Number: number, Name: fmt.Sprintf("principal number %d", number)}
		p.people[number] = one
	}
	return one
}

// File gives an uploaded file of a room by its name in the room's folder, in any case.
func (p *Plan) File(room *Room, name string) (*File, bool) {
	f, ok := p.files[room.GUID+"/"+strings.ToLower(name)]
	return f, ok
}

// readPeople reads tblPrincipal and the references to principals.
func (p *Plan) readPeople(ctx context.Context) error {
	err := p.Archive.Rows(ctx, "tblPrincipal", func(row []any) error {
		one := &Person{Number: row[0].(int64), GUID: row[1].(string), URI: row[2].(string), Type: row[10].(int64), Disabled: row[9].(int64) != 0}
		common, display := text(row[3]), text(row[4])
		one.Email, one.UPN = text(row[6]), text(row[8])
		one.Name = cmp.Or(strings.TrimSpace(display), strings.TrimSpace(common), nameOf(one.URI))
		p.people[one.Number] = one
		return p.budget.take(300, one.GUID, one.URI, one.Name, one.Email, one.UPN)
	})
	if err != nil {
		return err
	}
	return p.Archive.Principals(ctx, func(r archive.PrincipalReference) error {
		if !r.Known || p.people[r.ID] != nil {
			return nil
		}
		one := &Person{Number: r.ID, GUID: r.GUID, URI: r.URI, Name: nameOf(r.URI)}
		if strings.HasPrefix(strings.ToLower(r.URI), "sip:") {
			one.Type = typeUser
		}
		p.people[r.ID] = one
		return p.budget.take(300, one.GUID, one.URI)
	})
}

// nameOf gives the part of a URI that names a person: "bob" of "sip:bob@contoso.com".
func nameOf(uri string) string {
	_, rest, found := strings.Cut(uri, ":")
	if !found {
		rest = uri
	}
	name, _, _ := strings.Cut(rest, "@")
	return cmp.Or(name, uri)
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// readNodes reads tblNode and the references to nodes.
func (p *Plan) readNodes(ctx context.Context) error {
	err := p.Archive.Rows(ctx, "tblNode", func(row []any) error {
		n := &node{category: row[3].(int64) == 1}
		n.Number, n.GUID, n.Name, n.Description = row[0].(int64), row[1].(string), row[4].(string), row[5].(string)
		n.parent, _ = row[2].(int64)
		n.Disabled, n.Auditorium = row[9].(int64) == 1, row[10].(int64) == 5
		n.Privacy = map[int64]Privacy{2: Secret, 3: Closed, 6: Open}[row[11].(int64)]
		n.Privacy = cmp.Or(n.Privacy, Unknown)
		n.Created = sent(row[14].(int64))
		p.nodes[n.Number] = n
		return p.budget.take(500, n.GUID, n.Name, n.Description)
	})
	if err != nil {
		return err
	}
	return p.Archive.Nodes(ctx, func(r archive.NodeReference) error {
		if !r.Known || p.nodes[r.ID] != nil {
			return nil
		}
		n := &node{category: r.Category, parent: r.Parent}
		n.Number, n.GUID, n.Name, n.Privacy = r.ID, r.GUID, r.Name, Unknown
		p.nodes[r.ID] = n
		return p.budget.take(500, n.GUID, n.Name)
	})
}

// above gives the categories over a node, the nearest first, without the root. A tree that leads back to
// itself ends where it does.
func (p *Plan) above(n *node) []*node {
	var found []*node
	for at := p.nodes[n.parent]; at != nil && at.Number != at.parent && !slices.Contains(found, at); at = p.nodes[at.parent] {
		if found = append(found, at); len(found) == deepest {
			break
		}
	}
	return found
}

// deepest is how many categories may stand over each other; the product makes one, older ones made few.
const deepest = 64

// listFiles notes the uploaded files of the chosen rooms.
func (p *Plan) listFiles(ctx context.Context) error {
	byGUID := map[string]*Room{}
	for _, room := range p.Rooms {
		byGUID[room.GUID] = room
	}
	for _, m := range p.Archive.Manifest().Members {
		if m.File == nil {
			continue
		}
		parts := strings.SplitN(m.Name, "/", 3)
		room := byGUID[parts[1]]
		if len(parts) != 3 || room == nil {
			continue
		}
		name := string(m.File.Name)
		f := &File{Room: room, Name: name, Size: m.Size, path: m.Name}
		p.files[room.GUID+"/"+strings.ToLower(name)] = f
		room.Files++
		if err := p.budget.take(200, name, m.Name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// fileName is the form of the names under which files are stored, which messages link to.
var fileName = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(\.[0-9A-Za-z]{1,20})?`)

// Links gives the uploaded files of the archive that a message links to, each once.
func (p *Plan) Links(m *Message) (files []*File) {
	if m.Room.Files == 0 {
		return nil
	}
	for _, name := range fileName.FindAllString(m.Text, -1) {
		if f, ok := p.File(m.Room, name); ok && !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	return files
}
