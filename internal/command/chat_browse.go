package command

import (
	"context"
	"errors"

	"csbackup/internal/chat/browse"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatBrowse serves an archive or an SQLite database as pages, to this machine only.
type ChatBrowse struct {
	FileName string // an archive, or sqlite:PATH
	Listen   string
}

// AddFlags registers the command's flags.
func (o *ChatBrowse) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(
		&o.Listen,
		"listen",
		"127.0.0.1:0",
		"listen at this loopback `address`; port 0 takes any that is free",
	)
}

// SetArguments takes what is served.
func (o *ChatBrowse) SetArguments(args []string) error {
	o.FileName = args[0]
	return nil
}

// ChatBrowsing is what ChatBrowse gives once it serves.
type ChatBrowsing struct {
	URL      string `json:"Url"` // with the token; whoever has it can read everything
	Archive  string
	Rooms    int64
	People   int64
	Messages int64
	Files    int64
}

// Tables tells where to look.
func (r ChatBrowsing) Tables() []report.Table {
	return []report.Table{
		{
			Rows: [][]string{
				{"Open", r.URL},
				{"Rooms", report.Number(r.Rooms)},
				{"People", report.Number(r.People)},
				{"Messages", report.Number(r.Messages)},
				{"To stop", "press Ctrl-C"},
			},
		},
	}
}

// Run serves until ctx ends; being stopped then is not an error.
func (o *ChatBrowse) Run(ctx context.Context, env *Environment) (err error) {
	if err := browse.CheckLoopback(o.Listen); err != nil {
		return err
	}
	plan, closePlan, err := loadPlan(ctx, env, o.FileName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePlan()) }()
	content, store, err := browse.Load(ctx, plan, aboutSite(""), env.Sink.Progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	server, err := browse.Listen(o.Listen, content, store)
	if err != nil {
		return err
	}
	t := content.Totals
	if err := env.Sink.Object(ChatBrowsing{URL: server.URL(), Archive: o.FileName, Rooms: t.Rooms, People: t.People, Messages: t.Messages, Files: t.Files}); err != nil {
		return errors.Join(err, server.Close())
	}
	return server.Serve(ctx)
}
