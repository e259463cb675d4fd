package fulltext_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
)

var start = time.Date(2018, time.January, 30, 9, 0, 0, 0, time.UTC)

// fill makes a store with so many messages in two rooms.
func fill(t *testing.T, messages int) *fulltext.Store {
	t.Helper()
	s, err := fulltext.Create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for n := range messages {
		m := site.Message{ID: int64(n), At: start.Add(time.Duration(n) * time.Hour), Author: int64(n % 7), Text: fmt.Sprintf("message%d for all", n)}
		if n%100 == 50 {
			m.At = time.Time{}
		}
		if err := s.Add(int64(1+2*n/messages), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ready(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASearchGivesTheLatestFirst(t *testing.T) {
	s := fill(t, 1000)
	for _, one := range []struct {
		query         fulltext.Query
		offset, limit int
		count         int64
		hits          int
		first         int64 // the ID of the first
	}{
		{fulltext.Query{Words: "all "}, 0, 20, 1000, 20, 999}, {fulltext.Query{Words: "ALL"}, 20, 20, 1000, 20, 979}, {fulltext.Query{Words: "all"}, 995, 20, 1000, 5, 450},
		{fulltext.Query{Words: "message7 "}, 0, 20, 1, 1, 7}, {fulltext.Query{Words: "message7"}, 0, 20, 111, 20, 799}, {fulltext.Query{Words: "message7 all", People: []int64{1, 2}}, 0, 20, 0, 0, 0},
		{fulltext.Query{Words: "all", Rooms: []int64{1}}, 0, 1, 500, 1, 499}, {fulltext.Query{People: []int64{3, 4}}, 0, 1, 286, 1, 998}, {fulltext.Query{Words: "?!"}, 0, 1, 0, 0, 0},
		{fulltext.Query{Since: start, Until: start.Add(5 * time.Hour)}, 0, 9, 5, 5, 4}, {fulltext.Query{Words: "all", Since: start.Add(998 * time.Hour)}, 0, 9, 2, 2, 999},
		{fulltext.Query{Words: "nowhere"}, 0, 9, 0, 0, 0}, {fulltext.Query{}, 5000, 9, 1000, 0, 0},
	} {
		found, err := s.Search(t.Context(), one.query, one.offset, one.limit)
		if err != nil || found.Count != one.count || len(found.Hits) != one.hits || one.hits > 0 && found.Hits[0].Message.ID != one.first {
			t.Errorf("%+v: %d messages, %d of them given, %v: %+v", one.query, found.Count, len(found.Hits), err, found.Hits[:min(1, len(found.Hits))])
		}
	}
}

func TestPagesHoldEachMessageOnce(t *testing.T) {
	s := fill(t, 3000)
	for room, next := range map[int64]int64{1: 0, 2: 1500} {
		pages, err := s.Pages(t.Context(), room)
		if err != nil || len(pages) < 3 {
			t.Fatalf("room %d has the pages %v, %v", room, pages, err)
		}
		for _, page := range pages {
			messages, err := s.Read(t.Context(), page)
			if err != nil || len(messages) > 500 {
				t.Fatalf("page %s has %d messages, %v", page.Name, len(messages), err)
			}
			for _, m := range messages {
				if m.ID != next {
					t.Fatalf("page %s has message %d, not %d", page.Name, m.ID, next)
				}
				next++
			}
		}
		if next != 1500*room {
			t.Errorf("the pages of room %d end before message %d", room, next)
		}
		months, err := s.Months(t.Context(), room)
		sum := int64(0)
		for _, m := range months {
			sum += m.Messages
		}
		if err != nil || sum != 1500 {
			t.Errorf("the months of room %d hold %d messages, %v", room, sum, err)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	s, err := fulltext.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 8 {
		if err := s.Add(1, site.Message{ID: int64(n), At: start, Text: strings.Repeat("long ", 1<<20), HTML: "<b>long</b>"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ready(); err != nil {
		t.Fatal(err)
	}
	pages, err := s.Pages(t.Context(), 1)
	if err != nil || len(pages) != 8 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
	found, err := s.Search(t.Context(), fulltext.Query{Words: "long"}, 0, 1)
	if err != nil || found.Count != 8 || len(found.Hits[0].Message.Text) > 1<<20+100 || !strings.HasSuffix(found.Hits[0].Message.Text, "prints all of it)") {
		t.Errorf("found %d, %v", found.Count, err)
	}
}

func TestAStoreLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := fill(t, 10)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Search(cancelled, fulltext.Query{Words: "all"}, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that nobody waits for ends with %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Search(t.Context(), fulltext.Query{Words: "all"}, 0, 1); err == nil {
		t.Error("a closed store is searched")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	t.Setenv("TMPDIR", "/nowhere/at/all")
	if _, err := fulltext.Create(); err == nil {
		t.Error("a store without a place is made")
	}
}
