package fulltext

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/textindex"
)

// Query says which messages are wanted. What is empty limits nothing.
type Query struct {
	Words  string
	Rooms  []int64
	People []int64
	Since  time.Time // from then on
	Until  time.Time // before then
}

// Hit is a message that was found.
type Hit struct {
	Room    int64
	Page    string // the name of the page that it stands on
	Message site.Message
}

// Found is what a search gives.
type Found struct {
	Count  int64
	Months []chart.Count // how many of each month
	Hits   []Hit         // those that were asked for, the latest first
}

// Search finds messages, and gives so many of them from an offset on, the latest first.
func (s *Store) Search(ctx context.Context, q Query, offset, limit int) (Found, error) {
	sql, values := q.statement()
	rooms := map[int64]bool{}
	for _, room := range q.Rooms {
		rooms[room] = true
	}
	latest := newest{most: offset + limit}
	months := map[int]int64{}
	var found Found
	month := monthCache{}
	err := s.query(ctx, sql, func(row *sqlite3.Stmt) error {
		room := row.ColumnInt64(2)
		if len(rooms) > 0 && !rooms[room] {
			return nil
		}
		found.Count++
		one := place{number: row.ColumnInt64(0), room: room}
		if row.ColumnType(1) != sqlite3.NULL {
			one.at, one.dated = row.ColumnInt64(1), true
			months[month.of(one.at)]++
		}
		latest.add(one)
		return nil
	}, values...)
	if err != nil {
		return Found{}, err
	}
	for m, count := range months {
		found.Months = append(
			found.Months,
			chart.Count{Year: m / 12, Month: time.Month(m%12 + 1), Messages: count},
		)
	}
	slices.SortFunc(
		found.Months,
		func(a, b chart.Count) int { return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month)) },
	)
	found.Hits, err = s.hits(ctx, latest.from(offset))
	return found, err
}

// statement gives the numbers, seconds and rooms of the messages that a query finds.
func (q Query) statement() (sql string, values []any) {
	parsed := textindex.ParseQuery(q.Words)
	var terms []string
	for _, word := range parsed.Words {
		terms = append(terms, `"`+word+`"`)
	}
	for _, prefix := range parsed.Prefixes {
		terms = append(terms, `"`+prefix+`" *`)
	}
	var people []string
	for _, id := range q.People {
		people = append(people, fmt.Sprintf(`"@%d"`, id))
	}
	if len(people) > 0 {
		terms = append(terms, "("+strings.Join(people, " OR ")+")")
	}
	from, where := `"when" w`, []string{}
	if len(terms) > 0 {
		from = `words f CROSS JOIN "when" w ON w.number = f.rowid`
		where, values = append(where, `f.words MATCH ?`), append(values, strings.Join(terms, " AND "))
	}
	if len(q.Words) > 0 && len(parsed.Words)+len(parsed.Prefixes) == 0 {
		where = append(where, `0`) // signs only, which no word holds
	}
	if !q.Since.IsZero() {
		where, values = append(where, `w.at >= ?`), append(values, q.Since.Unix())
	}
	if !q.Until.IsZero() {
		where, values = append(where, `w.at < ?`), append(values, q.Until.Unix())
	}
	sql = `SELECT w.number, w.at, w.room FROM ` + from
	if len(where) > 0 {
		sql += ` WHERE ` + strings.Join(where, " AND ")
	}
	return sql, values
}

// hits reads the messages at places.
func (s *Store) hits(ctx context.Context, places []place) ([]Hit, error) {
	hits := make([]Hit, 0, len(places))
	for _, one := range places {
		const sql = `SELECT ` + messageColumns + `, (SELECT name FROM page WHERE room=? AND first<=? ORDER BY first DESC LIMIT 1) FROM message m WHERE m.number=?`
		err := s.query(ctx, sql, func(row *sqlite3.Stmt) error {
			hits = append(hits, Hit{Room: one.room, Page: row.ColumnText(6), Message: readMessage(row, 0)})
			return nil
		}, one.room, one.number, one.number)
		if err != nil {
			return nil, err
		}
	}
	return hits, nil
}

// place is where a message stands, and when it was written.
type place struct {
	at, number, room int64
	dated            bool
}

// before tells whether a message stands behind another one in a list of the latest.
func (p place) before(other place) bool {
	switch {
	case p.dated != other.dated:
		return !p.dated
	case p.at != other.at:
		return p.at < other.at
	}
	return p.number < other.number
}

// newest keeps the latest of many places: a heap with the earliest of these first.
type newest struct {
	most   int
	places []place
}

func (n *newest) add(p place) {
	switch {
	case len(n.places) < n.most:
		heap.Push(n, p)
	case n.most > 0 && n.places[0].before(p):
		n.places[0] = p
		heap.Fix(n, 0)
	}
}

// from gives the places from an offset on, the latest first.
func (n *newest) from(offset int) []place {
	slices.SortFunc(n.places, func(a, b place) int {
		if a.before(b) {
			return 1
		}
		return -1
	})
	return n.places[min(offset, len(n.places)):]
}

// These are for container/heap.
func (n *newest) Len() int           { return len(n.places) }
func (n *newest) Less(i, j int) bool { return n.places[i].before(n.places[j]) }
func (n *newest) Swap(i, j int)      { n.places[i], n.places[j] = n.places[j], n.places[i] }
func (n *newest) Push(x any)         { n.places = append(n.places, x.(place)) }
func (n *newest) Pop() any {
	last := n.places[len(n.places)-1]
	n.places = n.places[:len(n.places)-1]
	return last
}

// monthCache finds the month of seconds: those that follow each other are mostly of one month.
type monthCache struct{ first, end, month int64 }

func (c *monthCache) of(at int64) int {
	if at < c.first || at >= c.end {
		when := time.Unix(at, 0).UTC()
		begin := time.Date(when.Year(), when.Month(), 1, 0, 0, 0, 0, time.UTC)
		c.first, c.end, c.month = begin.Unix(), begin.AddDate(
			0,
			1,
			0,
		).Unix(), int64(
			when.Year()*12+int(when.Month())-1,
		)
	}
	return int(c.month)
}
