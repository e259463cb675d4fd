package command

import "time"

// moment writes a time for people: in UTC, to the second.
func moment(when time.Time) string {
	if when.IsZero() {
		return ""
	}
	return when.UTC().Format("2006-01-02 15:04:05 UTC")
}
