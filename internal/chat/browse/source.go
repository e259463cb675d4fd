package browse

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/site"
)

// Source reads an archive as rooms, people, files and messages.
type Source struct {
	Rooms  []site.Room // those that have a row or a message
	People []site.Person
	Files  []site.File

	archive *archive.Archive
	nodes   map[int64]node
	byGUID  map[string]int64
	format  Format
	links   *site.FileLinks
}

// Format makes HTML without active content of the RTF of a message; "" where the plain text says all.
type Format func(rtf, plain string) template.HTML

type node struct {
	site.Room
	category  bool
	parent    int64
	hasParent bool
	listed    bool
}

// columns are the places of a table's columns, by name.
func columns(table string, names ...string) []int {
	t, _ := schema.Lookup(table)
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = t.Place(name)
	}
	return places
}

// OpenSource reads everything but the messages and the contents of files. The format may be nil: then all messages are
// plain text.
func OpenSource(ctx context.Context, a *archive.Archive, format Format) (*Source, error) {
	s := &Source{archive: a, nodes: map[int64]node{}, byGUID: map[string]int64{}, format: format}
	for _, step := range []func(context.Context) error{s.readNodes, s.readPeople, s.readFiles} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Source) readNodes(ctx context.Context) error {
	at := columns("tblNode", "nodeID", "nodeGuid", "parentID", "nodeType", "nodeName", "nodeDesc", "disabled", "behavior", "visibility")
	err := s.archive.Rows(ctx, "tblNode", func(row []any) error {
		n := node{category: row[at[3]].(int64) == 1}
		n.ID, n.Name, n.Description = row[at[0]].(int64), text(row[at[4]]), text(row[at[5]])
		n.parent, n.hasParent = row[at[2]].(int64)
		if !n.category {
			n.Facts = roomFacts(row[at[6]], row[at[7]], row[at[8]])
			n.listed = true
		}
		s.addNode(n, text(row[at[1]]))
		return nil
	})
	if err != nil {
		return err
	}
	err = s.archive.Nodes(ctx, func(r archive.NodeReference) error {
		if r.Known {
			s.addNode(node{Room: site.Room{ID: r.ID, Name: r.Name}, category: r.Category, parent: r.Parent, hasParent: r.HasParent, listed: !r.Category}, r.GUID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	paths := map[int64]string{}
	for id, n := range s.nodes {
		if n.listed {
			n.Category = s.path(paths, n)
			s.nodes[id] = n
			s.Rooms = append(s.Rooms, n.Room)
		}
	}
	slices.SortFunc(s.Rooms, func(a, b site.Room) int { return int(min(1, max(-1, a.ID-b.ID))) })
	return nil
}

func (s *Source) addNode(n node, guid string) {
	s.nodes[n.ID] = n
	s.byGUID[guid] = n.ID
}

func text(value any) string {
	is, _ := value.(string)
	return is
}

// The values of tblEnumValue that the schema's publisher names.
const (
	auditorium = 5
	private    = 2
	scoped     = 3
	open       = 6
)

func roomFacts(disabled, behavior, visibility any) []site.Fact {
	var facts []site.Fact
	switch visibility {
	case int64(private):
		facts = append(facts, site.Fact{Name: "Open to", Value: "its members, who alone see it"})
	case int64(scoped):
		facts = append(facts, site.Fact{Name: "Open to", Value: "its members"})
	case int64(open):
		facts = append(facts, site.Fact{Name: "Open to", Value: "all who may enter the category"})
	}
	if behavior == int64(auditorium) {
		facts = append(facts, site.Fact{Name: "Kind", Value: "auditorium, in which only presenters write"})
	}
	if disabled == int64(1) {
		facts = append(facts, site.Fact{Name: "State", Value: "disabled"})
	}
	return facts
}

// longestPath is how many categories a path names: of deeper ones the uppermost are left out.
const longestPath = 12

// path names the categories above a room, without the root.
func (s *Source) path(known map[int64]string, room node) string {
	if path, ok := known[room.parent]; ok {
		return path
	}
	var names []string
	for n := room; n.hasParent && n.parent != n.ID; {
		parent, ok := s.nodes[n.parent]
		if !ok || !parent.hasParent || parent.parent == parent.ID {
			break
		}
		if len(names) == longestPath {
			names = append(names, "…")
			break
		}
		names = append(names, parent.Name)
		n = parent
	}
	slices.Reverse(names)
	path := strings.Join(names, " / ")
	known[room.parent] = path
	return path
}

func (s *Source) readPeople(ctx context.Context) error {
	at := columns("tblPrincipal", "prinID", "prinUri", "prinName", "prinDisplayName")
	err := s.archive.Rows(ctx, "tblPrincipal", func(row []any) error {
		p := site.Person{ID: row[at[0]].(int64), Address: text(row[at[1]])}
		p.Name = personName(text(row[at[3]]), text(row[at[2]]), p.Address)
		s.People = append(s.People, p)
		return nil
	})
	if err != nil {
		return err
	}
	return s.archive.Principals(ctx, func(r archive.PrincipalReference) error {
		if r.Known {
			s.People = append(s.People, site.Person{ID: r.ID, Address: r.URI, Name: personName("", "", r.URI)})
		}
		return nil
	})
}

// personName chooses what a person is called.
func personName(display, name, address string) string {
	for _, one := range []string{display, name, strings.TrimPrefix(address, "sip:")} {
		if strings.TrimSpace(one) != "" {
			return one
		}
	}
	return "Without a name"
}

func (s *Source) readFiles(ctx context.Context) error {
	err := s.archive.Files(ctx, func(guid, name string, modified time.Time, size int64, _ io.Reader) error {
		room := s.nodes[s.byGUID[guid]]
		link := site.FileLink{Name: name, Path: site.FilePath(len(s.Files), name), Size: size}
		s.Files = append(s.Files, site.File{FileLink: link, RoomID: room.ID, RoomName: room.Name, Modified: modified})
		return nil
	})
	s.links = site.NewFileLinks(s.Files)
	return err
}

// Open gives the content of the n-th file, counted from 0.
func (s *Source) Open(ctx context.Context, n int, read func(io.Reader) error) error {
	at := 0
	return s.archive.Files(ctx, func(_, _ string, _ time.Time, _ int64, content io.Reader) error {
		at++
		if at-1 != n {
			return nil
		}
		return read(content)
	})
}

// Messages gives all messages of the rooms that are wanted, room by room. A room that no row tells of is added to Rooms as
// it begins. Wants may be nil.
func (s *Source) Messages(ctx context.Context, wants func(site.Room) bool, each func(site.Room, site.Message) error) error {
	var room site.Room
	begin := func(r archive.Room) error {
		n, known := s.nodes[r.ID]
		if !known || !n.listed {
			n = node{Room: site.Room{ID: r.ID, Name: r.Name, Category: n.Category}, listed: true}
			if n.Name == "" {
				n.Name = fmt.Sprintf("Number %d, which is no room", r.ID)
			}
			s.nodes[r.ID] = n
			s.Rooms = append(s.Rooms, n.Room)
		}
		room = n.Room
		return nil
	}
	wanted := func(r archive.Room) bool {
		if wants == nil {
			return true
		}
		n, known := s.nodes[r.ID]
		if !known {
			n.Room = site.Room{ID: r.ID, Name: r.Name}
		}
		return wants(n.Room)
	}
	return s.archive.Messages(ctx, wanted, begin, func(m archive.Message) error {
		one := site.Message{ID: m.ChatID, At: archive.Time(m.ChatDate), Author: m.UserID, Alert: m.Alert, Text: m.Content, Files: s.links.Of(room.ID, m.Content)}
		if m.HasRTF && s.format != nil {
			one.HTML = s.format(m.RTF, m.Content)
		}
		return each(room, one)
	})
}
