package teams

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
	"csbackup/internal/chat/rtf"
)

const (
	account = "6C2D5B1E-0f3a-4a53-9d0e-7d2b8f1a9c44"
	anna    = "11111111-0000-4000-8000-000000000001"
	bob     = "11111111-0000-4000-8000-000000000002"
)

var now = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func load(t *testing.T, a converttest.Archive, people string) (map[string]string, *convert.Plan) {
	t.Helper()
	format := &Format{Account: account, Now: now}
	plan := a.Load(t, format.Rules(), convert.Selection{})
	if _, _, err := plan.ReadPeople(strings.NewReader(people), "people"); people != "" && err != nil {
		t.Fatal(err)
	}
	return converttest.Run(t, plan, format), plan
}

// lines decodes a file.
func lines[T any](t *testing.T, text string) (list []T) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if line == "" {
			continue
		}
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil || !utf8.ValidString(line) {
			t.Fatalf("%.200q: %v", line, err)
		}
		list = append(list, one)
	}
	return list
}

const peopleMap = "uri,address\nsip:anna@example.test," + anna + "\nsip:bob@example.test," + bob + "\n"

func TestRequestsAreWhatGraphTakes(t *testing.T) {
	a := converttest.Hard()
	files, plan := load(t, a, peopleMap)
	teamsOf := map[string]Team{}
	for _, one := range lines[Team](t, files[TeamsName]) {
		if utf8.RuneCountInString(one.Create.DisplayName) > maxTeam || len(one.Members) == 0 || one.Members[0].Roles[0] != "owner" || one.Create.Mode != "migration" {
			t.Errorf("the team %+v", one)
		}
		teamsOf[one.Key] = one
	}
	channels := lines[Channel](t, files[ChannelsName])
	if len(channels) != len(a.Rooms) {
		t.Fatalf("%d channels for %d rooms", len(channels), len(a.Rooms))
	}
	names := map[string]bool{}
	for i, one := range channels {
		room := plan.Rooms[i]
		key := one.Team + "/" + strings.ToLower(one.Create.DisplayName)
		if names[key] || !allowedName(one.Create.DisplayName) {
			t.Errorf("%q became %q", room.Name, one.Create.DisplayName)
		}
		names[key] = true
		created := one.Create.Created
		if one.Private {
			created = one.Start.Created
		}
		if one.Private == room.Public || one.Private != (one.Create.Membership == "private") || one.Private != (len(one.Create.Members) == 1) || one.Private != (one.Create.Mode == "") {
			t.Errorf("%q became %+v", room.Name, one)
		}
		checkMessages(t, files[one.File], created)
	}
	var info Info
	if err := json.Unmarshal([]byte(files[InfoName]), &info); err != nil || info.Teams != int64(len(teamsOf)) || info.Channels != int64(len(channels)) {
		t.Errorf("%+v, %v", info, err)
	}
}

func allowedName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= 50 && !strings.ContainsAny(name, "~#%&*{}+/\\:<>?|'\",\x00\n\t") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".") &&
		!strings.HasSuffix(name, ".") && strings.TrimSpace(name) == name && !strings.EqualFold(name, "General") && utf8.ValidString(name)
}

var element = regexp.MustCompile(`<[^>]*>`)
var knownElement = regexp.MustCompile(`^</?(b|i|u|s|br|a|span)( href="https?://[^"<>]*" rel="noopener noreferrer"| style="color:#[0-9a-f]{6}")?>$`)

func checkMessages(t *testing.T, text, created string) {
	t.Helper()
	begun, err := time.Parse(time.RFC3339, created)
	if err != nil {
		t.Fatal(err)
	}
	last := begun
	all := ""
	for _, one := range lines[Message](t, text) {
		at, err := time.Parse(time.RFC3339, one.Created)
		if err != nil || !at.After(last) || at.After(now.Add(time.Second)) {
			t.Errorf("%s after %v: %v", one.Created, last, err)
		}
		last = at
		content := one.Body.Content
		if content == "" || len(content) > 28_000 || 2*len(utf16.Encode([]rune(content))) > 28_000 {
			t.Errorf("a body of %d bytes", len(content))
		}
		for _, tag := range element.FindAllString(content, -1) {
			if !knownElement.MatchString(tag) {
				t.Errorf("the element %s", tag)
			}
		}
		switch id := one.From.User.ID; id {
		case anna, bob:
		case strings.ToLower(account):
			if !strings.HasPrefix(content, "<b>") || !strings.Contains(content, "</b><br>") {
				t.Errorf("the message of a placeholder does not name its author: %.100q", content)
			}
		default:
			t.Errorf("the author %q", id)
		}
		all += content + "\n"
	}
	if all != "" && (!strings.Contains(all, "<b>bold</b> ") || !strings.Contains(all, `<span style="color:#c80000">red </span>`) || !strings.Contains(all, "&lt;script&gt;")) {
		t.Errorf("formatting is lost: %.2000q", all)
	}
}

