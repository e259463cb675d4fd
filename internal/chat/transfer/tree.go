package transfer

import (
	"fmt"
	"slices"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/module"
)

// node is what is known of a category or room.
type node struct {
	id        int64
	guid      string
	name      string
	category  bool
	disabled  bool
	parent    int64
	hasParent bool
}

// tree is all nodes of a database or an archive.
type tree struct {
	nodes    map[int64]node
	order    []int64 // all numbers, ascending
	children map[int64][]int64
}

func newTree(nodes []node) tree {
	t := tree{nodes: make(map[int64]node, len(nodes)), children: map[int64][]int64{}}
	for _, n := range nodes {
		t.nodes[n.id] = n
		t.order = append(t.order, n.id)
		if n.hasParent && n.parent != n.id {
			t.children[n.parent] = append(t.children[n.parent], n.id)
		}
	}
	slices.Sort(t.order)
	return t
}

// isRoot tells whether a node is at the top: its own parent, or without one.
func (n node) isRoot() bool { return !n.hasParent || n.parent == n.id }

// path names a node for people, from the top down without the root: "Projects / Alpha".
func (t tree) path(id int64) string {
	n, ok := t.nodes[id]
	if !ok {
		return fmt.Sprintf("number %d", id)
	}
	names := []string{n.name}
	seen := map[int64]bool{id: true}
	for !n.isRoot() && !seen[n.parent] {
		parent, ok := t.nodes[n.parent]
		if !ok || parent.isRoot() {
			break
		}
		seen[parent.id] = true
		names = append(names, parent.name)
		n = parent
	}
	slices.Reverse(names)
	return strings.Join(names, " / ")
}

// place gives the category that a room is in and its own name.
func (t tree) place(id int64) (category, name string) {
	n, ok := t.nodes[id]
	if !ok {
		return "", fmt.Sprintf("number %d, which is no room", id)
	}
	if parent, ok := t.nodes[n.parent]; ok && n.hasParent && parent.id != id {
		category = t.path(parent.id)
	}
	return category, n.name
}

// below gives the nodes with everything that stands below them.
func (t tree) below(tops []int64) map[int64]bool {
	found := map[int64]bool{}
	waiting := slices.Clone(tops)
	for len(waiting) > 0 {
		id := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if !found[id] {
			found[id] = true
			waiting = append(waiting, t.children[id]...)
		}
	}
	return found
}

// withParents adds everything that stands above the nodes.
func (t tree) withParents(nodes map[int64]bool) map[int64]bool {
	all := make(map[int64]bool, len(nodes))
	for id := range nodes {
		for n, ok := t.nodes[id]; ok && !all[n.id]; n, ok = t.nodes[n.parent] {
			all[n.id] = true
			if !n.hasParent {
				break
			}
		}
	}
	return all
}

// resolve finds the categories that a scope names. The error lists those that there are. It also tells, for people,
// which names were taken for others that a database holds for the same.
func (t tree) resolve(target string, texts []string) (found []int64, taken []string, err error) {
	exists := func(text string) bool { return len(t.named(text)) > 0 }
	for _, text := range Scopes(texts, exists) {
		ids := t.named(text)
		if len(ids) == 0 {
			ids = t.alike(text)
		}
		names := t.namesOf(ids)
		switch {
		case len(ids) == 0:
			return nil, nil, t.unknown(target, text)
		case len(names) > 1:
			return nil, nil, failure.New(failure.ScopeNotFound, target, fmt.Sprintf("There is no category %.100q in %s, and several have nearly that name: %s", text, target, strings.Join(names, ", ")),
				"Write the name exactly, with its spaces and capitals, or give the GUID of the category, which csbackup chat categories lists.")
		case len(t.named(text)) == 0:
			taken = append(taken, fmt.Sprintf("There is no category %.100q; %s was taken for it", text, names[0]))
		}
		for _, id := range ids {
			if !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	if len(found) == 0 {
		return nil, nil, failure.New(failure.InvalidUsage, target, "The scope names no category", "Give the name or GUID of a category, or leave --scope out.")
	}
	slices.Sort(found)
	return found, taken, nil
}

// named gives the categories of that GUID, or of exactly that name.
func (t tree) named(text string) []int64 {
	guid := strings.ToLower(strings.Trim(strings.TrimSpace(text), "{}"))
	var found []int64
	for _, id := range t.order {
		switch n := t.nodes[id]; {
		case !n.category:
		case n.guid == guid:
			return []int64{id}
		case n.name == text:
			found = append(found, id)
		}
	}
	return found
}

// alike gives the categories whose name is that text to a database: SQL Server's usual comparison takes capitals and
// spaces at the end for nothing. Spaces before it are a person's.
func (t tree) alike(text string) []int64 {
	text = strings.TrimSpace(text)
	var found []int64
	for _, id := range t.order {
		if n := t.nodes[id]; n.category && strings.EqualFold(strings.TrimRight(n.name, " "), text) {
			found = append(found, id)
		}
	}
	return found
}

// namesOf gives the different names of some nodes, quoted, as spaces count.
func (t tree) namesOf(ids []int64) []string {
	var names []string
	for _, id := range ids {
		if name := fmt.Sprintf("%.100q", t.nodes[id].name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (t tree) unknown(target, text string) error {
	const most = 20
	for _, id := range t.order {
		n := t.nodes[id]
		if !n.category && (n.name == text || n.guid == strings.ToLower(text)) {
			return failure.New(failure.ScopeNotFound, target, fmt.Sprintf("%.100q is a room, and a scope is of categories", text),
				fmt.Sprintf("Name the category that it is in: %.100q.", t.nodes[n.parent].name))
		}
	}
	var names []string
	for _, c := range t.categories() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	hint := "There are: " + strings.Join(names[:min(len(names), most)], ", ") + "."
	switch {
	case len(names) == 0:
		hint = "The database has no category; leave --scope out."
	case len(names) > most:
		hint = strings.TrimSuffix(hint, ".") + fmt.Sprintf(" and %d more.", len(names)-most)
	}
	if nearest, ok := module.Nearest(text, names); ok {
		hint = fmt.Sprintf("Did you mean %.100q? ", nearest) + hint
	}
	return failure.New(failure.ScopeNotFound, target, fmt.Sprintf("There is no category %.100q in %s", text, target), hint)
}
