package transfer_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
)

// TestMain keeps the default run of the properties short; -rapid.checks asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// rows is a whole database: all rows by table.
type rows map[string][][]any

// random makes databases over the whole schema that keep its published references, and nothing else: implied
// references dangle, categories nest in circles, numbers and texts are extreme.
type random struct {
	*rapid.T
	rows rows
	// plain leaves out what no chat service writes and what a merge therefore treats differently: counters
	// below the numbers given out, several counters of one room, invitations of one number.
	plain bool
}

func randomDatabase(t *rapid.T, plain bool) rows {
	r := random{T: t, rows: rows{}, plain: plain}
	for _, table := range schema.Tables(schema.Chat) {
		r.table(table)
	}
	for _, table := range schema.Tables(schema.Compliance) {
		r.table(table)
	}
	if plain {
		r.makePlain()
	}
	for name, all := range r.rows {
		table, _ := schema.Lookup(name)
		slices.SortFunc(all, func(a, b []any) int { return compareKeys(table, a, b) })
	}
	return r.rows
}

func (r *random) table(t schema.Table) {
	most := map[string]int{"tblChat": 25, "tblNode": 8, "tblPrincipal": 8}[t.Name]
	if most == 0 {
		most = 4
	}
	seen := map[string]bool{}
	for range rapid.IntRange(0, most).Draw(r.T, t.Name) {
		row, ok := r.row(t)
		if !ok || seen[key(t, row)] || !r.unique(t, row) {
			continue
		}
		seen[key(t, row)] = true
		r.rows[t.Name] = append(r.rows[t.Name], row)
	}
	if t.Name == "tblNode" { // any node may be the parent, later ones too
		for _, row := range r.rows[t.Name] {
			if rapid.Bool().Draw(r.T, "parent") {
				row[2] = rapid.SampledFrom(r.rows[t.Name]).Draw(r.T, "which")[0]
			}
		}
	}
}

// unique tells whether the GUIDs of principals and nodes, to which keys refer, are new.
func (r *random) unique(t schema.Table, row []any) bool {
	if t.Name != "tblPrincipal" && t.Name != "tblNode" {
		return true
	}
	return !slices.ContainsFunc(r.rows[t.Name], func(other []any) bool { return other[1] == row[1] })
}

func key(t schema.Table, row []any) string {
	if len(t.Key) == 0 {
		return fmt.Sprintf("%q", row)
	}
	var parts []any
	for i, c := range t.Columns {
		if slices.Contains(t.Key, c.Name) {
			parts = append(parts, row[i])
		}
	}
	return fmt.Sprintf("%q", parts)
}

func (r *random) row(t schema.Table) ([]any, bool) {
	row := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		value, ok := r.value(t, c)
		if !ok {
			return nil, false
		}
		row[i] = value
	}
	return row, true
}

func (r *random) value(t schema.Table, c schema.Column) (any, bool) {
	for _, reference := range t.References {
		if reference.Column != c.Name || (t.Name == "tblNode" && c.Name == "parentID") {
			continue
		}
		targets := r.rows[reference.Table]
		if reference.Implied && (len(targets) == 0 || rapid.IntRange(0, 4).Draw(r.T, "dangle") == 0) {
			break // it may dangle
		}
		if len(targets) == 0 {
			return nil, c.Nullable
		}
		target, _ := schema.Lookup(reference.Table)
		at := target.Place(reference.Target)
		value := rapid.SampledFrom(targets).Draw(r.T, c.Name)[at]
		return value, c.Check(value) == nil // an int cannot hold each bigint that it refers to
	}
	nullable := c.Nullable && !slices.Contains(t.Key, c.Name)
	if (nullable && rapid.IntRange(0, 3).Draw(r.T, "null") == 0) || (t.Name == "tblNode" && c.Name == "parentID") {
		return nil, true
	}
	return r.filled(t, c), true
}

func (r *random) filled(t schema.Table, c schema.Column) any {
	integer := func(low, high int64) any {
		small := rapid.Int64Range(max(low, 0), min(high, 12))
		return rapid.OneOf(small, small, small, rapid.Int64Range(low, high), rapid.SampledFrom([]int64{low, high})).Draw(r.T, c.Name)
	}
	switch c.Type {
	case schema.Bit:
		return integer(0, 1)
	case schema.SmallInt:
		return integer(math.MinInt16, math.MaxInt16)
	case schema.Int:
		return integer(math.MinInt32, math.MaxInt32)
	case schema.BigInt:
		if r.plain {
			return integer(0, math.MaxInt32)
		}
		return integer(math.MinInt64, math.MaxInt64)
	case schema.GUID:
		return databasetest.GUID(rapid.IntRange(0, 3).Draw(r.T, c.Name), rapid.IntRange(0, 30).Draw(r.T, c.Name))
	case schema.DateTime:
		return rapid.SampledFrom([]string{"1753-01-01 00:00:00", "2018-02-28 23:59:59.9970000", "2020-02-29 12:00:00.0030000", "9999-12-31 23:59:59"}).Draw(r.T, c.Name)
	case schema.DateTime2:
		return rapid.SampledFrom([]string{"0001-01-01 00:00:00", "2018-02-28 23:59:59.1234560", "9999-12-31 23:59:59.9999990"}).Draw(r.T, c.Name)
	case schema.SmallDateTime:
		return rapid.SampledFrom([]string{"1900-01-01 00:00:00", "2079-06-06 23:59:00"}).Draw(r.T, c.Name)
	case schema.Image:
		return rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r.T, c.Name)
	}
	return r.text(t, c)
}

