package replica_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Two renames that differ only in case and did not know of each other end with one name on both sides, with all
// contents, whichever side tells first and whichever of them distinguishes case.
func TestP3_TwoRenamesOfCaseConverge(t *testing.T) {
	insensitive := filestore.MemoryOptions{CaseInsensitive: true}
	stores := map[string][2]filestore.MemoryOptions{
		"both do not distinguish case": {insensitive, insensitive},
		"the first does not":           {insensitive, {}},
		"the second does not":          {{}, insensitive},
	}
	type renames struct{ one, two [2]string }
	kinds := map[string]renames{
		"a file":                             {[2]string{"m/Slides", "m/SLIDES"}, [2]string{"m/Slides", "m/slides"}},
		"a folder":                           {[2]string{"Meeting", "MEETING"}, [2]string{"Meeting", "meeting"}},
		"a folder in another":                {[2]string{"Deep/In", "Deep/IN"}, [2]string{"Deep/In", "Deep/in"}},
		"the folder above and the one below": {[2]string{"Deep", "DEEP"}, [2]string{"Deep/In", "Deep/in"}},
	}
	for storesName, options := range stores {
		for kind, how := range kinds {
			for _, order := range []string{"one first", "two first", "at once"} {
				t.Run(storesName+"/"+kind+"/"+order, func(t *testing.T) {
					a := newSide(t, "pool1", "pool2", "1-WebServices-1", options[0])
					b := newSide(t, "pool2", "pool1", "1-WebServices-2", options[1])
					for i, name := range []string{"m/Slides", "Meeting/Chart", "Meeting/s", "Deep/In/s", "Deep/In/Chart", "Deep/x", "quiet/1", "quiet/2", "quiet/3", "quiet/4"} {
						a.write(t, name, fmt.Sprint("content ", i), 1000)
					}
					cycle(t, a, b)
					cycle(t, b, a)
					contents := slices.Sorted(maps.Values(a.tree()))
					a.respell(t, how.one)
					b.respell(t, how.two)
					a.look(t)
					b.look(t)
					pairs := [][2]*side{{a, b}, {b, a}}
					switch order {
					case "two first":
						slices.Reverse(pairs)
					case "at once":
						done := make(chan error)
						go func() {
							_, err := a.sendInWindows(t, b, false, exchange.Options{})
							done <- err
						}()
						_, err := b.sendInWindows(t, a, false, exchange.Options{})
						if err2 := <-done; err != nil || err2 != nil {
							t.Fatal(err, err2)
						}
					}
					for range 4 {
						for _, pair := range pairs {
							pair[0].look(t)
							pair[1].look(t)
							if _, err := pair[0].sendInWindows(t, pair[1], false, exchange.Options{}); err != nil {
								t.Fatal(err)
							}
						}
					}
					if a.Held() != "" || b.Held() != "" {
						t.Error(a.Held(), b.Held())
					}
					if below := strings.HasPrefix(how.two[0], how.one[0]+"/"); below && order != "one first" && !options[0].CaseInsensitive {
						// Where the second side is told first, the first one makes the folder again for what arrives in it. It has
						// two folders then, of which the other side can hold one: the second one waits there, and is named.
						p, ok, err := b.Index.PendingAt("CollabContent/" + how.one[1])
						if err != nil {
							t.Fatal(err)
						}
						if ok && p.Code == index.Twin {
							return
						}
						if order == "two first" {
							t.Errorf("%s is not named as what waits: %+v", how.one[1], p)
						}
					}
					one, two := a.tree(), b.tree()
					if !maps.Equal(one, two) {
						t.Errorf("the sides differ:\n%v\n%v", slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(two)))
					}
					if got := slices.Sorted(maps.Values(one)); !slices.Equal(got, contents) {
						t.Errorf("contents: %v", got)
					}
					folded := map[string]bool{}
					for name := range one {
						if folded[strings.ToLower(name)] {
							t.Errorf("two names: %s", name)
						}
						folded[strings.ToLower(name)] = true
					}
				})
			}
		}
	}
}

// Two things of the partner's whose names differ in case only are not taken for renames of one: what cannot be taken
// waits, and nothing is deleted at the partner.
func TestP6_TwoThingsWhoseNamesDifferInCaseStay(t *testing.T) {
	for _, first := range []bool{true, false} {
		a := newSide(t, "pool1", "pool2", "1-WebServices-1", filestore.MemoryOptions{CaseInsensitive: first})
		b := newSide(t, "pool2", "pool1", "1-WebServices-2", filestore.MemoryOptions{CaseInsensitive: !first})
		distinguishes := a
		if first {
			distinguishes = b
		}
		for i := range 4 {
			distinguishes.write(t, fmt.Sprint("quiet/", i), "quiet", 1000)
		}
		distinguishes.write(t, "Meeting/s", "before", 1000)
		cycle(t, a, b)
		cycle(t, b, a)
		distinguishes.store.RemoveAll(distinguishes.root + "/CollabContent/Meeting")
		cycle(t, a, b)
		cycle(t, b, a)
		distinguishes.write(t, "MEETING/s", "one", 1000)
		distinguishes.write(t, "MEETING/t", "the same", 1000)
		cycle(t, a, b)
		cycle(t, b, a)
		distinguishes.write(t, "meeting/s", "two", 1000)
		distinguishes.write(t, "meeting/t", "the same", 1000)
		want := distinguishes.tree()
		for range 3 {
			cycle(t, a, b)
			cycle(t, b, a)
		}
		if got := distinguishes.tree(); !maps.Equal(got, want) {
			t.Errorf("something was taken away: %v", slices.Sorted(maps.Keys(got)))
		}
	}
}

// respell renames a file or a folder so that its name changes in case only.
func (s *side) respell(t *testing.T, names [2]string) {
	t.Helper()
	if err := s.store.Publish(s.root+"/CollabContent/"+names[0], s.root+"/CollabContent/"+names[1]); err != nil {
		t.Fatal(err)
	}
}
