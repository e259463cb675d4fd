package send

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/failure"
)

// requests writes a folder with two teams: standard and private channels with messages.
func requests(t *testing.T, messages int) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, lines ...any) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriter(file)
		for _, one := range lines {
			text, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = out.Write(append(text, '\n'))
		}
		if err := errors.Join(out.Flush(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	member := func(id string) teams.Member {
		return teams.Member{Type: "#microsoft.graph.aadUserConversationMember", Roles: []string{}, User: teams.GraphURL + "/users('" + id + "')"}
	}
	var teamLines, channelLines []any
	for team := range 2 {
		key := fmt.Sprintf("team-%d", team+1)
		teamLines = append(teamLines, teams.Team{Key: key, Members: []teams.Member{member("a"), member("b")}, Create: teams.NewTeam{
			Mode: "migration", Template: teams.GraphURL + "/teamsTemplates('standard')", DisplayName: "It's team", Description: "Rooms", Visibility: "private", Created: "2010-01-01T00:00:00.000Z",
		}})
		for n := range 3 {
			channel := teams.Channel{Key: fmt.Sprintf("%d%d", team, n), Team: key, File: fmt.Sprintf("messages/%d%d.jsonl", team, n), Members: []teams.Member{},
				Create: teams.NewChannel{Mode: "migration", DisplayName: fmt.Sprintf("Channel %d", n), Membership: "standard", Created: "2010-01-01T00:00:01.000Z"}}
			if n == 2 {
				channel.Private, channel.Start = true, &teams.Start{Created: "2010-01-01T00:00:01.000Z"}
				channel.Create = teams.NewChannel{DisplayName: "Private", Membership: "private", Members: []teams.Member{member("a")}}
				channel.Members = []teams.Member{member("b")}
			}
			channelLines = append(channelLines, channel)
			var lines []any
			for m := range messages {
				at := time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m) * time.Millisecond)
				lines = append(lines, teams.Message{Created: at.Format("2006-01-02T15:04:05.000Z"), From: teams.From{User: teams.User{ID: "a", DisplayName: "A", Type: "aadUser"}},
					Body: teams.Body{Type: "html", Content: fmt.Sprintf("message %d of %s", m, channel.Key)}})
			}
			write(channel.File, lines...)
		}
	}
	write(teams.InfoName, teams.Info{Format: teams.Kind, Version: teams.Version, ID: "folder-id", Teams: 2, Channels: 6, Messages: int64(6 * messages)})
	write(teams.TeamsName, teamLines...)
	write(teams.ChannelsName, channelLines...)
	return dir
}

// pauses remembers what was waited for.
type pauses struct {
	mutex sync.Mutex
	all   []time.Duration
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.all = append(p.all, d)
	return ctx.Err()
}

// options send to a server, without waiting.
func options(t *testing.T, g *graph, p *pauses) Options {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(g.token+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Options{GraphURL: g.server.URL + "/v1.0", TokenFile: token, Rate: 1e9, Parallel: 3, wait: p.wait}
}

// check holds the server's content against the folder: everything once, nothing else.
func check(t *testing.T, g *graph, messages int) {
	t.Helper()
	if len(g.teams) != 2 {
		t.Fatalf("%d teams were made", len(g.teams))
	}
	for n, team := range g.teams {
		if team.migrating || len(team.members) != 2 || len(team.channels) != 4 {
			t.Errorf("team %d: migrating %v, %d members, %d channels", n, team.migrating, len(team.members), len(team.channels))
		}
		for _, channel := range team.channels {
			if channel.migrating {
				t.Errorf("%s is still in migration mode", channel.DisplayName)
			}
			if channel.DisplayName == "General" {
				continue
			}
			if channel.private && len(channel.members) != 2 {
				t.Errorf("%s has %d members", channel.DisplayName, len(channel.members))
			}
			if len(channel.messages) != messages {
				t.Errorf("%s has %d messages of %d", channel.DisplayName, len(channel.messages), messages)
			}
			seen := map[string]bool{}
			for _, one := range channel.messages {
				if seen[one.Body.Content] {
					t.Errorf("%s is there twice", one.Body.Content)
				}
				seen[one.Body.Content] = true
			}
		}
	}
}

func TestEverythingIsSentOnce(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 250), Options{}
	o = options(t, g, p)
	result, err := Send(t.Context(), dir, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	check(t, g, 250)
	if result.Teams != 2 || result.Channels != 6 || result.Messages != 1500 || result.AlreadyThere != 0 || result.Refused != 0 || result.Members != 6 {
		t.Errorf("%+v", result)
	}
	before := g.requests
	result, err = Send(t.Context(), dir, o, nil)
	if err != nil || g.requests != before || result.Teams != 2 || result.Channels != 6 || result.Messages != 0 {
		t.Errorf("a second run makes %d requests: %+v, %v", g.requests-before, result, err)
	}
	if _, err := os.Stat(filepath.Join(dir, RefusedName)); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file of refused requests stays")
	}
}

