package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// mostKeys is how many rows a table may have of which the keys are remembered.
const mostKeys = 2 << 20

var errKeyTwice = fmt.Errorf("a row is one too many: %w", ErrKeyTwice)

// keySet remembers the keys of a table whose rows stand in no order that is known, because texts or GUIDs are in the
// key: databases do not agree on the order of these. It keeps the first 128 bits of each key's SHA-256.
type keySet struct {
	places []int // of the key's columns
	seen   map[[16]byte]struct{}
	text   []byte
}

// newKeySet gives nil where the order says enough, or there is too much to remember.
func newKeySet(check *rowCheck, rows int64) *keySet {
	t := check.table
	if !t.Travels() || len(t.Key) == 0 || len(check.key) > 0 || rows > mostKeys {
		return nil
	}
	return &keySet{places: t.KeyPlaces(), seen: map[[16]byte]struct{}{}}
}

// add takes a row whose values fit their columns.
func (s *keySet) add(row []any) error {
	if s == nil {
		return nil
	}
	s.text = s.text[:0]
	for _, at := range s.places {
		switch v := row[at].(type) {
		case int64:
			s.text = binary.LittleEndian.AppendUint64(s.text, uint64(v))
		case string:
			s.text = append(binary.LittleEndian.AppendUint64(s.text, uint64(len(v))), v...)
		}
	}
	sum := sha256.Sum256(s.text)
	key := [16]byte(sum[:16])
	if len(s.seen) == mostKeys {
		s.seen = nil
	}
	if s.seen == nil {
		return nil // more than a proof compares
	}
	if _, twice := s.seen[key]; twice {
		return errKeyTwice
	}
	s.seen[key] = struct{}{}
	return nil
}
