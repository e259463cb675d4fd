package transfer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// action is what an import does with one row of the archive.
type action byte

const (
	leave  action = iota // it is in the database, or the database's is better
	add                  // it is new
	change               // the database's row takes its values
	behind               // a message that is added behind the last one of its room; another row that is left out
)

// leftOut is the action for a row that is no message and cannot be taken.
const leftOut = behind

// actions holds one action a row in a quarter of a byte, so that a plan for many million rows stays small.
type actions struct {
	packed []byte
	count  int64
}

func (a *actions) append(one action) {
	if a.count%4 == 0 {
		a.packed = append(a.packed, 0)
	}
	a.count++
	a.set(a.count-1, one)
}

func (a *actions) set(n int64, one action) {
	shift := n % 4 * 2
	a.packed[n/4] = a.packed[n/4]&^(3<<shift) | byte(one)<<shift
}

func (a *actions) at(n int64) action { return action(a.packed[n/4] >> (n % 4 * 2) & 3) }

// tablePlan is what happens to the rows of one table.
type tablePlan struct {
	table   schema.Table
	actions actions // of the archive's rows in their order
	counts  TableResult
}

func (t *tablePlan) take(one action) {
	t.actions.append(one)
	t.counts.Rows++
	switch one {
	case leave:
		t.counts.Same++
	case add:
		t.counts.Added++
	case change:
		t.counts.Changed++
	case leftOut:
		t.counts.LeftOut++
	}
}

// plan is everything that an import would do. It is made from the archive and the database, and changes neither.
type plan struct {
	schema     string
	people     mapping
	nodes      mapping
	statics    map[string]mapping // by table
	tables     map[string]*tablePlan
	rooms      map[int64]*roomPlan // by number in the archive
	counters   []counterChange
	keptGUIDs  map[string]map[int64]string // by table and number in the database
	otherGUIDs map[string]string           // of nodes in the archive that have another one in the database
	invites    map[int64]int64             // by the row's place in the archive, the number that an invitation gets instead of its own
	removed    map[string]int64            // by table, rows that go first; nil where the import merges
	result     ImportResult
	missing    []string
}

// planner makes a plan.
type planner struct {
	plan
	ctx     context.Context
	archive *archive.Archive
	talk    *archive.Talk // there wherever checkSize took the archive
	source  database.Source
	target  string // names the database in errors
	meter   *meter

	tree      tree // of the database
	archived  tree // of the archive, with what it only refers to
	persons   map[int64]person
	archivedP map[int64]known[person]
	dbNewer   map[int64]bool            // nodes of the database that were changed after the archive's, by number there
	unknown   map[string]map[int64]bool // numbers that were already told to be missing
	last      map[int64]int64           // by room of the database: its counter
	archLast  map[int64]int64           // by room of the archive
	addIns    map[string]bool           // by GUID, those of the archive and of the database
}

