package transfer

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"csbackup/internal/chat/schema"
)

// found says how a row of the archive was found in the database.
type found int

const (
	added    found = iota // it is not there: the import adds it
	byGUID                // the same GUID
	bySecond              // by what comes next: a principal's URI, a node's name among its siblings
)

// mapping says what the archive's numbers of one table become in the database. A number that is in none of the maps
// is missing: its row is neither in the archive nor in the database.
type mapping struct {
	to      map[int64]int64
	how     map[int64]found
	nothing map[int64]bool // numbers that stood for nothing in the source
	leftOut map[int64]bool // new rows that cannot be taken, as what they stand below stood for nothing
	there   map[int64]bool // of a static table, the database's numbers
}

func newMapping() mapping {
	return mapping{to: map[int64]int64{}, how: map[int64]found{}, nothing: map[int64]bool{}, leftOut: map[int64]bool{}, there: map[int64]bool{}}
}

// isNew tells whether the row of this number in the archive is added.
func (m mapping) isNew(number int64) bool {
	how, known := m.how[number]
	return known && how == added
}

// pair notes that two rows are one.
func (m mapping) pair(in, there int64, how found) {
	m.to[in], m.how[in] = there, how
}

// pairFirst takes the first of the candidates that is not another row's already.
func (m mapping) pairFirst(in int64, candidates []int64, used map[int64]bool) bool {
	for _, there := range candidates {
		if !used[there] {
			used[there] = true
			m.pair(in, there, bySecond)
			return true
		}
	}
	return false
}

// settle gives a number to every row that travels and was not found: its own where that is free. Fresh numbers are
// none of those to avoid. Not ok where there are no numbers left.
func (m *mapping) settle(order []int64, travels func(int64) bool, taken *numbers, avoid []int64) bool {
	var renumbered []int64
	for _, id := range order {
		if _, done := m.how[id]; done {
			continue
		}
		switch {
		case !travels(id):
		case taken.used[id]:
			renumbered = append(renumbered, id)
		default:
			taken.use(id)
			m.pair(id, id, added)
		}
	}
	for _, id := range avoid { // a fresh number is none that means something in the archive
		taken.use(id)
	}
	for _, id := range renumbered {
		number, ok := taken.free()
		if !ok {
			return false
		}
		m.pair(id, number, added)
	}
	return true
}

// known is a row of an archive: one that travels, or one that is only referred to.
type known[T any] struct {
	row     T
	travels bool
}

// matchPeople finds the archive's principals among those of the database.
func matchPeople(in map[int64]known[person], nothing []int64, there []person) (mapping, bool) {
	m := newMapping()
	guids, uris := map[string]int64{}, map[string][]int64{}
	taken := newNumbers(schema.Int)
	for _, p := range there {
		taken.use(p.id)
		guids[p.guid] = p.id
		uris[uriKey(p.uri)] = append(uris[uriKey(p.uri)], p.id)
	}
	order := slices.Sorted(maps.Keys(in))
	used := map[int64]bool{}
	for _, id := range order {
		if target, ok := guids[in[id].row.guid]; ok && !used[target] {
			used[target] = true
			m.pair(id, target, byGUID)
		}
	}
	for _, id := range order {
		if _, done := m.how[id]; done {
			continue
		}
		m.pairFirst(id, uris[uriKey(in[id].row.uri)], used)
	}
	ok := m.settle(order, func(id int64) bool { return in[id].travels }, taken, append(slices.Clone(order), nothing...))
	return m, m.settleNothing(nothing, taken, there) && ok
}

// settleNothing keeps numbers that stood for nothing standing for nothing.
func (m *mapping) settleNothing(nothing []int64, taken *numbers, there []person) bool {
	someone := map[int64]bool{}
	for _, p := range there {
		someone[p.id] = true
	}
	for _, to := range m.to {
		someone[to] = true
	}
	for _, id := range nothing {
		m.nothing[id] = true
		m.to[id] = id
		if !someone[id] {
			continue
		}
		number, ok := taken.free()
		if !ok {
			return false
		}
		m.to[id] = number
	}
	return true
}

// uriKey is what two URIs have in common that differ only in upper and lower case.
func uriKey(uri string) string { return strings.ToLower(uri) }

