package command

import (
	"context"
	"fmt"
	"strconv"

	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/chat/convert/teams/send"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatSendToTeams sends a folder of requests, which chat convert wrote for Teams, to Microsoft Graph.
type ChatSendToTeams struct {
	Folder    string
	TokenFile string
	GraphURL  string
	Rate      float64
	Parallel  int
}

// newChatSendToTeams gives the command with its defaults. Graph takes 5 messages a second in a channel.
func newChatSendToTeams() *ChatSendToTeams {
	return &ChatSendToTeams{GraphURL: teams.GraphURL, Rate: 5, Parallel: 4}
}

// AddFlags registers the command's flags.
func (o *ChatSendToTeams) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.TokenFile, "token-file", "", "a `file` with an access token for Microsoft Graph and nothing else; it is read again when it changes, as tokens last for about an hour")
	flags.StringVar(&o.GraphURL, "graph-url", o.GraphURL, "the `address` of Microsoft Graph, which national clouds have of their own")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "at most so many requests a `second`, from 0.01 to 100")
	flags.IntVar(&o.Parallel, "parallel", o.Parallel, "so many `channels` of a team at a time, from 1 to 16")
}

// SetArguments takes the folder.
func (o *ChatSendToTeams) SetArguments(args []string) error {
	o.Folder = args[0]
	return nil
}

// Run sends what was not sent yet.
func (o *ChatSendToTeams) Run(ctx context.Context, env *Environment) error {
	switch {
	case o.Folder == "":
		return failure.New(failure.InvalidUsage, "", "Nothing says which folder is to be sent", "Give the folder that \"csbackup chat convert --to teams\" wrote.")
	case o.TokenFile == "":
		return failure.New(failure.InvalidUsage, "--token-file", "Nothing says where the token is", "Write an access token for Microsoft Graph into a file, and give --token-file FILE.")
	case !(o.Rate >= 0.01 && o.Rate <= 100):
		return failure.New(failure.OutOfRange, strconv.FormatFloat(o.Rate, 'g', -1, 64), "--rate is not between 0.01 and 100", "Give the most requests a second; Graph takes 5 messages a second in a channel.")
	case o.Parallel < 1 || o.Parallel > 16:
		return failure.New(failure.OutOfRange, strconv.Itoa(o.Parallel), "--parallel is not between 1 and 16", "Give how many channels are sent at a time.")
	}
	result, err := send.Send(ctx, o.Folder, send.Options{GraphURL: o.GraphURL, TokenFile: o.TokenFile, Rate: o.Rate, Parallel: o.Parallel}, env.Sink.Progress)
	if err != nil {
		return err
	}
	if err := env.Sink.Object(teamsSent{result}); err != nil {
		return err
	}
	if result.Refused > 0 {
		return failure.New(failure.PartlyDone, o.Folder, fmt.Sprintf("Everything was sent but %s requests that Microsoft Graph rejected", report.Number(result.Refused)),
			"Read "+send.RefusedName+" in the folder, which names them with Graph's reasons.")
	}
	return nil
}

// teamsSent is shown as a list.
type teamsSent struct{ send.Result }

// Tables shows what was sent.
func (r teamsSent) Tables() []report.Table {
	rows := [][]string{{"Folder", r.Folder}, {"Teams", report.Number(r.Teams)}, {"Channels", report.Number(r.Channels)}, {"Messages", report.Number(r.Messages)}}
	if r.AlreadyThere > 0 {
		rows = append(rows, []string{"Already there", report.Number(r.AlreadyThere) + " messages, from an earlier attempt"})
	}
	rows = append(rows, []string{"Members", report.Number(r.Members)})
	if r.Refused > 0 {
		rows = append(rows, []string{"Rejected", report.Number(r.Refused) + " requests"})
	}
	return []report.Table{{Rows: append(rows, []string{"Took", seconds(r.Seconds)})}}
}