func TestLongBodiesLoseNothing(t *testing.T) {
	text := strings.Repeat("<&\"'\t", 8000) + strings.Repeat("word ", 9000) + strings.Repeat("\U0001F600", 9000)
	link := "https://example.test/?" + strings.Repeat("&", 2000)
	for name, doc := range map[string]rtf.Document{
		"plain": rtf.Plain(text), "styled": {Spans: []rtf.Span{{Text: text, Style: rtf.Style{Bold: true, Link: link}}, {Text: "end"}}}, "empty": {},
	} {
		parts := bodies(doc, "<b>name</b><br>")
		whole := ""
		for _, one := range parts {
			if cost(one) > maxBody {
				t.Errorf("%s: a part of %d", name, cost(one))
			}
			whole += strings.TrimPrefix(one, "<b>name</b><br>")
		}
		plain := strings.NewReplacer("&nbsp;&nbsp;&nbsp; ", "\t", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&amp;", "&", "&nbsp;", " ").Replace(element.ReplaceAllString(whole, ""))
		if want := doc.Text(); plain != want && name != "empty" {
			t.Errorf("%s: %d bytes of text became %d", name, len(want), len(plain))
		}
		if name == "empty" && len(parts) != 1 {
			t.Errorf("%q", parts)
		}
	}
}

func TestTeamsHoldWhatTeamsLimits(t *testing.T) {
	files, _ := load(t, converttest.Many(33_000), "")
	standard, private, names := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, one := range lines[Channel](t, files[ChannelsName]) {
		if one.Private {
			private[one.Team]++
		} else {
			standard[one.Team]++
		}
	}
	for team, n := range private {
		if n > 30 || standard[team] > 900 {
			t.Errorf("%s has %d private and %d standard channels", team, n, standard[team])
		}
	}
	for _, one := range lines[Team](t, files[TeamsName]) {
		if names[one.Create.DisplayName] {
			t.Errorf("two teams are called %q", one.Create.DisplayName)
		}
		names[one.Create.DisplayName] = true
	}
}

func TestWhoOwnsAPrivateChannel(t *testing.T) {
	a := converttest.Archive{
		People: []converttest.Person{{Number: 2, URI: "sip:anna@example.test", Name: "Anna"}, {Number: 3, URI: "sip:bob@example.test", Name: "Bob"}, {Number: 4, URI: "sip:c@example.test", Name: "C"}},
		Rooms: []converttest.Room{
			{Number: 10, Name: "managed", Visibility: 3, Members: []int64{2}, Managers: []int64{3}}, {Number: 11, Name: "no manager mapped", Visibility: 3, Members: []int64{2, 3}, Managers: []int64{4}},
			{Number: 12, Name: "nobody mapped", Visibility: 3, Members: []int64{4}},
		},
	}
	files, _ := load(t, a, peopleMap)
	for i, want := range []struct{ owner, others string }{{bob, anna}, {anna, bob}, {strings.ToLower(account), ""}} {
		c := lines[Channel](t, files[ChannelsName])[i]
		others := ""
		for _, one := range c.Members {
			others += one.User
		}
		if !strings.Contains(c.Create.Members[0].User, want.owner) || !strings.Contains(others, want.others) || (want.others == "") != (others == "") {
			t.Errorf("%s: %+v", fmt.Sprint(c.Create.DisplayName), c)
		}
	}
}

func TestAddressesAreObjectIDs(t *testing.T) {
	for text, good := range map[string]bool{account: true, "": false, "bob@contoso.com": false, strings.Repeat("1", 36): false, "6c2d5b1e-0f3a-4a53-9d0e-7d2b8f1a9c4'": false} {
		if (CheckAccount(text) == nil) != good {
			t.Errorf("%q", text)
		}
	}
}
