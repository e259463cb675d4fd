package transfer_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
)

// engine opens empty databases of one engine; made tells which published databases they hold.
type engine func(t testing.TB, made ...string) database.Database

// embedded is the engine of files.
func embedded(t testing.TB, made ...string) database.Database {
	t.Helper()
	db := databasetest.Open(t, filepath.Join(t.TempDir(), "chat.db"))
	for _, name := range made {
		if err := db.CreateSchema(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// checked runs a property whose databases live in folders of their own. It draws everything first.
func checked(t *testing.T, draw func(t *rapid.T) (property func(t testing.TB))) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		property := draw(r)
		if !t.Run("case", func(t *testing.T) { property(t) }) {
			r.Fatal("see above")
		}
	})
}

func TestRoundTripOfAnyDatabase(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		all := randomDatabase(r, false)
		return func(t testing.TB) {
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat)
			fill(t, from, all)
			a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Chat})
			result := imported(t, to, a)
			if result.ClashCount != 0 || result.LeftOutCount != 0 {
				t.Errorf("got %+v", result)
			}
			wantSame(t, lasting(t, to), all.travels())
			if again := imported(t, to, a); !again.NothingToDo {
				t.Errorf("the second import did something: %+v", again)
			}
		}
	})
}

func TestRoundTripOfAnyComplianceQueue(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		all := randomDatabase(r, false)
		return func(t testing.TB) {
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Compliance)
			fill(t, from, all)
			a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Compliance})
			imported(t, to, a)
			want := map[string][][]any{}
			for _, table := range schema.Tables(schema.Compliance) {
				want[table.Name] = all[table.Name]
			}
			wantSame(t, databasetest.Dump(t, to), want)
			if again := imported(t, to, a); !again.NothingToDo {
				t.Errorf("the second import did something: %+v", again)
			}
		}
	})
}

func TestWhatIsThereInPartIsCompleted(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		all := randomDatabase(r, true)
		some := part(r, all.travels())
		return func(t testing.TB) {
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat)
			fill(t, from, all)
			fill(t, to, some)
			a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Chat})
			result := imported(t, to, a)
			if result.ClashCount != 0 || result.LeftOutCount != 0 {
				t.Errorf("got %+v", result)
			}
			wantSame(t, lasting(t, to), all.travels())
			if again := imported(t, to, a); !again.NothingToDo {
				t.Errorf("the second import did something: %+v", again)
			}
		}
	})
}

// A database is archived, changed and archived again: the two archives one after the other make what the second makes
// alone, even where no time tells that a row was changed.
func TestTwoArchivesInTheirOrderMakeTheSecond(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		all := randomDatabase(r, true)
		before := part(r, all.travels())
		for _, name := range slices.Sorted(maps.Keys(before)) {
			before[name] = otherTexts(r, name, before[name])
		}
		return func(t testing.TB) {
			from, later, to := embedded(t, schema.Chat), embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat)
			fill(t, from, before)
			fill(t, later, all)
			first, _ := exported(t, from, transfer.ExportOptions{})
			second, _ := exported(t, later, transfer.ExportOptions{DatabaseName: schema.Chat})
			imported(t, to, first)
			imported(t, to, second)
			wantSame(t, lasting(t, to), all.travels())
			if again := imported(t, to, second); !again.NothingToDo {
				t.Errorf("the second archive did something again: %+v", again)
			}
		}
	})
}

// otherTexts gives rows of a table other texts and bits at random, where these say nothing about which row it is.
func otherTexts(r *rapid.T, name string, list [][]any) [][]any {
	t, _ := schema.Lookup(name)
	if t.Kind == schema.Static { // an import leaves these as they are in the database
		return list
	}
	other := make([][]any, len(list))
	for i, row := range list {
		other[i] = slices.Clone(row)
		for at, c := range t.Columns {
			text := c.Type == schema.NVarChar || c.Type == schema.VarChar
			if slices.Contains(t.Key, c.Name) || c.Name == "nodeType" || (!text && c.Type != schema.Bit) || rapid.IntRange(0, 3).Draw(r, c.Name) > 0 {
				continue
			}
			if other[i][at] = int64(0); text {
				other[i][at] = "before " + c.Name
			}
		}
	}
	return other
}

