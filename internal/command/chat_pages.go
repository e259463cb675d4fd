package command

import (
	"fmt"
	"strings"

	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// exportPage is the report of an export.
func exportPage(o *ChatExport, r transfer.ExportResult) htmlreport.Page {
	page := htmlreport.Page{Title: "Persistent Chat export", Verdict: "Everything that was asked for is in the archive.", Good: true}
	if len(r.LeftOut) > 0 {
		page.Verdict, page.Good = fmt.Sprintf("The archive is complete but for %d things that are named below.", len(r.LeftOut)), false
	}
	archive := o.FileName
	if o.AsBytes {
		archive = "standard output"
	}
	scope := []string{}
	for _, one := range r.Scope {
		scope = append(scope, one.Name+" ("+one.GUID+")")
	}
	page.Facts = []htmlreport.Fact{{Name: "Database", Value: r.Source}, {Name: "Schema", Value: r.Schema}, {Name: "Archive", Value: archive}, {Name: "Level", Value: r.Level}, {Name: "Categories", Value: strings.Join(scope, ", ")}}
	if len(scope) == 0 {
		page.Facts[4].Value = "all"
	}
	if r.StartDate != nil {
		page.Facts = append(page.Facts, htmlreport.Fact{Name: "Messages from", Value: moment(*r.StartDate)})
	}
	reading := "All rows are of one moment: " + r.Isolation
	if !r.OneMoment {
		reading = r.Isolation
	}
	page.Facts = append(page.Facts, htmlreport.Fact{Name: "How it was read", Value: reading}, htmlreport.Fact{Name: "Rows", Value: report.Number(r.Rows)},
		htmlreport.Fact{Name: "Size", Value: report.Bytes(r.Packed) + " for " + report.Bytes(r.Unpacked) + " of content"})
	if r.Files > 0 {
		page.Facts = append(page.Facts, htmlreport.Fact{Name: "Uploaded files", Value: report.Number(r.Files) + ", " + report.Bytes(r.FileBytes)})
	}
	if o.DisableExportedNodes {
		page.Facts = append(page.Facts, htmlreport.Fact{Name: "Rooms disabled afterwards", Value: report.Number(r.Disabled)})
	}
	page.Facts = append(page.Facts, htmlreport.Fact{Name: "Took", Value: seconds(r.Seconds)})
	page.Sections = append(page.Sections, notIncluded(r))
	counts := htmlreport.Section{Title: "Rows by table", Header: []string{"Table", "Rows"}, Numbers: 1}
	for _, one := range r.Tables {
		counts.Rows = append(counts.Rows, []string{one.Table, report.Number(one.Rows)})
	}
	byCategory := newCategories("Rooms", "Messages")
	rooms := htmlreport.Section{Title: "Rooms", Header: []string{"Category", "Room", "First message", "Last message", "Messages"}, Numbers: 1}
	for _, one := range r.Rooms {
		byCategory.add(one.Category, 1, one.Messages)
		rooms.Rows = append(rooms.Rows, []string{one.Category, one.Name, moment(one.First), moment(one.Last), report.Number(one.Messages)})
	}
	page.Sections = append(page.Sections, counts, byCategory.section(), rooms)
	return page
}

// notIncluded says what is not in an archive, and why.
func notIncluded(r transfer.ExportResult) htmlreport.Section {
	s := htmlreport.Section{Title: "Not in the archive", Header: []string{"What", "Why"}}
	if r.FileLinks > 0 {
		s.Rows = append(s.Rows, []string{report.Number(r.FileLinks) + " messages link to uploaded files", "the files lie in the file store, not in the database; csbackup chat export --file-store takes them along"})
	}
	if r.Unreferenced > 0 {
		s.Rows = append(s.Rows, []string{report.Number(r.Unreferenced) + " principals", "no row that travels refers to them; directory sync adds them again"})
	}
	if r.Schema == "mgc" {
		s.Rows = append(s.Rows, []string{"affiliations, group members and other tables that the directory or the service fills", "they are made again by themselves"})
	}
	if len(r.Scope) > 0 {
		s.Rows = append(s.Rows, []string{"preferences and the configuration", "they belong to no category, and only some were to be exported"})
	}
	for _, one := range r.LeftOut {
		s.Rows = append(s.Rows, []string{one, "it could not travel"})
	}
	return s
}

// importPage is the report of an import, or of one that was only planned or failed.
func importPage(r transfer.ImportResult, err error) htmlreport.Page {
	page := htmlreport.Page{Title: "Persistent Chat import", Verdict: "The archive is in the database.", Good: true}
	switch {
	case err != nil:
		f := failure.Of(err)
		page.Verdict, page.Good = "Nothing was changed. "+f.Error()+". "+f.Hint, false
	case r.NothingToDo && r.LeftOutCount > 0:
		page.Verdict, page.Good = "Nothing to do: everything but what is named below is in the database already.", false
	case r.NothingToDo && r.ClashCount > 0:
		page.Verdict = "Nothing to do: where archive and database differ, the database's stays."
	case r.NothingToDo:
		page.Verdict = "Nothing to do: everything in the archive is in the database already."
	case r.WhatIf:
		page.Verdict = "This is what would be done. Nothing was changed."
	case r.LeftOutCount > 0:
		page.Verdict, page.Good = "The archive is in the database, but for what is named below.", false
	}
	page.Facts = []htmlreport.Fact{{Name: "Archive", Value: r.Archive}, {Name: "Database", Value: r.Target}, {Name: "Schema", Value: r.Schema},
		{Name: "Clashes", Value: report.Number(r.ClashCount)}, {Name: "Missing", Value: report.Number(r.MissingCount)}}
	if r.Files+r.FilesSame > 0 {
		page.Facts = append(page.Facts, htmlreport.Fact{Name: "Uploaded files", Value: report.Number(r.Files) + ", and " + report.Number(r.FilesSame) + " that were there"})
	}
	page.Facts = append(page.Facts, htmlreport.Fact{Name: "Took", Value: seconds(r.Seconds)})
	missing := htmlreport.Section{Title: "Missing in the archive and in the database", Header: []string{"What rows refer to"}}
	for _, one := range r.Missing {
		missing.Rows = append(missing.Rows, []string{one})
	}
	clashes := htmlreport.Section{Title: "Clashes", Header: []string{"Table", "What", "In the database", "In the archive", "Done"}}
	for _, c := range r.Clashes {
		clashes.Rows = append(clashes.Rows, []string{c.Table, c.Where, c.Database, c.Archive, c.Done})
	}
	if more := r.ClashCount - int64(len(r.Clashes)); more > 0 {
		clashes.Rows = append(clashes.Rows, []string{"", report.Number(more) + " more", "", "", ""})
	}
	left := htmlreport.Section{Title: "Left out", Header: []string{"What"}}
	for _, one := range r.LeftOut {
		left.Rows = append(left.Rows, []string{one})
	}
	header, byTable := tableCounts(r)
	counts := htmlreport.Section{Title: "Rows by table", Header: header, Rows: byTable, Numbers: len(header) - 1}
	rooms := htmlreport.Section{Title: "Messages by room", Header: []string{"Category", "Room", "In the archive", "New", "Under a new number", "Changed", "There already", "Left out"}, Numbers: 6}
	byCategory := newCategories("Rooms", "Messages in the archive", "New", "Changed")
	for _, one := range r.Rooms {
		byCategory.add(one.Category, 1, one.Messages, one.Added, one.Changed)
		rooms.Rows = append(rooms.Rows, []string{one.Category, one.Name, report.Number(one.Messages), report.Number(one.Added), report.Number(one.Renumbered), report.Number(one.Changed), report.Number(one.Same), report.Number(one.LeftOut)})
	}
	page.Sections = []htmlreport.Section{missing, clashes, left, counts, byCategory.section(), rooms}
	return page
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
