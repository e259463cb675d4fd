package archive

import (
	"maps"
	"slices"
	"time"
)

// Month is how many messages are of one month, in UTC.
type Month struct {
	Year     int
	Month    time.Month
	Messages int64
}

// Months counts messages by month. Its memory grows with the months that have any: those of all dates that
// a chatDate can tell are some 350,000.
type Months struct {
	counts    map[int]int64 // by 12 times the year plus the month from 0
	low, high int64         // the ticks of the month that was counted last, from low on and before high
	current   int           // that month
	pending   int64         // its messages that counts lacks
}

// Add counts a message by its chatDate. Ticks that are no date are not counted.
func (m *Months) Add(ticks int64) {
	if m.pending > 0 && ticks >= m.low && ticks < m.high {
		m.pending++
		return
	}
	at := Time(ticks)
	if at.IsZero() {
		return
	}
	m.flush()
	begin := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	m.low, m.high = Ticks(begin), Ticks(begin.AddDate(0, 1, 0))
	m.current, m.pending = at.Year()*12+int(at.Month())-1, 1
}

// Ticks is the chatDate of a time: the reverse of Time.
func Ticks(at time.Time) int64 { return (at.Unix()+62_135_596_800)*second + int64(at.Nanosecond()/100) }

func (m *Months) flush() {
	if m.pending == 0 {
		return
	}
	if m.counts == nil {
		m.counts = map[int]int64{}
	}
	m.counts[m.current] += m.pending
	m.pending = 0
}

// Join counts what another one has counted, too.
func (m *Months) Join(other *Months) {
	m.flush()
	other.flush()
	if m.counts == nil {
		m.counts = map[int]int64{}
	}
	for month, messages := range other.counts {
		m.counts[month] += messages
	}
}

// List gives the months that have messages, the earliest first.
func (m *Months) List() []Month {
	m.flush()
	list := make([]Month, 0, len(m.counts))
	for _, month := range slices.Sorted(maps.Keys(m.counts)) {
		list = append(
			list,
			Month{Year: month / 12, Month: time.Month(month%12 + 1), Messages: m.counts[month]},
		)
	}
	return list
}
