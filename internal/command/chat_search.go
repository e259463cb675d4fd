package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/siteplan"
	"csbackup/internal/chat/textindex"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatSearch finds messages in an archive or an SQLite database by their words, as the pages of ChatBrowse
// do.
type ChatSearch struct {
	FileName string // an archive, or sqlite:PATH
	Words    string
	Room     string
	Person   string
	Since    string
	Until    string
	Limit    int64
}

// AddFlags registers the command's flags.
func (o *ChatSearch) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Room, "room", "", "only in rooms with this `text` in their category and name")
	flags.StringVar(
		&o.Person,
		"person",
		"",
		"only what people wrote who have this `text` in their name or address",
	)
	flags.StringVar(
		&o.Since,
		"since",
		"",
		"only messages from this `date` on: 2018, 2018-01, 2018-01-31 or 2018-01-31T14:00:00Z; UTC unless it says otherwise",
	)
	flags.StringVar(
		&o.Until,
		"until",
		"",
		"only messages up to this `date`, the whole year, month or day included",
	)
	flags.Int64Var(&o.Limit, "limit", 50, "show at most this `number` of messages, the latest; 0 for all")
}

// SetArguments takes what is searched, and the words.
func (o *ChatSearch) SetArguments(args []string) error {
	o.FileName, o.Words = args[0], strings.Join(args[1:], " ")
	return nil
}

// ChatHit is one message that was found.
type ChatHit struct {
	Time     *time.Time // null for a date that is none
	Category string
	Room     string
	RoomID   int64
	ChatID   int64 `json:"ChatId"`
	Author   string
	Address  string
	Alert    bool
	Text     string
}

// chatHits is what a search gives.
type chatHits struct {
	hits  []ChatHit
	count int64
}

// Items gives the messages one by one.
func (r chatHits) Items() []any { return report.Items(r.hits) }

// Tables shows the messages.
func (r chatHits) Tables() []report.Table {
	title := site.FoundText(r.count)
	if shown := int64(len(r.hits)); shown < r.count {
		title += ", of which these are " + report.Number(shown)
	}
	table := report.Table{Title: title, Header: []string{"Time", "Room", "Author", "Text"}}
	for _, h := range r.hits {
		when := ""
		if h.Time != nil {
			when = moment(*h.Time)
		}
		table.Rows = append(table.Rows, []string{when, h.Room, h.Author, h.Text})
	}
	return []report.Table{table}
}

// Run goes through the messages once; nothing is written.
func (o *ChatSearch) Run(ctx context.Context, env *Environment) (err error) {
	search := &searching{words: textindex.ParseQuery(o.Words), limit: o.Limit}
	if o.Limit < 0 {
		return failure.New(
			failure.OutOfRange,
			strconv.FormatInt(o.Limit, 10),
			"--limit is below 0",
			"Give the most messages to show, or 0 for all.",
		)
	}
	if search.words.IsEmpty() && o.Room == "" && o.Person == "" && o.Since == "" && o.Until == "" {
		return failure.New(
			failure.InvalidUsage,
			o.Words,
			"Nothing says what to look for",
			"Give words of letters or digits behind the archive, or --room, --person, --since or --until.",
		)
	}
	if search.since, err = searchDate(o.Since, false); err == nil {
		search.until, err = searchDate(o.Until, true)
	}
	if err != nil {
		return err
	}
	plan, closePlan, err := loadPlan(ctx, env, o.FileName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePlan()) }()
	if search.people, err = o.people(plan); err != nil {
		return err
	}
	if err := o.choose(plan); err != nil {
		return err
	}
	if err := convert.Run(ctx, plan, search, &convert.Nowhere{}, env.Sink.Progress); err != nil {
		return err
	}
	return env.Sink.Object(search.result())
}

// searchDate reads a date as the pages do, or as an export's --start-date.
func searchDate(text string, end bool) (time.Time, error) {
	at, err := site.ParseDay(text, end)
	if err == nil {
		return at, nil
	}
	return transfer.ParseDate(text)
}