// part leaves rows out at random, and with a row those that refer to it.
func part(r *rapid.T, all map[string][][]any) rows {
	kept := rows{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, row := range all[name] {
			if rapid.IntRange(0, 2).Draw(r, name) > 0 {
				kept[name] = append(kept[name], row)
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for name, list := range kept {
			t, _ := schema.Lookup(name)
			kept[name] = slices.DeleteFunc(list, func(row []any) bool { return dangles(t, row, kept) })
			changed = changed || len(kept[name]) < len(list)
		}
	}
	return kept
}

// dangles tells whether a published reference of the row leads nowhere.
func dangles(t schema.Table, row []any, all rows) bool {
	for _, reference := range t.References {
		from := t.Place(reference.Column)
		target, _ := schema.Lookup(reference.Table)
		to := target.Place(reference.Target)
		if reference.Implied || row[from] == nil {
			continue
		}
		if !slices.ContainsFunc(all[reference.Table], func(other []any) bool { return other[to] == row[from] }) {
			return true
		}
	}
	return false
}

// Two databases that have nothing to do with each other but some names and numbers become one: nothing of either is
// lost, and a second time there is nothing to do.
func TestAnyTwoDatabasesMerge(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		one, two := randomDatabase(r, true), randomDatabase(r, true)
		return func(t testing.TB) {
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat, schema.Compliance)
			fill(t, from, one)
			fill(t, to, two)
			a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Chat})
			result := imported(t, to, a)
			merged := databasetest.Dump(t, to)
			for _, name := range []string{"tblPrincipal", "tblNode", "tblChat", "tblPrincipalRole", "tblPreference", "tblADCookie"} {
				table, _ := schema.Lookup(name)
				keys := map[string]bool{}
				for _, row := range merged[name] {
					keys[key(table, row)] = true
				}
				for _, row := range two[name] {
					if !keys[key(table, row)] {
						t.Errorf("the row %q of %s is gone", row, name)
					}
				}
			}
			texts := map[any]int{}
			for _, m := range merged["tblChat"] {
				texts[m[5]]++
			}
			for _, m := range one["tblChat"] {
				if texts[m[5]] == 0 && result.LeftOutCount == 0 && result.ClashCount == 0 {
					t.Errorf("the message %q did not come over", m)
				}
			}
			if again := imported(t, to, a); !again.NothingToDo {
				t.Errorf("the second import did something: %+v", again)
			}
			wantSame(t, databasetest.Dump(t, to), merged)
		}
	})
}

func TestLevelsOneByOneMakeTheWhole(t *testing.T) {
	checked(t, func(r *rapid.T) func(t testing.TB) {
		all := randomDatabase(r, true)
		return func(t testing.TB) {
			delete(all, "tblConfig") // it belongs to no level
			twoLevels(all)
			from, to := embedded(t, schema.Chat, schema.Compliance), embedded(t, schema.Chat)
			fill(t, from, all)
			for _, level := range []schema.Level{schema.LevelUser, schema.LevelCategory, schema.LevelRoomDirectory, schema.LevelContent} {
				a, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Chat, Level: level})
				if result := imported(t, to, a); result.ClashCount != 0 || result.LeftOutCount != 0 {
					t.Errorf("%s: got %+v", level, result)
				}
			}
			wantSame(t, lasting(t, to), all.travels())
			whole, _ := exported(t, from, transfer.ExportOptions{DatabaseName: schema.Chat})
			if again := imported(t, to, whole); !again.NothingToDo {
				t.Errorf("the import of everything did something: %+v", again)
			}
		}
	})
}

// twoLevels puts rooms below categories only, as the service does: a level alone could not be imported otherwise.
func twoLevels(all rows) {
	var category any
	for _, n := range all["tblNode"] {
		if n[3] == int64(1) {
			category = n[0]
			break
		}
	}
	for _, n := range all["tblNode"] {
		n[2] = category
	}
}
