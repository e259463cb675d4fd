package convert_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
	"csbackup/internal/failure"
)

func TestMapsOfPeople(t *testing.T) {
	for name, text := range map[string]string{
		"commas":     "uri,address\nsip:anna@example.test,anna@new.test\nsip:bob@example.test,\n",
		"semicolons": "\xef\xbb\xbfuri;name;address\r\nSIP:Anna@example.test;\"A; B\";anna@new.test\r\n",
		"tabs":       "address\turi\nanna@new.test\tsip:anna@example.test\n",
		"any case":   "URI, Address\nsip:anna@example.test, anna@new.test \nsip:anna@example.test,anna@new.test\n",
	} {
		plan := small().Load(t, convert.Rules{}, convert.Selection{})
		mapped, unknown, err := plan.ReadPeople(strings.NewReader(text), "map.csv")
		if err != nil || mapped < 1 || len(unknown) != 0 || plan.Person(2).Address != "anna@new.test" || plan.Person(3).Address != "" {
			t.Errorf("%s: %d, %v, %v, %q", name, mapped, unknown, err, plan.Person(2).Address)
		}
	}
	plan := small().Load(t, convert.Rules{}, convert.Selection{})
	if _, unknown, err := plan.ReadPeople(strings.NewReader("uri,address\nsip:nobody@example.test,x\n"), "map.csv"); err != nil || len(unknown) != 1 {
		t.Errorf("%v, %v", unknown, err)
	}
}

func TestMapsThatAreRefused(t *testing.T) {
	rules := convert.Rules{Address: func(address string) error {
		if address == "bad" {
			return errors.New("it is bad")
		}
		return nil
	}}
	for name, one := range map[string]struct{ text, says string }{
		"empty":         {"", "line 1"},
		"no header":     {"sip:anna@example.test,anna\n", "line 1"},
		"two addresses": {"uri,address\nsip:anna@example.test,a\nsip:anna@example.test,b\n", "line 3"},
		"a bad address": {"uri,address\nsip:anna@example.test,bad\n", "line 2"},
		"control":       {"uri,address\nsip:anna@example.test,\"a\nb\"\n", "line 2"},
		"no CSV":        {"uri,address\n\"sip:anna\n", "line 2"},
		"short line":    {"uri,name,address\nsip:anna@example.test\n", "line 2"},
		"a long one":    {"uri,address\nsip:anna@example.test," + strings.Repeat("a", 400) + "\n", "line 2"},
	} {
		plan := small().Load(t, rules, convert.Selection{})
		if _, _, err := plan.ReadPeople(strings.NewReader(one.text), "map.csv"); !failure.IsID(err, failure.PeopleMapInvalid) || !strings.Contains(err.Error(), one.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheTemplateComesBack(t *testing.T) {
	a := small()
	a.People = append(a.People, converttest.Person{Number: 20, URI: "=cmd|' /C calc'!A0", Name: "@SUM(1)"}, converttest.Person{Number: 21, URI: "'=x", Name: "-1"})
	a.Rooms[0].Messages = converttest.Say([]int64{20, 20, 20, 21}, "a", "b", "c", "d")
	plan := a.Load(t, convert.Rules{}, convert.Selection{})
	var out bytes.Buffer
	people, err := plan.WritePeople(&out)
	if err != nil || people != 5 {
		t.Fatalf("%d, %v", people, err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if rows[1][6] != "3" {
		t.Errorf("who wrote most is not first: %v", rows[1])
	}
	var filled strings.Builder
	w := csv.NewWriter(&filled)
	for i, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
		if i > 0 {
			row[1] = "new-" + row[0]
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	mapped, unknown, err := plan.ReadPeople(strings.NewReader(filled.String()), "map.csv")
	if err != nil || mapped != 5 || len(unknown) != 0 {
		t.Errorf("%d, %v, %v", mapped, unknown, err)
	}
	if got := plan.Placeholders(); len(got) != 0 {
		t.Errorf("%v have no address", got)
	}
}

func TestPeopleWithOneAddressAreOne(t *testing.T) {
	plan := small().Load(t, convert.Rules{}, convert.Selection{})
	text := "uri,address\nsip:anna@example.test,Same@new.test\nsip:bob@example.test,same@new.test\n"
	if _, _, err := plan.ReadPeople(strings.NewReader(text), "map.csv"); err != nil {
		t.Fatal(err)
	}
	if plan.Identity(plan.Person(3)) != plan.Person(2) || plan.Identity(plan.Person(4)) != plan.Person(4) {
		t.Error("they are not one")
	}
	accounts := convert.Accounts(plan, func(*convert.Room) []int64 { return nil })
	if len(accounts) != 2 || accounts[0].Username != "same" || accounts[0].Email != "Same@new.test" || !accounts[1].Placeholder || accounts[1].Email != "chen@placeholder.invalid" {
		t.Errorf("%+v", accounts)
	}
}

func TestUsernamesAndMailsAreDifferent(t *testing.T) {
	a := small()
	a.People = nil
	uris := []string{"sip:bob@a.test", "sip:Bob@b.test", "sip:@c.test", "", "sip:日本@d.test", "sip:all@e.test", "sip:" + strings.Repeat("x", 200) + "@f.test", "sip:" + strings.Repeat("x", 200) + "y@f.test", "sip:bob-2@g.test"}
	var numbers []int64
	for i, uri := range uris {
		a.People = append(a.People, converttest.Person{Number: int64(i) + 2, URI: uri})
		numbers = append(numbers, int64(i)+2)
	}
	a.Categories, a.Rooms = nil, []converttest.Room{{Number: 100, Name: "R", Messages: converttest.Say(numbers, make([]string, len(uris))...)}}
	plan := a.Load(t, convert.Rules{}, convert.Selection{})
	seen := map[string]bool{}
	for _, one := range convert.Accounts(plan, func(*convert.Room) []int64 { return nil }) {
		if seen[one.Username] || seen[one.Email] || one.Username == "" || len(one.Username) > 64 || one.Username == "all" ||
			strings.Trim(one.Username, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
			t.Errorf("%q, %q", one.Username, one.Email)
		}
		seen[one.Username], seen[one.Email] = true, true
	}
	if len(seen) != 2*len(uris) {
		t.Errorf("%d names and addresses for %d people", len(seen), len(uris))
	}
}