// text makes hostile text of at most the length that fits.
func (r *random) text(t schema.Table, c schema.Column) any {
	if t.Name == "tblChat" && c.Name == "rtf" {
		return rapid.SampledFrom([]string{"", `{\rtf1\ansi hello}`, `{\rtf1 \u233?\par }`, "\x00", "a\r\nb"}).Draw(r.T, c.Name)
	}
	if rapid.Bool().Draw(r.T, "hard") {
		if text := rapid.SampledFrom(databasetest.HardTexts()).Draw(r.T, c.Name); c.Check(text) == nil {
			return text
		}
	}
	units := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]rune("ab\\{}\n\r\t \x00\u00e9\u65e5\u202e")), rapid.Int32Range(0, 0xFFFF), rapid.Int32Range(0xD7F0, 0xE010)), 0, 30).Draw(r.T, c.Name)
	if c.Length > 0 && rapid.IntRange(0, 9).Draw(r.T, "full") == 0 {
		for len(units) < c.Length {
			units = append(units, 'x')
		}
	}
	return wtf8(units)
}

// wtf8 writes UTF-16 units as text; a pair of surrogates becomes one character, a lone one stays.
func wtf8(units []rune) string {
	var text []byte
	for i := 0; i < len(units); i++ {
		u := units[i]
		switch {
		case u >= 0xD800 && u <= 0xDBFF && i+1 < len(units) && units[i+1] >= 0xDC00 && units[i+1] <= 0xDFFF:
			text = utf8.AppendRune(text, 0x10000+(u-0xD800)<<10+(units[i+1]-0xDC00))
			i++
		case u >= 0xD800 && u <= 0xDFFF:
			text = append(text, 0xED, byte(0x80|u>>6&0x3F), byte(0x80|u&0x3F))
		default:
			text = utf8.AppendRune(text, u)
		}
	}
	return string(text)
}

// makePlain gives counters and invitations the numbers that a chat service gives.
func (r *random) makePlain() {
	highest := map[any]int64{}
	for _, m := range r.rows["tblChat"] {
		highest[m[0]] = max(highest[m[0]], m[1].(int64))
	}
	seen := map[any]bool{}
	counters := [][]any{}
	for _, c := range r.rows["tblLastChatId"] {
		if !seen[c[0]] {
			seen[c[0]] = true
			counters = append(counters, []any{c[0], max(c[1].(int64), highest[c[0]])})
		}
	}
	for _, n := range r.rows["tblNode"] {
		if _, used := highest[n[0]]; used && !seen[n[0]] {
			counters = append(counters, []any{n[0], highest[n[0]]})
		}
	}
	r.rows["tblLastChatId"] = counters
	given, last := map[any]int64{}, [][]any{}
	for _, invite := range r.rows["tblPrincipalInvites"] {
		given[invite[0]]++
		invite[1] = given[invite[0]]
	}
	for _, p := range r.rows["tblPrincipal"] {
		if given[p[0]] > 0 {
			last = append(last, []any{p[0], given[p[0]]})
		}
	}
	r.rows["tblLastInviteId"] = last
}

func compareKeys(t schema.Table, a, b []any) int {
	order := t.Key
	if len(order) == 0 {
		order = t.ColumnNames()
	}
	for _, name := range order {
		i := t.Place(name)
		switch x := a[i].(type) {
		case int64:
			if y, ok := b[i].(int64); !ok || x != y {
				if !ok || x > y {
					return 1
				}
				return -1
			}
		case string:
			if y, ok := b[i].(string); !ok || x != y {
				if !ok {
					return 1
				}
				return strings.Compare(x, y)
			}
		case nil:
			if b[i] != nil {
				return -1
			}
		}
	}
	return 0
}

// fill writes a whole database into an empty one.
func fill(t testing.TB, db database.Database, all rows) {
	t.Helper()
	databasetest.Write(t, db, func(_ context.Context, w database.Writer) {
		for _, name := range []string{schema.Chat, schema.Compliance} {
			for _, table := range schema.Tables(name) {
				if len(all[table.Name]) > 0 {
					databasetest.Fill(t, w, table.Name, all[table.Name])
				}
			}
		}
	})
}

// travels is what of a database an export of everything takes along: the lasting rows, and of the principals those
// that some other row refers to.
func (all rows) travels() map[string][][]any {
	wanted := map[any]bool{}
	refer := func(t schema.Table, row []any) {
		for _, reference := range t.References {
			if reference.Table == "tblPrincipal" && reference.Target == "prinID" {
				i := t.Place(reference.Column)
				if row[i] != nil {
					wanted[row[i]] = true
				}
			}
		}
	}
	kept := map[string][][]any{}
	for name, list := range all {
		t, _ := schema.Lookup(name)
		if t.Database != schema.Chat || !t.Travels() {
			continue
		}
		if name != "tblPrincipal" {
			kept[name] = list
			for _, row := range list {
				refer(t, row)
			}
		}
	}
	principals, _ := schema.Lookup("tblPrincipal")
	for range all["tblPrincipal"] { // as often as a chain can be long
		for _, p := range all["tblPrincipal"] {
			if wanted[p[0]] {
				refer(principals, p)
			}
		}
	}
	for _, p := range all["tblPrincipal"] {
		if wanted[p[0]] {
			kept["tblPrincipal"] = append(kept["tblPrincipal"], p)
		}
	}
	return kept
}
