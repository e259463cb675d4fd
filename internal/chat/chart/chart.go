package chart

import (
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"csbackup/internal/report"
)

var (
	// Template defines the templates "chart" and "bars".
	//
	//go:embed chart.html
	Template string
	// Style is the style sheet of both.
	//
	//go:embed chart.css
	Style string
)

// Count is how many messages are of one month.
type Count struct {
	Year     int
	Month    time.Month
	Messages int64
}

// Chart shows messages over time as bars of one width: a bar for each month from the first to the last, or
// for each longer span where these would be too many to tell apart.
type Chart struct {
	Title string
	Unit  string // month, year, decade, and so on
	Bars  []Bar
	Most  string // the value of the highest bar
	Width int    // the width of all bars, in the units of Bar.Place
	Ticks []Tick
}

// Bars are named values, the largest first.
type Bars struct {
	Title string
	Bars  []Bar
}

// Bar is one value. Its size is in thousandths of the largest one's.
type Bar struct {
	Name  string
	Value string
	Place int // of its left side
	Size  int
	Rest  int // 1000 - Size
}

// Tick is a name below a chart.
type Tick struct{ Name string }

const (
	mostBars = 180
	barWidth = 10
)

// spans are the widths of bars, in months, with their names.
var spans = []struct {
	months int
	name   string
}{{1, "month"}, {12, "year"}, {120, "decade"}, {1200, "century"}, {12000, "millennium"}}

// New makes a chart of counts, the earliest first.
func New(counts []Count) Chart {
	if len(counts) == 0 {
		return Chart{}
	}
	number := func(c Count) int { return c.Year*12 + int(c.Month) - 1 }
	span := spans[0]
	for _, span = range spans {
		if number(counts[len(counts)-1])/span.months-number(counts[0])/span.months < mostBars {
			break
		}
	}
	first := number(counts[0]) / span.months
	values := make([]int64, number(counts[len(counts)-1])/span.months-first+1)
	most := int64(0)
	for _, c := range counts {
		at := number(c)/span.months - first
		values[at] += c.Messages
		most = max(most, values[at])
	}
	chart := Chart{
		Title: "Messages per " + span.name,
		Unit:  span.name,
		Most:  report.Number(most),
		Width: len(values) * barWidth,
	}
	for i, value := range values {
		name := spanName((first+i)*span.months, span.months)
		size := sizeOf(value, most)
		chart.Bars = append(
			chart.Bars,
			Bar{Name: name, Value: report.Number(value), Place: i * barWidth, Size: size, Rest: 1000 - size},
		)
	}
	const ticks = 4
	for i := range min(ticks, len(values)) {
		at := i * (len(values) - 1) / max(min(ticks, len(values))-1, 1)
		chart.Ticks = append(chart.Ticks, Tick{chart.Bars[at].Name})
	}
	return chart
}

// spanName names the span of so many months that begins with a month.
func spanName(month, months int) string {
	year := month / 12
	switch months {
	case 1:
		return fmt.Sprintf("%04d-%02d", year, month%12+1)
	case 12:
		return fmt.Sprintf("%04d", year)
	}
	return fmt.Sprintf("%04d–%04d", year, year+months/12-1)
}

// sizeOf gives thousandths of the most; what is there at all can be seen.
func sizeOf(value, most int64) int {
	if value <= 0 || most <= 0 {
		return 0
	}
	return max(int(float64(value)/float64(most)*1000), 5)
}

// NewBars makes bars of values, which are the largest first.
func NewBars(title string, names []string, values []int64) Bars {
	b := Bars{Title: title}
	for i, value := range values {
		b.Bars = append(
			b.Bars,
			Bar{Name: names[i], Value: report.Number(value), Size: sizeOf(value, values[0])},
		)
	}
	return b
}

// Label says in words what a chart shows, for those who do not see it.
func (c Chart) Label() string {
	return c.Title + " from " + c.Bars[0].Name + " to " + c.Bars[len(c.Bars)-1].Name + ", at most " + c.Most + ", in " + strconv.Itoa(
		len(c.Bars),
	) + " bars"
}