// matchNodes finds the archive's categories and rooms among those of the database: by GUID, and from the top down
// by name and kind among those below the same parent.
func matchNodes(in map[int64]known[node], nothing []int64, there tree) (mapping, bool) {
	m := newMapping()
	guids := map[string]int64{}
	taken := newNumbers(schema.Int)
	for _, id := range there.order {
		guids[there.nodes[id].guid] = id
		taken.use(id)
	}
	order := slices.Sorted(maps.Keys(in))
	used := map[int64]bool{}
	for _, id := range order {
		if target, ok := guids[in[id].row.guid]; ok && !used[target] {
			used[target] = true
			m.pair(id, target, byGUID)
		}
	}
	m.matchNames(in, order, there, used)
	ok := m.settle(order, func(id int64) bool { return in[id].travels }, taken, append(slices.Clone(order), nothing...))
	for _, id := range nothing {
		m.nothing[id] = true
		m.to[id] = id
	}
	return m, ok
}

// leaveOut notes the new nodes of an archive that stand below a number that stood for nothing, and those below them.
func (m *mapping) leaveOut(archived tree) {
	var waiting []int64
	for _, id := range archived.order {
		if n := archived.nodes[id]; n.hasParent && m.nothing[n.parent] && m.isNew(id) {
			waiting = append(waiting, id)
		}
	}
	for len(waiting) > 0 {
		id := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if m.leftOut[id] {
			continue
		}
		m.leftOut[id] = true
		for _, child := range archived.children[id] {
			if m.isNew(child) {
				waiting = append(waiting, child)
			}
		}
	}
}

// siblings names a place in a tree: what stands below one parent, or at the top, of one kind and name.
type siblings struct {
	parent   int64
	root     bool
	category bool
	name     string
}

// theRoot gives the one category at the top of a tree, whose name does not matter; not ok where there are several.
func theRoot(nodes iter.Seq[node]) (id int64, ok bool) {
	count := 0
	for n := range nodes {
		if n.isRoot() && n.category {
			id, count = n.id, count+1
		}
	}
	return id, count == 1
}

func (m *mapping) matchNames(in map[int64]known[node], order []int64, there tree, used map[int64]bool) {
	places := map[siblings][]int64{}
	for _, id := range there.order {
		n := there.nodes[id]
		key := siblings{parent: n.parent, root: n.isRoot(), category: n.category, name: n.name}
		if key.root {
			key.parent = 0
		}
		places[key] = append(places[key], id)
	}
	here, one := theRoot(func(yield func(node) bool) {
		for _, n := range in {
			if !yield(n.row) {
				return
			}
		}
	})
	target, alike := theRoot(maps.Values(there.nodes))
	if _, done := m.how[here]; one && alike && !done && !used[target] {
		used[target] = true
		m.pair(here, target, bySecond)
	}
	for again := true; again; { // a node's parent may come after it
		again = false
		for _, id := range order {
			n := in[id].row
			if _, done := m.how[id]; done {
				continue
			}
			key := siblings{root: n.isRoot(), category: n.category, name: n.name}
			if !key.root {
				parent, ok := m.to[n.parent]
				if !ok {
					continue
				}
				key.parent = parent
			}
			again = m.pairFirst(id, places[key], used) || again
		}
	}
}

// static is a row of a table that is filled when a database is made: a number and what it means.
type static struct {
	id    int64
	group int64 // what the name is unique in
	name  string
}

// matchStatic finds rows of a static table: by number and name, else by name, else they are added.
func matchStatic(in, there []static, kind schema.Type) (mapping, bool) {
	m := newMapping()
	type meaning struct {
		group int64
		name  string
	}
	byNumber, byName := map[int64]static{}, map[meaning][]int64{}
	taken := newNumbers(kind)
	for _, s := range there {
		taken.use(s.id)
		m.there[s.id] = true
		byNumber[s.id] = s
		byName[meaning{s.group, s.name}] = append(byName[meaning{s.group, s.name}], s.id)
	}
	used := map[int64]bool{}
	var order []int64
	for _, s := range in {
		order = append(order, s.id)
		if same, ok := byNumber[s.id]; ok && same == s {
			used[s.id] = true
			m.pair(s.id, s.id, byGUID)
		}
	}
	for _, s := range in {
		if _, done := m.how[s.id]; done {
			continue
		}
		m.pairFirst(s.id, byName[meaning{s.group, s.name}], used)
	}
	ok := m.settle(order, func(int64) bool { return true }, taken, order)
	return m, ok
}