func TestFaultsAndCutsDoubleNothing(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g, p := newGraph(t), &pauses{}
			dir, o := requests(t, 40), options(t, g, p)
			g.fault = random(seed, 0.3)
			for run := range 60 { // each run is stopped somewhere, until one comes to the end
				ctx, cancel := context.WithCancel(t.Context())
				stop := g.requests + 20 + 11*int(seed) + 40*run
				fault := random(seed*100+uint64(run), 0.3)
				g.mutex.Lock()
				g.fault = func(n int, r *http.Request) int {
					if n >= stop {
						cancel()
					}
					return fault(n, r)
				}
				g.mutex.Unlock()
				_, err := Send(ctx, dir, o, nil)
				cancel()
				if err == nil {
					check(t, g, 40)
					if g.faults == 0 || run == 0 {
						t.Error("nothing went wrong")
					}
					return
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
			}
			t.Fatal("no run came to the end")
		})
	}
}

func TestARefusedTokenStopsAtOnce(t *testing.T) {
	for _, status := range []int{401, 403} {
		g, p := newGraph(t), &pauses{}
		dir, o := requests(t, 50), options(t, g, p)
		o.Parallel = 1
		g.fault = func(n int, r *http.Request) int {
			if n >= 30 {
				return status
			}
			return 0
		}
		result, err := Send(t.Context(), dir, o, nil)
		if !failure.IsID(err, failure.GraphRefused) || g.requests != 30 {
			t.Errorf("%d: %v after %d requests", status, err, g.requests)
		}
		if strings.Contains(fmt.Sprint(err), g.token) {
			t.Error("the error holds the token")
		}
		g.fault = nil
		again, err := Send(t.Context(), dir, o, nil)
		if err != nil || result.Messages+again.Messages != 300 || again.AlreadyThere != 0 {
			t.Errorf("%d: %+v then %+v, %v", status, result, again, err)
		}
		check(t, g, 50)
	}
}

func TestANewTokenIsReadWhileSending(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 20), options(t, g, p)
	o.Parallel = 1
	g.fault = func(n int, _ *http.Request) int {
		if n == 40 { // the old one is no longer good for the requests after this one
			g.token = "another-token"
			if err := os.WriteFile(o.TokenFile, []byte(g.token), 0o600); err != nil {
				t.Error(err)
			}
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(o.TokenFile, later, later); err != nil {
				t.Error(err)
			}
			return 429
		}
		return 0
	}
	if _, err := Send(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	check(t, g, 20)
}

func TestRetryAfterIsHonoured(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 3), options(t, g, p)
	o.Parallel = 1
	g.fault = func(n int, _ *http.Request) int {
		if n == 10 || n == 11 {
			return 429
		}
		return 0
	}
	if _, err := Send(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, d := range p.all {
		if d == 7*time.Second {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("it waited %d times for as long as it was asked to: %v", asked, p.all)
	}
	check(t, g, 3)
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"5": 5 * time.Second, "0": 0, "Mon, 01 Jan 2024 00:01:00 GMT": time.Minute, "Sun, 31 Dec 2023 00:00:00 GMT": 0} {
		if d, ok := retryAfter(http.Header{"Retry-After": {text}}, now); !ok || d != want {
			t.Errorf("%q gives %v, %v", text, d, ok)
		}
	}
	for _, text := range []string{"", "-1", "soon", "99999999999999999999"} {
		if _, ok := retryAfter(http.Header{"Retry-After": {text}}, now); ok {
			t.Errorf("%q is understood", text)
		}
	}
}

func TestTheRateIsBounded(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 10), options(t, g, p)
	o.Rate = 0.5
	if _, err := Send(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	// Nothing really waited, so the turns add up: the last request waits for all before it.
	longest := time.Duration(0)
	for _, d := range p.all {
		longest = max(longest, d)
	}
	if want := time.Duration(g.requests-2) * 2 * time.Second * 9 / 10; longest < want {
		t.Errorf("%d requests at one in 2 s, and the last waited for %v", g.requests, longest)
	}
}

