package command

import (
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/htmlsite"
	"csbackup/internal/chat/convert/mattermost"
	"csbackup/internal/chat/convert/roomfiles"
	"csbackup/internal/chat/convert/slack"
	"csbackup/internal/chat/convert/teams"
)

// chatFormat is a format that chat convert can write.
type chatFormat struct {
	name string
	make func(o *ChatConvert) convert.Format
}

// chatFormats lists the formats in the order in which the help names them.
var chatFormats = []chatFormat{
	{"html", func(o *ChatConvert) convert.Format { return &htmlsite.Format{About: aboutSite(limitsOf(o))} }},
	{"jsonl", func(*ChatConvert) convert.Format { return &roomfiles.JSONLines{} }},
	{"teams", func(o *ChatConvert) convert.Format { return &teams.Format{Account: o.Account, Now: time.Now().UTC()} }},
	{"slack", func(*ChatConvert) convert.Format { return &slack.Format{} }},
	{"mattermost", func(o *ChatConvert) convert.Format { return &mattermost.Format{Team: o.Team} }},
	{"csv", func(o *ChatConvert) convert.Format { return &roomfiles.CSV{Mark: o.Bom} }},
}

// formatNames gives the names of the formats.
func formatNames() string {
	names := []string{}
	for _, one := range chatFormats {
		names = append(names, one.name)
	}
	return strings.Join(names, ", ")
}

// newFormat makes the format of that name; ok is false where there is none.
func newFormat(o *ChatConvert) (f convert.Format, ok bool) {
	at := slices.IndexFunc(chatFormats, func(one chatFormat) bool { return one.name == strings.ToLower(o.To) })
	if at < 0 {
		return nil, false
	}
	return chatFormats[at].make(o), true
}
