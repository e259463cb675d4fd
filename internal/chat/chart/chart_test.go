package chart_test

import (
	"testing"
	"time"

	"csbackup/internal/chat/chart"
)

func TestAChartHasABarForEachSpan(t *testing.T) {
	for _, one := range []struct {
		first, last int // years
		unit        string
		bars        int
	}{{2020, 2020, "month", 1}, {2010, 2022, "month", 145}, {2000, 2022, "year", 23}, {1, 2022, "century", 21}, {1, 29228, "millennium", 30}} {
		counts := []chart.Count{
			{Year: one.first, Month: time.January, Messages: 5},
			{Year: one.last, Month: time.January, Messages: 10},
		}
		if one.first == one.last {
			counts = counts[1:]
		}
		if c := chart.New(counts); c.Unit != one.unit || len(c.Bars) != one.bars || c.Most != "10" ||
			c.Bars[len(c.Bars)-1].Size != 1000 {
			t.Errorf(
				"from %d to %d: %d bars, one for each %s, at most %s",
				one.first,
				one.last,
				len(c.Bars),
				c.Unit,
				c.Most,
			)
		}
	}
	if c := chart.New(nil); len(c.Bars) != 0 {
		t.Errorf("nothing has bars: %+v", c)
	}
}