func TestRejectedMessagesAreNamedAndPassedOver(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 30), options(t, g, p)
	path := filepath.Join(dir, "messages", "01.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "message 7 of 01", "rejected", 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	result, err := Send(t.Context(), dir, o, nil)
	if err != nil || result.Refused != 1 || result.Messages != 179 {
		t.Fatalf("%+v, %v", result, err)
	}
	named, err := os.ReadFile(filepath.Join(dir, RefusedName))
	if err != nil || !strings.Contains(string(named), `"key":"channel 01","line":8`) {
		t.Errorf("%s, %v", named, err)
	}
}

func TestManyRejectedMessagesEndIt(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 100), options(t, g, p)
	g.fault = func(_ int, r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/messages") {
			return 400
		}
		return 0
	}
	result, err := Send(t.Context(), dir, o, nil)
	if !failure.IsID(err, failure.GraphRejected) || result.Refused < maxRefused || result.Refused > maxRefused+3 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestAServerThatNeverAnswersEndsIt(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 3), options(t, g, p)
	g.fault = func(int, *http.Request) int { return cutBefore }
	if _, err := Send(t.Context(), dir, o, nil); !failure.IsID(err, failure.GraphUnreachable) {
		t.Errorf("%v", err)
	}
	g.fault = func(int, *http.Request) int { return 307 }
	if _, err := Send(t.Context(), dir, o, nil); !failure.IsID(err, failure.GraphRejected) {
		t.Errorf("a redirection gives %v", err)
	}
}

func TestWhatIsRefusedBeforeAnythingIsSent(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	good := requests(t, 1)
	broken := func(change func(dir string)) string {
		dir := requests(t, 1)
		change(dir)
		return dir
	}
	write := func(name, text string) func(string) {
		return func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, one := range []struct {
		name, dir string
		change    func(*Options)
		id        failure.ID
	}{
		{"no folder", filepath.Join(good, "none"), nil, failure.FileNotFound},
		{"another folder", t.TempDir(), nil, failure.RequestsInvalid},
		{"a newer version", broken(write(teams.InfoName, `{"format":"csbackup-teams-requests","version":2,"id":"x"}`)), nil, failure.RequestsInvalid},
		{"broken teams", broken(write(teams.TeamsName, "{")), nil, failure.RequestsInvalid},
		{"a channel without a team", broken(write(teams.ChannelsName, `{"key":"1","team":"team-9"}`)), nil, failure.RequestsInvalid},
		{"an unfinished conversion", broken(write("csbackup-unfinished.jsonl", "")), nil, failure.RequestsInvalid},
		{"no token", good, func(o *Options) { o.TokenFile = filepath.Join(good, "none") }, failure.FileNotReadable},
		{"an empty token", good, func(o *Options) { write("empty", " \n")(good); o.TokenFile = filepath.Join(good, "empty") }, failure.FileNotReadable},
		{"two words", good, func(o *Options) { write("two", "a b")(good); o.TokenFile = filepath.Join(good, "two") }, failure.FileNotReadable},
		{"no encryption", good, func(o *Options) { o.GraphURL = "http://graph.example.com/v1.0" }, failure.InvalidUsage},
		{"another scheme", good, func(o *Options) { o.GraphURL = "ftp://localhost/v1.0" }, failure.InvalidUsage},
	} {
		o := options(t, g, p)
		if one.change != nil {
			one.change(&o)
		}
		if _, err := Send(t.Context(), one.dir, o, nil); !failure.IsID(err, one.id) {
			t.Errorf("%s: %v", one.name, err)
		}
	}
	if g.requests != 0 {
		t.Errorf("%d requests were made", g.requests)
	}
}

func TestAMessagesFileOutsideOfTheFolderIsNotRead(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 1), options(t, g, p)
	path := filepath.Join(dir, teams.ChannelsName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "messages/00.jsonl", "../00.jsonl")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Send(t.Context(), dir, o, nil); !failure.IsID(err, failure.RequestsInvalid) {
		t.Errorf("%v", err)
	}
}

func TestTwoSendersOfOneFolder(t *testing.T) {
	g, p := newGraph(t), &pauses{}
	dir, o := requests(t, 30), options(t, g, p)
	var second error
	var once sync.Once
	g.fault = func(int, *http.Request) int {
		once.Do(func() { _, second = Send(t.Context(), dir, o, nil) })
		return 0
	}
	if _, err := Send(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	if !failure.IsID(second, failure.OutputExists) {
		t.Errorf("the second sender gives %v", second)
	}
	check(t, g, 30)
}
