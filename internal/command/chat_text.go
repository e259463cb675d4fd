package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"csbackup/internal/chat/schema"
)

// anyText is a text of a database, which may hold lone surrogates in their three-byte form.
type anyText string

// MarshalJSON writes each lone surrogate as \uXXXX, as every JSON text can, where package json would write U+FFFD.
func (t anyText) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	var encoded strings.Builder
	encoded.WriteByte('"')
	from := 0
	plain := func(to int) error {
		part, err := json.Marshal(string(t)[from:to])
		if err == nil {
			encoded.Write(part[1 : len(part)-1])
		}
		return err
	}
	for i := 0; i < len(t); i++ {
		surrogate, ok := schema.Surrogate(string(t)[i:])
		if !ok {
			continue
		}
		if err := plain(i); err != nil {
			return nil, err
		}
		fmt.Fprintf(&encoded, `\u%04x`, surrogate)
		i += 2
		from = i + 1
	}
	err := plain(len(t))
	encoded.WriteByte('"')
	return []byte(encoded.String()), err
}

// known gives null for a time that is not known, or that JSON has no form for: a year has four digits there.
func known(at time.Time) *time.Time {
	if at.IsZero() || at.Year() > 9999 {
		return nil
	}
	return &at
}
