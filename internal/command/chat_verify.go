package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"csbackup/internal/chat/transfer"
	"csbackup/internal/report"
)

// ChatVerify proves an archive without any database.
type ChatVerify struct{ FileName string }

// SetArguments takes the archive's path.
func (o *ChatVerify) SetArguments(args []string) error {
	o.FileName = args[0]
	return nil
}

// ChatVerified is what ChatVerify gives.
type ChatVerified struct {
	Archive      string
	Source       string // the instance that it was exported from
	Schema       string // mgc or mgccomp
	Level        string
	Scope        []string
	StartDate    string // "" where messages are not limited
	Categories   int64
	Rooms        int64
	People       int64
	Messages     int64
	FirstMessage *time.Time // null without messages, and for a time after the year 9999
	LastMessage  *time.Time
	Files        int64
	FileLinks    int64 // messages that link to an uploaded file that is not in the archive
	ContentBytes int64
	ArchiveBytes int64
	Dangling     []ChatDangling
	Members      []ChatMember

	first, last time.Time // of the messages; for people, whom years of five digits do not confuse
}

// ChatDangling counts rows in which a column refers to a row of another table that is not in the archive. They
// travel as they were in the source.
type ChatDangling struct {
	Table  string
	Column string
	Target string // the table that is referred to
	Rows   int64
}

// ChatMember is one member of an archive.
type ChatMember struct {
	Name         string
	Rows         int64
	Bytes        int64
	ArchiveBytes int64
}

// Run proves the archive and gives a summary of what is in it.
func (o *ChatVerify) Run(ctx context.Context, env *Environment) error {
	a, file, err := openArchive(o.FileName)
	if err != nil {
		return err
	}
	summary, err := transfer.Verify(ctx, a, env.Sink.Progress)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	m := summary.Manifest
	result := ChatVerified{
		Archive: o.FileName, Source: m.Source, Schema: m.Schema, Level: m.Level, Scope: []string{}, StartDate: m.StartDate,
		Categories: summary.Categories, Rooms: summary.Rooms, People: summary.People, Messages: summary.Messages,
		FirstMessage: known(summary.First), LastMessage: known(summary.Last), Files: summary.Files, FileLinks: m.FilesNotIn, Dangling: []ChatDangling{}, Members: []ChatMember{},
		ContentBytes: summary.Size, ArchiveBytes: summary.Packed, first: summary.First, last: summary.Last,
	}
	for _, one := range m.Scope {
		result.Scope = append(result.Scope, one.Name)
	}
	for _, one := range summary.Dangling {
		result.Dangling = append(result.Dangling, ChatDangling(one))
	}
	for _, one := range m.Members {
		result.Members = append(result.Members, ChatMember{one.Name, one.Rows, one.Size, one.PackedSize})
	}
	return env.Sink.Object(result)
}

// Tables shows the summary and the members.
func (r ChatVerified) Tables() []report.Table {
	rows := [][]string{{"Archive", r.Archive}, {"Outcome", "whole: every sum, count and value is right, and all people and rooms are known"}, {"From", r.Source + " (" + r.Schema + ")"}, {"Level", r.Level}}
	for _, one := range r.Scope {
		rows = append(rows, []string{"Category", one})
	}
	if r.StartDate != "" {
		rows = append(rows, []string{"Messages from", r.StartDate})
	}
	rows = append(rows, []string{"Categories", report.Number(r.Categories)}, []string{"Rooms", report.Number(r.Rooms)}, []string{"People", report.Number(r.People)}, []string{"Messages", report.Number(r.Messages)})
	if !r.first.IsZero() && !r.last.IsZero() {
		rows = append(rows, []string{"First message", moment(r.first)}, []string{"Last message", moment(r.last)})
	}
	if r.Files > 0 {
		rows = append(rows, []string{"Uploaded files", report.Number(r.Files)})
	}
	if r.FileLinks > 0 {
		rows = append(rows, []string{"Not in it", report.Number(r.FileLinks) + " uploaded files that messages link to"})
	}
	for _, one := range r.Dangling {
		rows = append(rows, []string{"Leads nowhere", fmt.Sprintf("%s.%s in %s rows, which %s does not have; it was so in the source", one.Table, one.Column, report.Number(one.Rows), one.Target)})
	}
	rows = append(rows, []string{"Size", report.Bytes(r.ArchiveBytes) + " for " + report.Bytes(r.ContentBytes)})
	members := report.Table{Header: []string{"Member", "Rows", "Size", "In the archive"}}
	const most = 40
	for _, one := range r.Members[:min(len(r.Members), most)] {
		members.Rows = append(members.Rows, []string{one.Name, report.Number(one.Rows), report.Bytes(one.Bytes), report.Bytes(one.ArchiveBytes)})
	}
	if more := len(r.Members) - most; more > 0 {
		members.Rows = append(members.Rows, []string{report.Number(int64(more)) + " more", "", "", ""})
	}
	return []report.Table{{Rows: rows}, members}
}
