package browse

import (
	"context"
	"errors"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
)

// Load fills a store with the messages of a source, and gives what is served besides. It tells progress how many
// messages were read. The caller closes the store, which is there where there is no error.
func Load(ctx context.Context, s *Source, about site.About, progress func(messages int64)) (Content, *fulltext.Store, error) {
	store, err := fulltext.Create()
	if err != nil {
		return Content{}, nil, err
	}
	content, err := fill(ctx, s, about, store, progress)
	if err != nil {
		return Content{}, nil, errors.Join(err, store.Close())
	}
	return content, store, nil
}

func fill(ctx context.Context, s *Source, about site.About, store *fulltext.Store, progress func(int64)) (Content, error) {
	c := Content{About: about, Files: s.Files, Sums: map[int64]site.Totals{}, Open: s.Open}
	people := make(map[int64]int, len(s.People))
	for i, p := range s.People {
		people[p.ID] = i
	}
	var months archive.Months
	var sum site.Totals
	room := int64(0)
	err := s.Messages(ctx, nil, func(r site.Room, m site.Message) error {
		if r.ID != room {
			c.Sums[room], sum, room = sum, c.Sums[r.ID], r.ID
		}
		i, known := people[m.Author]
		if !known {
			i = len(s.People)
			people[m.Author] = i
			s.People = append(s.People, site.Unknown(m.Author))
		}
		s.People[i].Add(m.At)
		sum.Add(m.At)
		c.Totals.Add(m.At)
		if !m.At.IsZero() {
			months.Add(archive.Ticks(m.At))
		}
		progress(c.Totals.Messages)
		return store.Add(r.ID, m)
	})
	if err != nil {
		return Content{}, err
	}
	c.Sums[room] = sum
	for _, m := range months.List() {
		c.Totals.Months = append(c.Totals.Months, chart.Count(m))
	}
	c.Rooms, c.People = s.Rooms, s.People
	c.Totals.Rooms, c.Totals.People, c.Totals.Files = int64(len(c.Rooms)), int64(len(c.People)), int64(len(c.Files))
	return c, store.Ready()
}
