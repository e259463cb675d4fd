package command

import (
	"fmt"
	"strings"
	"time"

	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// exportPage is the report of an export; later is what failed when the archive was complete.
func exportPage(o *ChatExport, r transfer.ExportResult, sum string, at time.Time, later error) htmlreport.Page {
	page, facts := newReport("export", r.Source, at)
	page.Verdict, page.Good = "All that was asked for is in the archive.", true
	n := int64(len(r.LeftOut))
	switch {
	case later != nil:
		page.Verdict, page.Good = later.Error()+".", false
	case n > 0:
		page.Verdict, page.Good = "The archive is whole, but "+things(
			n,
		)+" that should be in it could not be taken along; they are named below.", false
	}
	var first, last time.Time
	people := int64(0)
	for _, one := range r.Tables {
		if one.Table == "tblPrincipal" {
			people = one.Rows
		}
	}
	sizes := make([]roomSize, len(r.Rooms))
	for i, one := range r.Rooms {
		sizes[i] = roomSize{one.Category, one.Name, one.Messages}
		if first.IsZero() || !one.First.IsZero() && one.First.Before(first) {
			first = one.First
		}
		if one.Last.After(last) {
			last = one.Last
		}
	}
	page.Sum, page.LeftOut = figures(int64(len(r.Rooms)), people, r.Messages, first, last), notIncluded(o, r)
	page.Chart, page.Largest = monthChart(r.Months), largestRooms(sizes)
	page.Facts = append(facts, exportFacts(o, r, sum)...)
	page.Sections = exportSections(r)
	return page
}

func things(n int64) string {
	if n == 1 {
		return "1 thing"
	}
	return report.Number(n) + " things"
}

// exportFacts say what was exported from where, and how.
func exportFacts(o *ChatExport, r transfer.ExportResult, sum string) []htmlreport.Fact {
	archive := o.FileName
	if o.AsBytes {
		archive = "standard output"
	}
	scope := []string{}
	for _, one := range r.Scope {
		scope = append(scope, one.Name+" ("+one.GUID+")")
	}
	facts := []htmlreport.Fact{
		{Name: "Source", Value: r.Source},
		{Name: "Schema", Value: r.Schema},
		{Name: "Archive", Value: archive},
		{
			Name:  "SHA-256 of the archive",
			Value: sum,
		},
		{Name: "Level", Value: r.Level},
		{Name: "Categories", Value: strings.Join(scope, ", ")},
	}
	if len(scope) == 0 {
		facts[len(facts)-1].Value = "all"
	}
	if r.StartDate != nil {
		facts = append(facts, htmlreport.Fact{Name: "Messages from", Value: moment(*r.StartDate)})
	}
	reading := "All rows are of one moment: " + r.Isolation
	if !r.OneMoment {
		reading = r.Isolation
	}
	facts = append(
		facts,
		htmlreport.Fact{Name: "How it was read", Value: reading},
		htmlreport.Fact{Name: "Rows", Value: report.Number(r.Rows)},
		htmlreport.Fact{
			Name:  "Size",
			Value: report.Bytes(r.Packed) + " for " + report.Bytes(r.Unpacked) + " of content",
		},
	)
	if r.Files > 0 {
		facts = append(
			facts,
			htmlreport.Fact{
				Name:  "Uploaded files",
				Value: report.Number(r.Files) + ", " + report.Bytes(r.FileBytes),
			},
		)
	}
	if o.DisableExportedNodes {
		facts = append(
			facts,
			htmlreport.Fact{Name: "Rooms disabled afterwards", Value: report.Number(r.Disabled)},
		)
	}
	return append(facts, htmlreport.Fact{Name: "Took", Value: seconds(r.Seconds)})
}

// exportSections are the tables of an export's report.
func exportSections(r transfer.ExportResult) []htmlreport.Section {
	left := htmlreport.Section{Title: "Could not be taken along", Header: []string{"What"}}
	for _, one := range r.LeftOut {
		left.Rows = append(left.Rows, []string{one})
	}
	counts := htmlreport.Section{
		Title:   "What the archive holds",
		Header:  []string{"Rows of", "Rows"},
		Numbers: 1,
	}
	for _, one := range r.Tables {
		counts.Rows = append(counts.Rows, []string{schema.Words(one.Table), report.Number(one.Rows)})
		counts.Behind = append(counts.Behind, one.Table)
	}
	byCategory := newCategories("Rooms", "Messages")
	rooms := htmlreport.Section{
		Title:   "Rooms",
		Header:  []string{"Category", "Room", "First message", "Last message", "Messages"},
		Numbers: 1,
	}
	for _, one := range r.Rooms {
		byCategory.add(one.Category, 1, one.Messages)
		rooms.Rows = append(
			rooms.Rows,
			[]string{
				one.Category,
				one.Name,
				moment(one.First),
				moment(one.Last),
				report.Number(one.Messages),
			},
		)
	}
	return []htmlreport.Section{left, byCategory.section(), rooms, counts}
}

// notIncluded says in one sentence what is not in an archive, and why.
func notIncluded(o *ChatExport, r transfer.ExportResult) string {
	var parts []string
	add := func(what, why string) { parts = append(parts, what+", because "+why) }
	if n := int64(len(r.LeftOut)); n > 0 {
		add("the "+things(n)+" named below", "they could not travel")
	}
	if r.StartDate != nil {
		add("messages before "+moment(*r.StartDate), "only later ones were asked for")
	}
	if len(r.Scope) > 0 {
		add("other categories, preferences and the configuration", "only the named categories were asked for")
	}
	if r.Level != string(schema.LevelAll) {
		add("all that is not of the level "+r.Level, "only this level was asked for")
	}
	switch {
	case r.FileLinks > 0 && o.FileStore != "":
		add(
			"the uploaded files that "+report.Number(r.FileLinks)+" messages link to",
			"they are not in the file store",
		)
	case r.FileLinks > 0:
		add(
			"the uploaded files that "+report.Number(r.FileLinks)+" messages link to",
			"they lie in the file store, which --file-store would have named",
		)
	}
	if r.Unreferenced > 0 {
		add(
			report.Number(r.Unreferenced)+" people and groups",
			"nothing in the archive refers to them and the directory fills them in again",
		)
	}
	rebuilt := 0
	for _, t := range schema.Tables(r.Schema) {
		if !t.Travels() {
			rebuilt++
		}
	}
	if rebuilt > 0 && r.Level == string(schema.LevelAll) {
		add(
			fmt.Sprintf("%d tables of the service's own state", rebuilt),
			"the directory and the service fill them again by themselves",
		)
	}
	if len(parts) == 0 {
		return "Nothing was left out."
	}
	return "Not included: " + listing(parts) + "."
}

// importPage is the report of an import, or of one that was only planned or failed.
func importPage(o *ChatImport, r transfer.ImportResult, sum string, at time.Time, err error) htmlreport.Page {
	what := "import"
	if r.WhatIf {
		what = "import, planned only"
	}
	page, facts := newReport(what, r.Target, at)
	page.Verdict, page.Good = importVerdict(r, err)
	proof, m := r.Proof, r.Proof.Manifest
	rooms := max(proof.Rooms, proof.ChatRooms)
	page.Sum = figures(rooms, proof.People, proof.Messages, proof.First, proof.Last)
	page.LeftOut = notTaken(r, err)
	page.Chart = monthChart(proof.Months)
	sizes := make([]roomSize, len(r.Rooms))
	for i, one := range r.Rooms {
		sizes[i] = roomSize{one.Category, one.Name, one.Messages}
	}
	page.Largest = largestRooms(sizes)
	page.Facts = append(
		facts,
		htmlreport.Fact{Name: "Source", Value: m.Source},
		htmlreport.Fact{Name: "Archive", Value: r.Archive},
		htmlreport.Fact{Name: "SHA-256 of the archive", Value: sum},
		htmlreport.Fact{
			Name:  "Level",
			Value: m.Level,
		},
		htmlreport.Fact{Name: "Database", Value: r.Target},
		htmlreport.Fact{Name: "Schema", Value: r.Schema},
		htmlreport.Fact{
			Name:  "Clashes",
			Value: report.Number(r.ClashCount),
		},
		htmlreport.Fact{Name: "Missing", Value: report.Number(r.MissingCount)},
	)
	if o.FileStore != "" || r.Files+r.FilesSame > 0 {
		page.Facts = append(
			page.Facts,
			htmlreport.Fact{
				Name:  "Uploaded files",
				Value: report.Number(r.Files) + ", and " + report.Number(r.FilesSame) + " that were there",
			},
		)
	}
	page.Facts = append(page.Facts, htmlreport.Fact{Name: "Took", Value: seconds(r.Seconds)})
	page.Sections = importSections(r)
	return page
}

// importVerdict is the outcome in a sentence or two.
func importVerdict(r transfer.ImportResult, err error) (verdict string, good bool) {
	switch {
	case err != nil:
		f := failure.Of(err)
		return outcome(f) + " " + f.Error() + ". " + f.Hint, false
	case r.NothingToDo && r.LeftOutCount > 0:
		return "Nothing to do: everything but what is named below is in the database already.", false
	case r.NothingToDo && r.ClashCount > 0:
		return "Nothing to do: where archive and database differ, the database's stays.", true
	case r.NothingToDo:
		return "Nothing to do: everything in the archive is in the database already.", true
	case r.WhatIf:
		return "This is what would be done. Nothing was changed.", true
	case r.LeftOutCount > 0:
		return "The archive is in the database, but for what is named below.", false
	}
	return "The archive is in the database.", true
}

// notTaken says in one sentence what of an archive is not in the database afterwards, and why.
func notTaken(r transfer.ImportResult, err error) string {
	done := "was "
	switch {
	case err != nil:
		return ""
	case r.WhatIf:
		done = "would be "
	case r.LeftOutCount > 1:
		done = "were "
	}
	switch {
	case r.LeftOutCount == 1:
		return "One row or file of the archive " + done + "left out, because the database cannot take it; it is named below with the reason."
	case r.LeftOutCount > 0:
		return report.Number(
			r.LeftOutCount,
		) + " rows or files of the archive " + done + "left out, because the database cannot take them; they are named below with their reasons."
	}
	return "Nothing of the archive " + done + "left out."
}

// importSections are the tables of an import's report.
func importSections(r transfer.ImportResult) []htmlreport.Section {
	missing := htmlreport.Section{
		Title:  "Missing in the archive and in the database",
		Header: []string{"What rows refer to"},
	}
	for _, one := range r.Missing {
		missing.Rows = append(missing.Rows, []string{one})
	}
	clashes := htmlreport.Section{
		Title:  "Clashes",
		Header: []string{"Rows of", "What", "In the database", "In the archive", "Done"},
	}
	for _, c := range r.Clashes {
		clashes.Rows = append(
			clashes.Rows,
			[]string{schema.Words(c.Table), c.Where, c.Database, c.Archive, c.Done},
		)
		clashes.Behind = append(clashes.Behind, c.Table)
	}
	if more := r.ClashCount - int64(len(r.Clashes)); more > 0 {
		clashes.Rows = append(clashes.Rows, []string{"", report.Number(more) + " more", "", "", ""})
	}
	left := htmlreport.Section{Title: "Left out", Header: []string{"What"}}
	for _, one := range r.LeftOut {
		left.Rows = append(left.Rows, []string{one})
	}
	header, byTable := tableCounts(r)
	counts := htmlreport.Section{
		Title:   "What the archive holds",
		Header:  header,
		Rows:    byTable,
		Numbers: len(header) - 1,
	}
	for _, row := range byTable {
		counts.Behind = append(counts.Behind, row[0])
		row[0] = schema.Words(row[0])
	}
	rooms := htmlreport.Section{
		Title: "Messages by room",
		Header: []string{
			"Category",
			"Room",
			"In the archive",
			"New",
			"Under a new number",
			"Changed",
			"There already",
			"Left out",
		},
		Numbers: 6,
	}
	byCategory := newCategories("Rooms", "Messages in the archive", "New", "Changed")
	for _, one := range r.Rooms {
		byCategory.add(one.Category, 1, one.Messages, one.Added, one.Changed)
		rooms.Rows = append(
			rooms.Rows,
			[]string{
				one.Category,
				one.Name,
				report.Number(one.Messages),
				report.Number(one.Added),
				report.Number(one.Renumbered),
				report.Number(one.Changed),
				report.Number(one.Same),
				report.Number(one.LeftOut),
			},
		)
	}
	return []htmlreport.Section{missing, clashes, left, byCategory.section(), rooms, counts}
}

// outcome says of a failed import what became of the database.
func outcome(f *failure.Error) string {
	if f.ID == failure.DatabaseUnknown {
		return "It is not known whether all was written or nothing."
	}
	return "Nothing was changed."
}

// categories adds counts of rooms up by the category that these are in.
type categories struct {
	header []string
	names  []string
	sums   map[string][]int64
}

func newCategories(counts ...string) *categories {
	return &categories{header: append([]string{"Category"}, counts...), sums: map[string][]int64{}}
}

func (c *categories) add(name string, counts ...int64) {
	sums, known := c.sums[name]
	if !known {
		c.names = append(c.names, name)
		sums = make([]int64, len(counts))
		c.sums[name] = sums
	}
	for i, n := range counts {
		sums[i] += n
	}
}

func (c *categories) section() htmlreport.Section {
	s := htmlreport.Section{Title: "Categories", Header: c.header, Numbers: len(c.header) - 1}
	for _, name := range c.names {
		row := []string{name}
		for _, n := range c.sums[name] {
			row = append(row, report.Number(n))
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}
