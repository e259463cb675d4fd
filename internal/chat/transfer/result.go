package transfer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
)

// Count is how many rows of one table an archive holds.
type Count struct {
	Table string
	Rows  int64
}

// RoomCount is what an archive holds of one room.
type RoomCount struct {
	GUID        string // "" for a room that does not exist in the source
	Category    string // with the categories above it
	Name        string
	Messages    int64
	First, Last time.Time // of its messages; zero where they are no times

	number int64
}

func (c *RoomCount) add(m archive.Message) {
	c.Messages++
	at := archive.Time(m.ChatDate)
	if at.IsZero() {
		return
	}
	if c.First.IsZero() || at.Before(c.First) {
		c.First = at
	}
	if at.After(c.Last) {
		c.Last = at
	}
}

// ExportResult is what an export did.
type ExportResult struct {
	Source    string
	Schema    string // mgc or mgccomp
	Level     string
	Scope     []archive.Node `json:",omitempty"`
	StartDate *time.Time     `json:",omitempty"`
	Isolation string         // how one moment of the database was read
	OneMoment bool           // whether all of it is of one moment
	Rows      int64
	Messages  int64
	Tables    []Count
	Files     int64
	FileBytes int64
	// FileLinks is how many messages link to an uploaded file that is not in the archive.
	FileLinks int64
	// LeftOut names what should have travelled and could not.
	LeftOut []string `json:",omitempty"`
	// Unreferenced is how many principals nothing refers to; these the directory fills in again.
	Unreferenced int64
	Disabled     int64 // rooms that were disabled afterwards
	Seconds      float64

	Taken   []string    `json:"-"` // names of the scope that were taken for others
	Rooms   []RoomCount `json:"-"` // those with messages or with a row of their own
	RoomIDs []int64     `json:"-"` // rooms that were exported, by their number in the source
	// Months are the months that messages are of, the earliest first.
	Months   []archive.Month `json:"-"`
	Packed   int64           `json:"ArchiveBytes"`
	Unpacked int64           `json:"ContentBytes"`
}

// mostLeftOut is how many things are named one by one.
const mostLeftOut = 1000

func (r *ExportResult) leaveOut(format string, values ...any) {
	if len(r.LeftOut) < mostLeftOut {
		r.LeftOut = append(r.LeftOut, fmt.Sprintf(format, values...))
	}
}

// finish fills the result from what was counted on the way.
func (e *exporter) finish(m archive.Manifest, took time.Duration) {
	r := &e.result
	r.Source, r.Schema, r.Level, r.Isolation, r.OneMoment = e.options.Source, e.schema, string(e.chosen.level), e.source.Isolation(), e.source.OneMoment()
	if !e.options.StartDate.IsZero() {
		start := e.options.StartDate.UTC()
		r.StartDate = &start
	}
	r.Tables = tableCounts(m)
	for _, c := range r.Tables {
		r.Rows += c.Rows
		if c.Table == "tblChat" {
			r.Messages = c.Rows
		}
	}
	for _, member := range m.Members {
		r.Packed += member.PackedSize
		r.Unpacked += member.Size
	}
	r.FileLinks, r.Seconds, r.Months = e.links, took.Seconds(), e.months.List()
	if e.chosen.people() && !e.chosen.scoped {
		for id := range e.people {
			if !e.wantedPeople[id] {
				r.Unreferenced++
			}
		}
	}
	for _, id := range e.tree.order {
		n := e.tree.nodes[id]
		if n.category {
			continue
		}
		if e.chosen.rooms[id] && e.chosen.messages() || e.chosen.rows[id] {
			r.RoomIDs = append(r.RoomIDs, id)
			if e.counts[id] == nil {
				e.count(id)
			}
		}
	}
	for _, c := range e.counts {
		r.Rooms = append(r.Rooms, *c)
	}
	slices.SortFunc(r.Rooms, func(a, b RoomCount) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name), cmp.Compare(a.number, b.number))
	})
}

// tableCounts adds the rows of a manifest's members up by table.
func tableCounts(m archive.Manifest) []Count {
	counts := []Count{}
	for _, member := range m.Members {
		table := memberTable(member.Name)
		if table == "" {
			continue
		}
		if last := len(counts) - 1; last >= 0 && counts[last].Table == table {
			counts[last].Rows += member.Rows
			continue
		}
		counts = append(counts, Count{table, member.Rows})
	}
	return counts
}

// memberTable gives the table whose rows a member of an archive holds; "" for references and files.
func memberTable(name string) string {
	if strings.HasPrefix(name, "messages/") {
		return "tblChat"
	}
	if table, ok := strings.CutPrefix(name, "tables/"); ok {
		return strings.TrimSuffix(table, ".jsonl")
	}
	return ""
}

// TableResult is what an import does with the archive's rows of one table.
type TableResult struct {
	Table   string
	Rows    int64 // in the archive
	Added   int64
	Changed int64 // rows of the database that take the archive's values
	Same    int64 // in the database already, or kept as they are there
	LeftOut int64 // rows that cannot be taken; ImportResult.LeftOut says why
	Removed int64 `json:",omitempty"` // rows of the database that went first, where the archive replaced it
}

// RoomResult is what an import does with the messages of one room.
type RoomResult struct {
	Category   string
	Name       string
	Messages   int64 // in the archive
	Added      int64
	Renumbered int64 // of the added ones, those under a new chatId
	Changed    int64
	Same       int64
	LeftOut    int64
}

// Clash is a row that is on both sides and differs.
type Clash struct {
	Table    string
	Where    string // the room, principal or other thing that it is about
	Database string // what is in the database
	Archive  string // what is in the archive
	Done     string
}

// ImportResult is what an import did, or with WhatIf would do.
type ImportResult struct {
	Target       string
	Archive      string
	Schema       string
	WhatIf       bool
	NothingToDo  bool // everything that can be taken is in the database already
	Tables       []TableResult
	ClashCount   int64
	MissingCount int64
	LeftOutCount int64
	Missing      []string `json:",omitempty"` // what rows refer to and what is not there
	LeftOut      []string `json:",omitempty"`
	Files        int64    // uploaded files that were put back
	FilesSame    int64    // that were there already
	Seconds      float64

	Clashes []Clash      `json:"-"`
	Rooms   []RoomResult `json:"-"`
	Refused int64        `json:"-"` // rows that clash and that nothing can be done about
	// Proof is what the proof of the archive says of it.
	Proof archive.Summary `json:"-"`
}

func (r *ImportResult) leaveOut(format string, values ...any) {
	if len(r.LeftOut) < mostLeftOut {
		r.LeftOut = append(r.LeftOut, fmt.Sprintf(format, values...))
	}
}
