package mattermost

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
)

func newFormat() *Format { return &Format{Team: "persistent-chat"} }

// load converts an archive and gives the lines by their kinds.
func load(t *testing.T, a converttest.Archive, people string) (map[string][]line, map[string]string, *convert.Plan) {
	t.Helper()
	format := newFormat()
	plan := a.Load(t, format.Rules(), convert.Selection{})
	if _, _, err := plan.ReadPeople(strings.NewReader(people), "people"); people != "" && err != nil {
		t.Fatal(err)
	}
	files := converttest.Run(t, plan, format)
	lines, kinds := map[string][]line{}, []string{}
	for _, text := range strings.Split(strings.TrimSpace(files["import.jsonl"]), "\n") {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil || !utf8.ValidString(text) || len(text) > 16<<20 {
			t.Fatalf("%.200q: %v", text, err)
		}
		lines[one.Type] = append(lines[one.Type], one)
		if len(kinds) == 0 || kinds[len(kinds)-1] != one.Type {
			kinds = append(kinds, one.Type)
		}
	}
	if got := strings.Join(kinds, " "); got != "version team channel user post" {
		t.Errorf("the lines come in the order %s", got)
	}
	return lines, files, plan
}

var (
	channelName = regexp.MustCompile(`^[a-z0-9]+([a-z\-_0-9]+|(__)?)[a-z0-9]*$`)
	userName    = regexp.MustCompile(`^[a-z0-9.\-_]+$`)
)

func TestTheFileKeepsMattermostsRules(t *testing.T) {
	a := converttest.Hard()
	lines, files, plan := load(t, a, "uri,address,email\nsip:anna@example.test,anna.new,anna@mail.test\nsip:bob@example.test,bob@mail.test,\n")
	channels, users := map[string]*channel{}, map[string]*user{}
	for _, one := range lines["channel"] {
		c := one.Channel
		if channels[c.Name] != nil || !channelName.MatchString(c.Name) || len(c.Name) > 64 || strings.Contains(c.Name, "__") || c.DisplayName == "" ||
			utf8.RuneCountInString(c.DisplayName) > 64 || utf8.RuneCountInString(c.Purpose) > 250 || utf8.RuneCountInString(c.Header) > 1024 {
			t.Errorf("the channel %+v", c)
		}
		channels[c.Name] = c
	}
	if len(channels) != len(a.Rooms) {
		t.Errorf("%d channels for %d rooms", len(channels), len(a.Rooms))
	}
	for i, room := range plan.Rooms {
		if c := lines["channel"][i].Channel; (c.Type == "O") != room.Public || (c.DeletedAt != 0) != room.Disabled {
			t.Errorf("%q became %+v", room.Name, c)
		}
	}
	emails := map[string]bool{}
	for _, one := range lines["user"] {
		u := one.User
		if users[u.Username] != nil || emails[u.Email] || !userName.MatchString(u.Username) || len(u.Username) > 64 || len(u.Email) > 128 || len(u.Teams) != 1 ||
			utf8.RuneCountInString(u.FirstName) > 64 || (u.DeleteAt != 0) != strings.HasSuffix(u.Email, ".invalid") {
			t.Errorf("the user %+v", u)
		}
		users[u.Username], emails[u.Email] = u, true
		for _, c := range u.Teams[0].Channels {
			if channels[c.Name] == nil {
				t.Errorf("%s is in the channel %q, which is not there", u.Username, c.Name)
			}
		}
	}
	if users["anna.new"] == nil || users["anna.new"].Email != "anna@mail.test" || users["bob"] == nil || users["bob"].Email != "bob@mail.test" {
		t.Errorf("the map is not followed: %+v", users["anna.new"])
	}
	checkPosts(t, lines["post"], channels, users, files)
}

func checkPosts(t *testing.T, posts []line, channels map[string]*channel, users map[string]*user, files map[string]string) {
	t.Helper()
	type moment struct {
		channel string
		at      int64
	}
	times := map[moment]bool{}
	texts, attached := map[string]bool{}, 0
	for _, one := range posts {
		p := one.Post
		if channels[p.Channel] == nil || users[p.User] == nil || p.Team != "persistent-chat" || utf8.RuneCountInString(p.Message) > 16383 || p.CreateAt <= 0 || times[moment{p.Channel, p.CreateAt}] {
			t.Errorf("the post in %s by %s at %d", p.Channel, p.User, p.CreateAt)
		}
		times[moment{p.Channel, p.CreateAt}] = true
		texts[p.Message] = true
		for _, file := range p.Attachments {
			if attached++; !strings.HasPrefix(files["data/"+file.Path], "content of ") {
				t.Errorf("the file %q is not there", file.Path)
			}
		}
	}
	for _, want := range []string{"plain", "<!channel> <@U00000002> @all", "=1+1", "tab\tcr\nlf\ncrlf\nend", "", "# heading\n* list"} {
		if !texts[want] {
			t.Errorf("the text %q is missing", want)
		}
	}
	if attached == 0 {
		t.Error("no file is attached")
	}
}

func TestTeams(t *testing.T) {
	for name, good := range map[string]bool{
		"persistent-chat": true, "ab": true, "a": false, "": false, "Ab": false, "-ab": false, "ab-": false, "admins": false, "a b": false, strings.Repeat("a", 65): false,
	} {
		if err := CheckTeam(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	for address, good := range map[string]bool{"bob": true, "b@c.test": true, "Bob": false, "b c": false, "@": false, "": false} {
		if err := checkAddress(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func Test33000RoomsOfOneName(t *testing.T) {
	lines, _, plan := load(t, converttest.Many(33_000), "")
	names := map[string]bool{}
	for _, one := range lines["channel"] {
		names[one.Channel.Name] = true
	}
	if len(names) != 33_000 || len(lines["post"]) != 33_000 {
		t.Errorf("%d channels, %d posts", len(names), len(lines["post"]))
	}
	if notes := plan.Notes.All(); !strings.Contains(notes[0].What, "MaxChannelsPerTeam") || notes[0].Count != 31_000 {
		t.Errorf("the report says %+v", notes)
	}
}

// Mattermost's own validator takes the file: CSBACKUP_MATTERMOST_VALIDATOR names a program that validates the file that it
// is given, as "mmctl import validate" does.
func TestTheValidatorTakesIt(t *testing.T) {
	format := newFormat()
	plan := converttest.Hard().Load(t, format.Rules(), convert.Selection{})
	t.Log(converttest.Tool(t, "CSBACKUP_MATTERMOST_VALIDATOR", "that Mattermost finds a bulk import valid", converttest.Zipped(t, plan, format)))
}
