package transfer

import (
	"fmt"
	"strings"
	"time"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

var levels = []schema.Level{schema.LevelAll, schema.LevelUser, schema.LevelCategory, schema.LevelRoomDirectory, schema.LevelContent}

// ParseLevel reads the name of a level in any case; none is All.
func ParseLevel(text string) (schema.Level, error) {
	if text == "" {
		return schema.LevelAll, nil
	}
	for _, level := range levels {
		if strings.EqualFold(text, string(level)) {
			return level, nil
		}
	}
	return "", failure.New(failure.InvalidUsage, text, fmt.Sprintf("There is no level %.50q", text),
		"Give --level All, User, Category, RoomDirectory or Content.")
}

// ParseDate reads a start date: 2018-01-31, 1/31/2018 (the month first), both at midnight UTC, or RFC 3339.
func ParseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "1/2/2006", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, failure.New(failure.DateInvalid, text, fmt.Sprintf("The date %.50q cannot be read", text),
		"Write 2018-01-31, 1/31/2018 (the month first) or 2018-01-31T14:00:00Z; without a zone it is UTC.")
}

const (
	ticksPerSecond = 10_000_000
	// unixEpoch is 1970 in seconds since the year 1, from which ticks count.
	unixEpoch = 62_135_596_800
)

// Ticks gives a time as the database counts it: units of 100 ns since the start of the year 1, UTC.
func Ticks(t time.Time) int64 {
	return (t.Unix()+unixEpoch)*ticksPerSecond + int64(t.Nanosecond()/100)
}

// Scopes gives the categories that were named: each text is one name or GUID, or several with commas. exists tells
// whether a text is exactly one, so that a name may hold a comma, and spaces before or after it.
func Scopes(texts []string, exists func(string) bool) []string {
	var all []string
	behind := func(text string) string { return strings.TrimLeft(text, " \t") } // a comma stand spaces
	add := func(text string) bool {
		trimmed := behind(text)
		switch {
		case exists(text):
			all = append(all, text)
		case exists(trimmed):
			all = append(all, trimmed)
		default:
			return false
		}
		return true
	}
	for _, text := range texts {
		if add(text) {
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			if !add(part) && strings.TrimSpace(part) != "" {
				all = append(all, behind(part))
			}
		}
	}
	return all
}
