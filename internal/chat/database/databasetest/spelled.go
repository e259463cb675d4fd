package databasetest

import (
	"context"
	"strings"
	"unicode/utf8"

	"csbackup/internal/chat/database"
)

// spelled is a database on a server that cannot hold every text: it is given private characters in place
// of those, and gives them back.
type spelled struct{ database.Database }

const (
	insteadOfZero       = '\uE000'
	insteadOfSurrogates = '\uE100' // and the 2047 after it
)

// spell replaces what the server cannot hold.
func spell(v any) any {
	text, ok := v.(string)
	if !ok || (utf8.ValidString(text) && !strings.ContainsRune(text, 0)) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == 0:
			r = insteadOfZero
		case r == utf8.RuneError && size == 1 && i+2 < len(text) && text[i] == 0xED:
			r, size = insteadOfSurrogates+rune(text[i+1]&0x1F)<<6|rune(text[i+2]&0x3F), 3
		case r == utf8.RuneError:
			return v // not a text at all
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

func unspell(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	var b []byte
	for _, r := range text {
		switch {
		case r == insteadOfZero:
			b = append(b, 0)
		case r >= insteadOfSurrogates && r < insteadOfSurrogates+0x800:
			s := r - insteadOfSurrogates
			b = append(b, 0xED, 0xA0|byte(s>>6), 0x80|byte(s&0x3F))
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

func (s spelled) Snapshot(ctx context.Context) (database.Reader, error) {
	r, err := s.Database.Snapshot(ctx)
	return spelledReader{r}, err
}

func (s spelled) Begin(ctx context.Context) (database.Writer, error) {
	w, err := s.Database.Begin(ctx)
	return spelledWriter{w}, err
}

type spelledReader struct{ database.Reader }

func (r spelledReader) Rows(ctx context.Context, query database.Query, fn func([]any) error) error {
	return r.Reader.Rows(ctx, spellQuery(query), unspelled(fn))
}

func (r spelledReader) Count(ctx context.Context, query database.Query) (int64, error) {
	return r.Reader.Count(ctx, spellQuery(query))
}

type spelledWriter struct{ database.Writer }

func (w spelledWriter) Rows(ctx context.Context, query database.Query, fn func([]any) error) error {
	return w.Writer.Rows(ctx, spellQuery(query), unspelled(fn))
}

func (w spelledWriter) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (int64, error) {
	return w.Writer.Insert(ctx, table, columns, func() ([]any, error) {
		row, err := next()
		if row == nil || err != nil {
			return nil, err
		}
		return spellAll(row), nil
	})
}

func (w spelledWriter) Update(ctx context.Context, table string, set map[string]any, where []database.Condition) (int64, error) {
	changed := map[string]any{}
	for name, v := range set {
		changed[name] = spell(v)
	}
	return w.Writer.Update(ctx, table, changed, where)
}

func spellAll(values []any) []any {
	var out []any
	for _, v := range values {
		out = append(out, spell(v))
	}
	return out
}

func spellQuery(query database.Query) database.Query {
	where := query.Where
	query.Where = nil
	for _, c := range where {
		c.Values = spellAll(c.Values)
		query.Where = append(query.Where, c)
	}
	return query
}

func unspelled(fn func([]any) error) func([]any) error {
	return func(row []any) error {
		for i, v := range row {
			row[i] = unspell(v)
		}
		return fn(row)
	}
}
