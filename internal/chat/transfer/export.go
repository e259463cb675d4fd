package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// ExportOptions say what an export takes along.
type ExportOptions struct {
	Source       string // the instance as the user named it
	DatabaseName string // as the user named it; "" lets the database itself decide between mgc and mgccomp
	Level        schema.Level
	Scope        []string  // names or GUIDs of categories; none for all
	StartDate    time.Time // zero for all messages
	FileStore    string    // folder with one folder a room; "" leaves uploaded files out
	// LeaveOutUnknown exports a database whose tables have columns that the published schema lacks, without these.
	LeaveOutUnknown bool
}

// Check refuses options that do not fit together; it needs no database.
func (o ExportOptions) Check() error {
	level := o.Level
	if !o.StartDate.IsZero() && (level == schema.LevelUser || level == schema.LevelCategory) {
		return failure.New(failure.InvalidUsage, string(level), "A start date limits messages, and the level "+string(level)+" has none",
			"Leave --start-date out, or give --level All or Content.")
	}
	if o.FileStore != "" && level != schema.LevelAll && level != schema.LevelContent {
		return failure.New(failure.InvalidUsage, string(level), "Uploaded files belong to messages, and the level "+string(level)+" has none",
			"Leave --file-store out, or give --level All or Content.")
	}
	return nil
}

// exporter is one run of Export.
type exporter struct {
	ctx     context.Context
	options ExportOptions
	source  database.Reader
	schema  string
	tree    tree
	people  map[int64]person
	chosen  selection
	writer  *archive.Writer
	meter   *meter
	store   *fileStore
	result  ExportResult

	wantedPeople map[int64]bool // principals that rows of the selection refer to
	wantedAddIns map[string]bool
	invited      map[int64]bool // principals with an invitation that travels
	usedNodes    map[int64]bool // numbers that stand in rows of the archive
	usedPeople   map[int64]bool
	links        int64
	counts       map[int64]*RoomCount
	months       archive.Months
	room         *RoomCount // of the messages that are being written; nil before the first one
}

