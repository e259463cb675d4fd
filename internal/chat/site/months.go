package site

import (
	"cmp"
	"slices"
	"time"

	"csbackup/internal/chat/chart"
)

// Month is a month of a room, with the page that it begins on.
type Month struct {
	Name     string // 2018-01, or that there is no date
	Page     string // the name of the page
	Anchor   string // of its first day on the page; "" without a date
	Messages int64
}

// Months collects the months of a room's messages, which come in their order. A message of an earlier month
// than the one before it counts with that one, where it stands.
type Months struct {
	list  []Month
	month int // of the last one in the list
}

// Add counts a message on a page.
func (m *Months) Add(at time.Time, page string) {
	last := len(m.list) - 1
	month := monthOf(at.UTC())
	if last >= 0 && month <= m.month {
		m.list[last].Messages++
		return
	}
	one := Month{Name: "Without a date", Page: page, Messages: 1}
	if !at.IsZero() {
		one.Name, one.Anchor = monthName(at), dayAnchor(at)
	}
	m.list, m.month = append(m.list, one), month
}

// List gives the months in their order.
func (m *Months) List() []Month { return m.list }

// Counts gives the months that have a date for a chart, the earliest first.
func Counts(months []Month) []chart.Count {
	var counts []chart.Count
	for _, m := range months {
		if at, err := time.Parse("2006-01", m.Name); err == nil {
			counts = append(counts, chart.Count{Year: at.Year(), Month: at.Month(), Messages: m.Messages})
		}
	}
	return counts
}

// monthCounts counts messages by month.
type monthCounts map[int]int64

func (m *monthCounts) add(at time.Time) {
	if at.IsZero() {
		return
	}
	if *m == nil {
		*m = monthCounts{}
	}
	(*m)[monthOf(at.UTC())]++
}

func (m monthCounts) list() []chart.Count {
	counts := make([]chart.Count, 0, len(m))
	for month, messages := range m {
		counts = append(
			counts,
			chart.Count{Year: month / 12, Month: time.Month(month%12 + 1), Messages: messages},
		)
	}
	slices.SortFunc(
		counts,
		func(a, b chart.Count) int { return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month)) },
	)
	return counts
}

func monthOf(at time.Time) int { return at.Year()*12 + int(at.Month()) - 1 }

// monthName is the month of a time in UTC: 2018-01.
func monthName(at time.Time) string { return at.UTC().Format("2006-01") }

// dayAnchor is the anchor of a day on a page of messages.
func dayAnchor(at time.Time) string { return "d" + at.UTC().Format(time.DateOnly) }
