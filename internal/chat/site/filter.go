package site

import (
	"fmt"
	"strings"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// Label names a room with its category, as filters take it.
func (r Room) Label() string {
	if r.Category == "" {
		return r.Name
	}
	return r.Category + " / " + r.Name
}

// Label names a person with the address, as filters take it.
func (p Person) Label() string {
	if p.Address == "" {
		return p.Name
	}
	return p.Name + " (" + p.Address + ")"
}

// Unknown is the person of a number that nobody has.
func Unknown(id int64) Person {
	return Person{ID: id, Name: fmt.Sprintf("Number %d, who is not known", id)}
}

// Named gives the ids of those whose label is a text, in any case; where none is, of those whose label holds
// it.
func Named[T any](text string, all []T, label func(T) string, id func(T) int64) []int64 {
	var exact, within []int64
	wanted := strings.ToLower(text)
	for _, one := range all {
		switch name := strings.ToLower(label(one)); {
		case name == wanted:
			exact = append(exact, id(one))
		case strings.Contains(name, wanted):
			within = append(within, id(one))
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return within
}

// ParseDay reads a year, a month or a day, in UTC. It gives the begin of it; with end, the begin of what
// follows. Nothing is the zero time.
func ParseDay(text string, end bool) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{time.DateOnly, 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		at, err := time.Parse(form.layout, text)
		if err == nil && end {
			at = at.AddDate(form.years, form.months, form.days)
		}
		if err == nil {
			return at, nil
		}
	}
	return time.Time{}, failure.New(
		failure.DateInvalid,
		text,
		fmt.Sprintf("%.40q is no date", text),
		"Give a year, a month or a day, such as 2018, 2018-01 or 2018-01-31.",
	)
}

// FoundText says how many messages were found.
func FoundText(count int64) string {
	switch count {
	case 0:
		return "Nothing was found."
	case 1:
		return "1 message"
	}
	return report.Number(count) + " messages, the latest first"
}
