package convert

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
)

// Selection says what of an archive is taken.
type Selection struct {
	// Rooms and Categories are names, GUIDs or numbers. A room is taken when it is named, or when it lies in a
	// category that is named; all rooms are taken where both are empty.
	Rooms, Categories []string
	// Since is the first time of a message that is taken, Until the first that is not; zero for no limit.
	Since, Until time.Time
}

// Check tells what is wrong with a selection in itself.
func (s Selection) Check() error {
	if !s.Until.IsZero() && !s.Until.After(s.Since) {
		return failure.New(failure.InvalidUsage, "--until", "--until is not after --since, so that no message is between them",
			"Give a later --until; messages of that time itself are not taken.")
	}
	return nil
}

// limited tells whether messages are left out by their times.
func (s Selection) limited() bool { return !s.Since.IsZero() || !s.Until.IsZero() }

// takes tells whether a message of that time is taken. One without a time is taken where there is no limit.
func (s Selection) takes(at time.Time) bool {
	if at.IsZero() {
		return !s.limited()
	}
	return !at.Before(s.Since) && (s.Until.IsZero() || at.Before(s.Until))
}

// choose finds the rooms that the selection takes, those without a row among them.
func (p *Plan) choose(ctx context.Context) error {
	err := p.Archive.Messages(ctx, func(r archive.Room) bool {
		if n := p.nodes[r.ID]; n == nil {
			n = &node{}
			n.Number, n.GUID, n.Name, n.Privacy = r.ID, r.GUID, r.Name, Unknown
			if !r.Known {
				n.Name = fmt.Sprintf("number %d, which is no room", r.ID)
			}
			p.nodes[r.ID] = n
		} else {
			n.category = false // what holds messages is read as a room
		}
		return false
	}, nil, nil)
	if err != nil {
		return err
	}
	var rooms, categories []*node
	for _, n := range p.nodes {
		if n.category {
			categories = append(categories, n)
		} else {
			rooms = append(rooms, n)
		}
	}
	byNumber := func(a, b *node) int { return int(a.Number - b.Number) }
	slices.SortFunc(rooms, byNumber)
	slices.SortFunc(categories, byNumber)
	chosenRooms, err := find(rooms, p.selection.Rooms, failure.RoomNotFound, "room")
	if err != nil {
		return err
	}
	chosenCategories, err := find(categories, p.selection.Categories, failure.ScopeNotFound, "category")
	if err != nil {
		return err
	}
	all := len(p.selection.Rooms)+len(p.selection.Categories) == 0
	for _, n := range rooms {
		above := p.above(n)
		if len(above) > 0 {
			n.Category, n.CategoryNumber = above[0].Name, above[0].Number
		}
		within := slices.ContainsFunc(above, func(c *node) bool { return chosenCategories[c.Number] })
		if all || within || chosenRooms[n.Number] {
			p.Rooms = append(p.Rooms, &n.Room)
		}
	}
	return nil
}

// find gives the nodes that are named, each by its GUID, its name, its name in another case, or its number.
func find(nodes []*node, named []string, id failure.ID, what string) (map[int64]bool, error) {
	found := map[int64]bool{}
	for _, name := range named {
		guid := strings.ToLower(strings.Trim(name, "{}"))
		var fitting []*node
		for _, fits := range []func(*node) bool{
			func(n *node) bool { return n.GUID != "" && n.GUID == guid },
			func(n *node) bool { return n.Name == name },
			func(n *node) bool { return strings.EqualFold(n.Name, name) },
			func(n *node) bool { return strconv.FormatInt(n.Number, 10) == name },
		} {
			for _, n := range nodes {
				if fits(n) {
					fitting = append(fitting, n)
				}
			}
			if len(fitting) > 0 {
				break
			}
		}
		switch len(fitting) {
		case 1:
			found[fitting[0].Number] = true
		case 0:
			return nil, failure.New(id, name, fmt.Sprintf("The archive has no %s %.100q", what, name),
				"See the rooms with \"csbackup chat show FILE\"; a name, a GUID or a number is taken.")
		default:
			return nil, failure.New(id, name, fmt.Sprintf("%d times the archive has a %s %.100q", len(fitting), what, name),
				fmt.Sprintf("Name one by its GUID, such as %s.", fitting[0].GUID))
		}
	}
	return found, nil
}
