package archive

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"csbackup/internal/chat/schema"
)

// RowError says which row an archive cannot take, so that it can be found where it came from. A Verify would refuse an
// archive with it.
type RowError struct {
	Table string
	Row   string // its key, and what else tells it apart
	Err   error  // wraps ErrKeyTwice or ErrOrder where these are the reason
}

// Why a row cannot be taken besides its values.
var (
	ErrKeyTwice = errors.New("its key is there twice")
	ErrOrder    = errors.New("it does not stand in the order of its key")
)

// Error names the row and what is wrong with it.
func (e *RowError) Error() string { return fmt.Sprintf("%s, %s: %v", e.Table, e.Row, e.Err) }

// Unwrap gives what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// rowError names a row by its key, and all of it where it has none.
func rowError(t schema.Table, row []any, err error) error {
	places := t.KeyPlaces()
	if len(places) == 0 {
		for i := range t.Columns {
			places = append(places, i)
		}
	}
	var parts []string
	for _, at := range places {
		if at < len(row) {
			parts = append(parts, t.Columns[at].Name+" "+shown(row[at]))
		}
	}
	return &RowError{t.Name, strings.Join(parts, ", "), err}
}

// shown is a value for people.
func shown(value any) string {
	const most = 60
	switch v := value.(type) {
	case string:
		if len(v) > most {
			return strconv.Quote(v[:most]) + "…"
		}
		return strconv.Quote(v)
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	case nil:
		return "NULL"
	}
	return fmt.Sprint(value)
}

// guidSet holds that no GUID is given to two numbers, for as many as a proof compares.
type guidSet struct {
	numbers map[[16]byte]int64
	many    bool
}

// add tells which other number has the GUID already. A GUID of nil is none.
func (s *guidSet) add(number int64, guid any) (other int64, twice bool) {
	text, ok := guid.(string)
	if !ok || s.many {
		return 0, false
	}
	if s.numbers == nil {
		s.numbers = map[[16]byte]int64{}
	}
	key := parseGUID(text)
	if other, twice = s.numbers[key]; twice {
		return other, true
	}
	s.numbers[key] = number
	if s.many = len(s.numbers) > mostGUIDs; s.many {
		s.numbers = nil
	}
	return 0, false
}