// makePlan goes through the archive, whose proof gave the talk, and the database, which it is to replace or to be
// merged into.
func makePlan(ctx context.Context, a *archive.Archive, talk *archive.Talk, source database.Source, target string, replace bool, m *meter) (*plan, error) {
	manifest := a.Manifest()
	there, err := source.Tables(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(there.Databases, manifest.Schema) {
		return nil, failure.New(failure.DatabaseNotChat, target,
			fmt.Sprintf("The archive holds rows of %s, and %s has not all of its tables", manifest.Schema, target), "Check --db-instance and --db-name.")
	}
	if err := checkSize(manifest, target); err != nil {
		return nil, err
	}
	p := &planner{
		plan: plan{schema: manifest.Schema, statics: map[string]mapping{}, tables: map[string]*tablePlan{}, rooms: map[int64]*roomPlan{}, invites: map[int64]int64{}, keptGUIDs: map[string]map[int64]string{}, otherGUIDs: map[string]string{}},
		ctx:  ctx, archive: a, talk: talk, source: source, target: target, meter: m,
		persons: map[int64]person{}, archivedP: map[int64]known[person]{}, dbNewer: map[int64]bool{}, unknown: map[string]map[int64]bool{},
		last: map[int64]int64{}, archLast: map[int64]int64{},
	}
	if replace {
		if err := p.empty(there); err != nil {
			return nil, err
		}
	}
	steps := []func() error{p.matchAll, p.compareTables, p.compareMessages, p.compareCounters}
	if p.schema == schema.Compliance {
		steps = []func() error{p.compareTables}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.finish()
	return &p.plan, nil
}

// What a plan keeps in memory, and how many rows of it there may be: several times of what the largest pools have.
var mostKept = map[string]int64{
	"tblNode": 500_000, "tblPrincipal": 1_000_000, "tblRoleType": 10_000, "tblPrincipalType": 10_000, "tblEnumAttribute": 10_000, "tblEnumValue": 10_000,
}

// checkSize refuses an archive that would need more memory than there should be.
func checkSize(m archive.Manifest, target string) error {
	rows := map[string]int64{}
	for _, member := range m.Members {
		switch member.Name {
		case "references/nodes.jsonl":
			rows["tblNode"] += member.Rows
		case "references/principals.jsonl":
			rows["tblPrincipal"] += member.Rows
		default:
			rows[memberTable(member.Name)] += member.Rows
		}
	}
	for table, most := range mostKept {
		if rows[table] > most {
			return failure.New(failure.ArchiveForeign, target, fmt.Sprintf("The archive has %d rows of %s, and no Persistent Chat database has more than %d", rows[table], table, most),
				"Name a file that \"csbackup chat export\" made. Nothing was changed.")
		}
	}
	return nil
}

// matchAll finds out what the archive's numbers become.
func (p *planner) matchAll() error {
	for _, t := range schema.Tables(schema.Chat) {
		if t.Kind == schema.Static {
			if err := p.matchStatic(t); err != nil {
				return err
			}
		}
	}
	people, err := readPeople(p.ctx, p.source)
	if err != nil {
		return err
	}
	for _, one := range people {
		p.persons[one.id] = one
	}
	nothing, err := p.archivedPeople()
	if err != nil {
		return err
	}
	ok := false
	if p.people, ok = matchPeople(p.archivedP, nothing, people); !ok {
		return p.noNumbers("tblPrincipal")
	}
	nodes, err := readNodes(p.ctx, p.source)
	if err != nil {
		return err
	}
	p.tree = newTree(nodes)
	in, nothing, err := p.archivedNodes()
	if err != nil {
		return err
	}
	if p.nodes, ok = matchNodes(in, nothing, p.tree); !ok {
		return p.noNumbers("tblNode")
	}
	p.nodes.leaveOut(p.archived)
	p.noteMatches()
	return p.readAddIns()
}

// readAddIns reads which add-ins there are in the archive or the database.
func (p *planner) readAddIns() error {
	p.addIns = map[string]bool{}
	keep := func(row []any) error {
		p.addIns[row[0].(string)] = true
		return nil
	}
	if err := p.archive.Rows(p.ctx, "tblSiopWhiteList", keep); err != nil {
		return err
	}
	return p.source.Rows(p.ctx, database.Query{Table: "tblSiopWhiteList", Columns: []string{"siopID"}}, keep)
}

func (p *planner) noNumbers(table string) error {
	return failure.New(failure.ImportClash, p.target, "The database has no number left for a new row of "+table, "Import into another database.")
}

func (p *planner) matchStatic(t schema.Table) error {
	read := func(row []any) static {
		s := static{id: row[0].(int64)}
		if t.Name == "tblEnumValue" {
			s.group, s.name = row[1].(int64), row[2].(string)
			return s
		}
		s.name = row[1].(string)
		return s
	}
	var in, there []static
	err := p.archive.Rows(p.ctx, t.Name, func(row []any) error {
		s := read(row)
		if t.Name == "tblEnumValue" {
			s.group = p.statics["tblEnumAttribute"].number(s.group)
		}
		in = append(in, s)
		return nil
	})
	if err != nil {
		return err
	}
	err = p.source.Rows(p.ctx, database.Query{Table: t.Name, OrderBy: t.Key}, func(row []any) error {
		there = append(there, read(row))
		return nil
	})
	if err != nil {
		return err
	}
	m, ok := matchStatic(in, there, t.Columns[0].Type)
	if !ok {
		return p.noNumbers(t.Name)
	}
	p.statics[t.Name] = m
	return nil
}

// number is what a number becomes: itself where the archive says nothing of it.
func (m mapping) number(id int64) int64 {
	if to, ok := m.to[id]; ok {
		return to
	}
	return id
}

// archivedPeople reads the principals that travel or are referred to, and the numbers that stood for nothing.
func (p *planner) archivedPeople() (nothing []int64, err error) {
	err = p.archive.Rows(p.ctx, "tblPrincipal", func(row []any) error {
		id := row[0].(int64)
		p.archivedP[id] = known[person]{person{id: id, guid: row[1].(string), uri: row[2].(string)}, true}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = p.archive.Principals(p.ctx, func(r archive.PrincipalReference) error {
		if !r.Known {
			nothing = append(nothing, r.ID)
			return nil
		}
		p.archivedP[r.ID] = known[person]{person{id: r.ID, guid: r.GUID, uri: r.URI}, false}
		return nil
	})
	return nothing, err
}

func (p *planner) archivedNodes() (in map[int64]known[node], nothing []int64, err error) {
	in = map[int64]known[node]{}
	var nodes []node
	keep := func(n node, travels bool) {
		in[n.id] = known[node]{n, travels}
		nodes = append(nodes, n)
	}
	err = p.archive.Rows(p.ctx, "tblNode", func(row []any) error {
		n := node{id: row[0].(int64), guid: row[1].(string), category: row[3].(int64) == 1, name: row[4].(string)}
		n.parent, n.hasParent = row[2].(int64)
		keep(n, true)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = p.archive.Nodes(p.ctx, func(r archive.NodeReference) error {
		if !r.Known {
			nothing = append(nothing, r.ID)
			return nil
		}
		keep(node{id: r.ID, guid: r.GUID, name: r.Name, category: r.Category, parent: r.Parent, hasParent: r.HasParent}, false)
		return nil
	})
	p.archived = newTree(nodes)
	return in, nothing, err
}

// noteMatches tells of principals and nodes that were found by something else than their GUID.
func (p *planner) noteMatches() {
	for _, id := range slices.Sorted(maps.Keys(p.people.how)) {
		in, there := p.archivedP[id].row, p.persons[p.people.to[id]]
		if p.people.how[id] == bySecond {
			p.clash(Clash{Table: "tblPrincipal", Where: in.uri, Database: "prinGuid " + there.guid, Archive: "prinGuid " + in.guid,
				Done: "taken for the same, because the URI is; the database's GUID stays"})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.nodes.how)) {
		in, there := p.archived.nodes[id], p.tree.nodes[p.nodes.to[id]]
		if p.nodes.how[id] == bySecond {
			p.otherGUIDs[in.guid] = there.guid
			p.clash(Clash{Table: "tblNode", Where: p.archived.path(id), Database: "nodeGuid " + there.guid, Archive: "nodeGuid " + in.guid,
				Done: "taken for the same, because name and place are; the database's GUID stays, and links to the archive's lead nowhere"})
		}
	}
}

// absent notes that a row refers to something that is in neither, once for each.
func (p *planner) absent(table string, id int64, by string) {
	told := p.unknown[table]
	if told == nil {
		told = map[int64]bool{}
		p.unknown[table] = told
	}
	if told[id] {
		return
	}
	told[id] = true
	what := fmt.Sprintf("%s number %d", table, id)
	switch table {
	case "tblPrincipal":
		if one, ok := p.archivedP[id]; ok {
			what = "principal " + one.row.uri + " (" + one.row.guid + ")"
		}
	case "tblNode":
		if n, ok := p.archived.nodes[id]; ok {
			kind := "room"
			if n.category {
				kind = "category"
			}
			what = kind + " " + p.archived.path(id) + " (" + n.guid + ")"
		}
	}
	p.absentRow(what, by)
}

// absentAddIn notes that a room has an add-in that is in neither.
func (p *planner) absentAddIn(guid, by string) {
	if !p.addIns[guid] {
		p.addIns[guid] = true // once
		p.absentRow("add-in "+guid, by)
	}
}

func (p *planner) absentRow(what, by string) {
	p.result.MissingCount++
	if len(p.missing) < mostNamed {
		p.missing = append(p.missing, what+", to which "+by+" refers")
	}
}

// rowName names a row of the archive for people, by what does not change with its number.
func rowName(t schema.Table, row []any) string {
	switch t.Name {
	case "tblPrincipal":
		return fmt.Sprintf("principal %v", row[2])
	case "tblNode":
		return fmt.Sprintf("the room or category %.100q", row[4])
	}
	return "a row of " + t.Name
}

// mostNamed is how many clashes and missing rows are named one by one.
const mostNamed = 10_000

func (p *planner) clash(c Clash) {
	p.result.ClashCount++
	if len(p.result.Clashes) < mostNamed {
		c.Database, c.Archive = short(c.Database), short(c.Archive)
		p.result.Clashes = append(p.result.Clashes, c)
	}
}

// short cuts a text to what a person reads.
func short(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > most-4 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}

// finish makes the result of the plan.
func (p *planner) finish() {
	r := &p.result
	r.Schema, r.Missing, r.Tables = p.schema, p.missing, []TableResult{}
	for _, t := range schema.Tables(p.schema) {
		counts := TableResult{Table: t.Name}
		if one, ok := p.tables[t.Name]; ok {
			counts = one.counts
		}
		counts.Removed = p.removed[t.Name]
		if counts.Rows > 0 || counts.Removed > 0 {
			r.Tables = append(r.Tables, counts)
		}
	}
	changes := int64(len(p.counters))
	for _, t := range r.Tables {
		changes += t.Added + t.Changed + t.Removed
		r.LeftOutCount += t.LeftOut
	}
	r.NothingToDo = changes == 0 && r.MissingCount == 0
	for _, id := range slices.Sorted(maps.Keys(p.rooms)) {
		r.Rooms = append(r.Rooms, p.rooms[id].counts)
	}
	slices.SortStableFunc(r.Rooms, func(a, b RoomResult) int {
		return cmp.Or(strings.Compare(a.Category, b.Category), strings.Compare(a.Name, b.Name))
	})
}

// refusal is the error of a plan that cannot be carried out; nil where it can.
func (p *plan) refusal(target string) error {
	const most = 5
	if p.result.MissingCount > 0 {
		named := strings.Join(p.missing[:min(len(p.missing), most)], ", ")
		if p.result.MissingCount > most {
			named += fmt.Sprintf(" and %d more", p.result.MissingCount-most)
		}
		return failure.New(failure.ImportMissing, target, "What the archive refers to is neither in it nor in "+target+": "+named,
			"Import an archive of the level that holds them first, export with --level All, or add the rows to the database yourself. Nothing was changed.")
	}
	if p.result.Refused > 0 {
		return failure.New(failure.ImportClash, target, fmt.Sprintf("%d rows of the archive have the number of another row in %s", p.result.Refused, target),
			"Let the compliance service empty its queue first, or import into an empty database. Nothing was changed.")
	}
	return nil
}