// people are the authors that are wanted; nil for all.
func (o *ChatSearch) people(plan *convert.Plan) (map[int64]bool, error) {
	if o.Person == "" {
		return nil, nil
	}
	wanted := map[int64]bool{}
	for _, id := range site.Named(o.Person, siteplan.People(plan), site.Person.Label, func(p site.Person) int64 { return p.ID }) {
		wanted[id] = true
	}
	if len(wanted) == 0 {
		return nil, failure.New(
			failure.InvalidUsage,
			o.Person,
			fmt.Sprintf("Nobody who wrote in %s has %.100q in their name or address", o.FileName, o.Person),
			"Give a part of a name or address.",
		)
	}
	return wanted, nil
}

// choose leaves the rooms in the plan that are wanted.
func (o *ChatSearch) choose(plan *convert.Plan) error {
	if o.Room == "" {
		return nil
	}
	wanted := map[int64]bool{}
	for _, id := range site.Named(o.Room, siteplan.Rooms(plan), site.Room.Label, func(r site.Room) int64 { return r.ID }) {
		wanted[id] = true
	}
	plan.Rooms = slices.DeleteFunc(plan.Rooms, func(r *convert.Room) bool { return !wanted[r.Number] })
	if len(plan.Rooms) == 0 {
		return failure.New(
			failure.RoomNotFound,
			o.Room,
			fmt.Sprintf("No room has %.100q in its category and name", o.Room),
			"See the rooms with \"csbackup chat show\".",
		)
	}
	return nil
}

// searching is a format of package convert that keeps the latest of the messages that are found.
type searching struct {
	words        textindex.Query
	people       map[int64]bool
	since, until time.Time
	limit        int64
	count        int64
	found        []ChatHit
}

// Rules says that everything is taken as it is.
func (*searching) Rules() convert.Rules { return convert.Rules{} }

// Begin does nothing.
func (*searching) Begin(*convert.Plan, convert.Target) error { return nil }

// Room does nothing.
func (*searching) Room(*convert.Room) error { return nil }

// EndRoom does nothing.
func (*searching) EndRoom() error { return nil }

// File does nothing.
func (*searching) File(*convert.File, io.Reader) error { return nil }

// End does nothing.
func (*searching) End() error { return nil }

// Message keeps a message that is wanted.
func (s *searching) Message(m *convert.Message) error {
	switch {
	case s.people != nil && !s.people[m.Author.Number],
		!s.since.IsZero() && (m.Sent.IsZero() || m.Sent.Before(s.since)),
		!s.until.IsZero() && (m.Sent.IsZero() || !m.Sent.Before(s.until)),
		!s.words.Matches(m.Text):
		return nil
	}
	s.count++
	hit := ChatHit{
		Category: m.Room.Category,
		Room:     m.Room.Name,
		RoomID:   m.Room.Number,
		ChatID:   m.ID,
		Author:   m.Author.Name,
		Address:  m.Author.URI,
		Alert:    m.Alert,
		Text:     m.Text,
	}
	if sent := m.Sent; !sent.IsZero() {
		hit.Time = &sent
	}
	s.found = append(s.found, hit)
	if s.limit > 0 && int64(len(s.found)) >= 2*s.limit+1024 {
		s.cut()
	}
	return nil
}

// cut keeps the latest messages only; those without a date are the last.
func (s *searching) cut() {
	when := func(h ChatHit) time.Time {
		if h.Time == nil {
			return time.Time{}
		}
		return *h.Time
	}
	slices.SortStableFunc(s.found, func(a, b ChatHit) int { return when(b).Compare(when(a)) })
	if s.limit > 0 && int64(len(s.found)) > s.limit {
		s.found = slices.Delete(s.found, int(s.limit), len(s.found))
	}
}

func (s *searching) result() chatHits {
	s.cut()
	return chatHits{hits: s.found, count: s.count}
}