// Export writes what the options ask for into an archive. What it gives besides an error means nothing.
func Export(ctx context.Context, db database.Database, to io.Writer, options ExportOptions, progress Progress) (result ExportResult, err error) {
	if err := options.Check(); err != nil {
		return ExportResult{}, err
	}
	source, err := db.Snapshot(ctx)
	if err != nil {
		return ExportResult{}, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	e := &exporter{
		ctx: ctx, options: options, source: source, meter: newMeter(progress, "Exporting "+options.Source, 0),
		wantedPeople: map[int64]bool{}, wantedAddIns: map[string]bool{}, invited: map[int64]bool{},
		usedNodes: map[int64]bool{}, usedPeople: map[int64]bool{}, counts: map[int64]*RoomCount{},
	}
	started := time.Now()
	if err := e.look(); err != nil {
		return ExportResult{}, err
	}
	if options.FileStore != "" {
		if e.store, err = openFileStore(options.FileStore); err != nil {
			return ExportResult{}, err
		}
		defer func() { err = errors.Join(err, e.store.close()) }()
	}
	e.writer = archive.NewWriter(metered{to, e.meter}, e.about())
	for _, step := range []func() error{e.messages, e.gather, e.tables, e.files, e.references} {
		if err := step(); err != nil {
			return ExportResult{}, e.explain(err)
		}
	}
	e.writer.FilesNotIn(e.links)
	manifest, err := e.writer.Close()
	if err != nil {
		return ExportResult{}, err
	}
	e.meter.end()
	e.finish(manifest, time.Since(started))
	return e.result, nil
}

// look reads what there is and makes the selection.
func (e *exporter) look() error {
	there, err := e.source.Tables(e.ctx)
	if err != nil {
		return err
	}
	if e.schema, err = chooseSchema(e.options.Source, e.options.DatabaseName, there); err != nil {
		return err
	}
	if err := e.checkColumns(there); err != nil {
		return err
	}
	if e.schema == schema.Compliance {
		e.chosen = selection{level: schema.LevelAll}
		return e.checkCompliance()
	}
	nodes, err := readNodes(e.ctx, e.source)
	if err != nil {
		return err
	}
	e.tree = newTree(nodes)
	people, err := readPeople(e.ctx, e.source)
	if err != nil {
		return err
	}
	e.people = make(map[int64]person, len(people))
	for _, p := range people {
		e.people[p.id] = p
	}
	var scope []int64
	if len(e.options.Scope) > 0 {
		if scope, e.result.Taken, err = e.tree.resolve(e.options.Source, e.options.Scope); err != nil {
			return err
		}
	}
	e.chosen = choose(e.tree, e.options.Level, scope)
	for _, id := range scope {
		e.result.Scope = append(e.result.Scope, archive.Node{GUID: e.tree.nodes[id].guid, Name: e.tree.nodes[id].name})
	}
	if err := e.checkKeys(nodes, people); err != nil {
		return err
	}
	return e.estimate()
}

// chooseSchema decides which published database is meant.
func chooseSchema(target, name string, there database.Layout) (string, error) {
	wanted := strings.ToLower(name)
	if wanted != schema.Chat && wanted != schema.Compliance {
		wanted = there.Databases[0]
	}
	if !slices.Contains(there.Databases, wanted) {
		return "", failure.New(failure.DatabaseNotChat, target, fmt.Sprintf("%s does not hold the tables of %s", target, wanted),
			"Check --db-instance and --db-name.")
	}
	return wanted, nil
}

// extraColumns names the columns, of some tables of a published database, that the schema lacks.
func extraColumns(there database.Layout, published string, of func(schema.Table) bool) string {
	var extra []string
	for _, t := range schema.Tables(published) {
		if !of(t) {
			continue
		}
		for _, column := range there.Extra[t.Name] {
			extra = append(extra, t.Name+"."+column)
		}
	}
	return strings.Join(extra, ", ")
}

// checkColumns refuses columns that could not travel, unless the user knows of them.
func (e *exporter) checkColumns(there database.Layout) error {
	named := extraColumns(there, e.schema, schema.Table.Travels)
	if named == "" {
		return nil
	}
	if !e.options.LeaveOutUnknown {
		return failure.New(failure.DatabaseNotChat, e.options.Source, "The database has columns that the published schema lacks, so their values could not travel: "+named,
			"Add --leave-out-unknown-columns to export without them; they are then named in the report.")
	}
	e.result.LeftOut = append(e.result.LeftOut, "Columns that the published schema lacks: "+named)
	return nil
}

// checkCompliance refuses what makes no sense for the compliance queue.
func (e *exporter) checkCompliance() error {
	o := e.options
	if o.Level != schema.LevelAll || len(o.Scope) > 0 || !o.StartDate.IsZero() || o.FileStore != "" {
		return failure.New(failure.InvalidUsage, o.Source, "A compliance database is exported as a whole",
			"Leave --level, --scope, --start-date and --file-store out.")
	}
	return e.estimate()
}

func (e *exporter) about() archive.About {
	about := archive.About{
		Source: e.options.Source, Database: e.options.DatabaseName, Schema: e.schema, Level: string(e.chosen.level),
		Scope: e.result.Scope, Isolation: e.source.Isolation(),
	}
	if about.Database == "" {
		about.Database = e.schema
	}
	if !e.options.StartDate.IsZero() {
		about.StartDate = e.options.StartDate.UTC().Format(time.RFC3339Nano)
	}
	return about
}

// estimate sets the meter's total where it can be known. Messages are taken from the counters: counting them would cost as much as reading.
func (e *exporter) estimate() error {
	if !e.options.StartDate.IsZero() {
		return nil // how many messages are from then on would have to be counted
	}
	for _, t := range schema.Tables(e.schema) {
		if !e.chosen.takes(t) || t.Name == "tblChat" {
			continue
		}
		n, err := e.source.Count(e.ctx, database.Query{Table: t.Name})
		if err != nil {
			return err
		}
		e.meter.state.Total += n
	}
	if !e.chosen.messages() || e.schema != schema.Chat {
		return nil
	}
	highest := map[int64]int64{}
	err := e.source.Rows(e.ctx, database.Query{Table: "tblLastChatId"}, func(row []any) error {
		room, last := row[0].(int64), row[1].(int64)
		if e.chosen.rooms[room] {
			highest[room] = max(highest[room], last)
		}
		return nil
	})
	for n := range maps.Values(highest) {
		if n < 1<<40 { // a counter that is no count
			e.meter.state.Total += n
		}
	}
	return err
}

func readNodes(ctx context.Context, source database.Source) ([]node, error) {
	var nodes []node
	query := database.Query{Table: "tblNode", Columns: []string{"nodeID", "nodeGuid", "parentID", "nodeType", "nodeName", "disabled"}, OrderBy: []string{"nodeID"}}
	err := source.Rows(ctx, query, func(row []any) error {
		n := node{id: row[0].(int64), guid: row[1].(string), category: row[3].(int64) == 1, name: row[4].(string), disabled: row[5].(int64) == 1}
		n.parent, n.hasParent = row[2].(int64)
		nodes = append(nodes, n)
		return nil
	})
	return nodes, err
}

// person is what is known of a principal.
type person struct {
	id        int64
	guid, uri string
	others    []int64 // principals that its own row refers to
}

func readPeople(ctx context.Context, source database.Source) ([]person, error) {
	var people []person
	query := database.Query{Table: "tblPrincipal", Columns: []string{"prinID", "prinGuid", "prinUri", "prinAddedBy", "prinUpdatedBy"}, OrderBy: []string{"prinID"}}
	err := source.Rows(ctx, query, func(row []any) error {
		p := person{id: row[0].(int64), guid: row[1].(string), uri: row[2].(string)}
		for _, other := range row[3:] {
			if id, ok := other.(int64); ok && id != p.id {
				p.others = append(p.others, id)
			}
		}
		people = append(people, p)
		return nil
	})
	return people, err
}
