package browse

import (
	"context"
	"errors"
	"io"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/siteplan"
	"csbackup/internal/report"
)

// Load fills a store with the messages of a plan, and gives what is served besides. The caller closes the
// store, which is there where there is no error.
func Load(
	ctx context.Context,
	plan *convert.Plan,
	about site.About,
	progress func(report.Progress),
) (Content, *fulltext.Store, error) {
	store, err := fulltext.Create()
	if err != nil {
		return Content{}, nil, err
	}
	l := &loader{store: store, sums: map[int64]site.Totals{}, people: map[int64]*site.Person{}}
	content, err := l.load(ctx, plan, about, progress)
	if err != nil {
		return Content{}, nil, errors.Join(err, store.Close())
	}
	return content, store, nil
}

// loader is a format of package convert that fills a store. Links to files are made when a page is shown.
type loader struct {
	store  *fulltext.Store
	people map[int64]*site.Person
	sums   map[int64]site.Totals
	sum    site.Totals // of the room that is being read
	room   int64
	totals site.Totals
	months archive.Months
}

func (l *loader) load(
	ctx context.Context,
	plan *convert.Plan,
	about site.About,
	progress func(report.Progress),
) (Content, error) {
	about.Source, about.Archive = plan.Archive.Manifest().Source, plan.Name
	c := Content{About: about, Rooms: siteplan.Rooms(plan), People: siteplan.People(plan), Sums: l.sums}
	for i := range c.People {
		l.people[c.People[i].ID] = &c.People[i]
	}
	files, places, err := siteplan.Files(ctx, plan)
	if err != nil {
		return Content{}, err
	}
	c.Files = files
	c.Open = func(ctx context.Context, n int, read func(io.Reader) error) error {
		return openFile(ctx, plan.Archive, places[n], read)
	}
	if err := convert.Run(ctx, plan, l, &convert.Nowhere{}, progress); err != nil {
		return Content{}, err
	}
	c.Totals = l.totals
	for _, m := range l.months.List() {
		c.Totals.Months = append(c.Totals.Months, chart.Count(m))
	}
	c.Totals.Rooms, c.Totals.People, c.Totals.Files = int64(
		len(c.Rooms),
	), int64(
		len(c.People),
	), int64(
		len(c.Files),
	)
	return c, l.store.Ready()
}

// Rules says that everything is taken as it is.
func (*loader) Rules() convert.Rules { return convert.Rules{} }

// Begin does nothing.
func (*loader) Begin(*convert.Plan, convert.Target) error { return nil }

// Room begins a room.
func (l *loader) Room(room *convert.Room) error {
	l.room, l.sum = room.Number, site.Totals{}
	return nil
}

// noLinks finds no files.
var noLinks = site.NewFileLinks(nil)

// Message keeps a message.
func (l *loader) Message(m *convert.Message) error {
	l.people[m.Author.Number].Add(m.Sent)
	l.sum.Add(m.Sent)
	l.totals.Add(m.Sent)
	if !m.Sent.IsZero() {
		l.months.Add(archive.Ticks(m.Sent))
	}
	return l.store.Add(l.room, siteplan.Message(m, noLinks))
}

// EndRoom keeps the sum of a room.
func (l *loader) EndRoom() error {
	l.sums[l.room] = l.sum
	return nil
}

// File is not called: files are read when somebody asks for them.
func (*loader) File(*convert.File, io.Reader) error { return nil }

// End does nothing.
func (*loader) End() error { return nil }
