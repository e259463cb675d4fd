package report

import "time"

// thinner lets a report of progress through when an activity begins, when it ends, and otherwise
// not more often than its interval.
type thinner struct {
	interval time.Duration
	last     map[string]time.Time
}

func newThinner(interval time.Duration) thinner {
	return thinner{interval: interval, last: map[string]time.Time{}}
}

func (t thinner) due(p Progress) bool {
	if p.Completed {
		delete(t.last, p.Activity)
		return true
	}
	now := time.Now()
	if before, seen := t.last[p.Activity]; seen && now.Sub(before) < t.interval {
		return false
	}
	t.last[p.Activity] = now
	return true
}
