package slack

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
)

// export is a Slack export as an importer reads it.
type export struct {
	users    map[string]user
	channels map[string]channel // by name
	private  map[string]bool
	messages map[string][]message // by channel
	files    map[string]string
}

func load(t *testing.T, a converttest.Archive, people string) (export, *convert.Plan) {
	t.Helper()
	format := &Format{}
	plan := a.Load(t, format.Rules(), convert.Selection{})
	if _, _, err := plan.ReadPeople(strings.NewReader(people), "people"); people != "" && err != nil {
		t.Fatal(err)
	}
	e := export{map[string]user{}, map[string]channel{}, map[string]bool{}, map[string][]message{}, converttest.Run(t, plan, format)}
	decode := func(name string, to any) {
		if err := json.Unmarshal([]byte(e.files[name]), to); err != nil || !utf8.ValidString(e.files[name]) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var users []user
	decode("users.json", &users)
	for _, one := range users {
		e.users[one.ID] = one
	}
	for _, name := range []string{"channels.json", "groups.json"} {
		var list []channel
		decode(name, &list)
		for _, one := range list {
			if _, twice := e.channels[one.Name]; twice {
				t.Errorf("two channels are called %q", one.Name)
			}
			e.channels[one.Name], e.private[one.Name] = one, name == "groups.json"
		}
	}
	for name := range e.files {
		folder, day, ok := strings.Cut(name, "/")
		if !ok || folder == "__uploads" {
			continue
		}
		var list []message
		decode(name, &list)
		for _, one := range list {
			seconds, _, _ := strings.Cut(one.TS, ".")
			n, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil || time.Unix(n, 0).UTC().Format(time.DateOnly)+".json" != day {
				t.Errorf("%s holds a message of %s", name, one.TS)
			}
		}
		e.messages[folder] = append(e.messages[folder], list...)
	}
	return e, plan
}

var channelName = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{Lm}\p{N}\p{M}_-]+$`)

func TestTheExportIsWhatImportersRead(t *testing.T) {
	a := converttest.Hard()
	e, plan := load(t, a, "uri,address\nsip:anna@example.test,anna@new.test\n")
	if len(e.channels) != len(a.Rooms) {
		t.Fatalf("%d channels for %d rooms", len(e.channels), len(a.Rooms))
	}
	names := map[string]bool{}
	for _, one := range e.users {
		if names[one.Name] || one.Name == "" || one.Profile.Email == "" || one.Deleted != strings.HasSuffix(one.Profile.Email, ".invalid") {
			t.Errorf("the user %+v", one)
		}
		names[one.Name] = true
	}
	total := 0
	for _, room := range plan.Rooms {
		name := ""
		for _, c := range e.channels {
			if c.ID == channelID(room) {
				name = c.Name
			}
		}
		c := e.channels[name]
		if !channelName.MatchString(name) || len(name) > maxChannel || convert.IsDevice(name) || e.private[name] == room.Public || c.IsArchived != room.Disabled {
			t.Errorf("%q became the channel %q, private %v, archived %v", room.Name, name, e.private[name], c.IsArchived)
		}
		for _, id := range c.Members {
			if _, ok := e.users[id]; !ok {
				t.Errorf("%q has the member %s, whom nobody knows", name, id)
			}
		}
		checkMessages(t, e, e.messages[name])
		total += len(e.messages[name])
	}
	if total < int(plan.Rooms[0].Messages)*9 {
		t.Errorf("there are only %d messages", total)
	}
}

// checkMessages holds times, authors, texts and files of a channel.
func checkMessages(t *testing.T, e export, messages []message) {
	t.Helper()
	if len(messages) == 0 {
		return
	}
	texts, times := map[string]bool{}, map[string]bool{}
	long := ""
	for _, one := range messages {
		if _, known := e.users[one.User]; !known || times[one.TS] || utf8.RuneCountInString(one.Text) > 6*maxText {
			t.Errorf("the message at %s of %s", one.TS, one.User)
		}
		times[one.TS] = true
		texts[unescape.Replace(one.Text)] = true
		if strings.Contains(one.Text, "long line") {
			long += one.Text
		}
		for _, file := range one.Files {
			if content, ok := e.files[file.Private]; !ok || int64(len(content)) != file.Size {
				t.Errorf("the file %+v is not there", file)
			}
		}
	}
	for _, want := range []string{"plain", "<!channel> <@U00000002> @all", "<b>&amp;</b> \"quoted\" 'single' \\", "tab\tcr\nlf\ncrlf\nend", "=1+1"} {
		if !texts[want] {
			t.Errorf("the text %q is missing", want)
		}
	}
	if long != strings.Repeat("long line ", 6000) {
		t.Errorf("the long text came out with %d bytes", len(long))
	}
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

func Test33000RoomsOfOneName(t *testing.T) {
	e, _ := load(t, converttest.Many(33_000), "")
	if len(e.channels) != 33_000 || len(e.messages) != 33_000 {
		t.Errorf("%d channels, %d with messages", len(e.channels), len(e.messages))
	}
}

// Mattermost's own converter takes the export: CSBACKUP_MMETL names it.
func TestMmetlTakesIt(t *testing.T) {
	format := &Format{}
	plan := converttest.Hard().Load(t, format.Rules(), convert.Selection{})
	export, out := converttest.Zipped(t, plan, format), t.TempDir()
	said := converttest.Tool(t, "CSBACKUP_MMETL", "that mmetl reads a Slack export", "transform", "slack", "--team", "team", "--file", export,
		"--output", filepath.Join(out, "mattermost.jsonl"), "--attachments-dir", out)
	text, err := os.ReadFile(filepath.Join(out, "mattermost.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	posts := int64(bytes.Count(text, []byte(`"type":"post"`)))
	var messages int64
	for _, room := range plan.Rooms {
		messages += room.Messages
	}
	if posts < messages || bytes.Count(text, []byte(`"type":"channel"`)) != len(plan.Rooms) {
		t.Errorf("mmetl makes %d posts of %d messages\n%s", posts, messages, said)
	}
}
