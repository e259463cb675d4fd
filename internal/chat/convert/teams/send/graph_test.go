package send

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"csbackup/internal/chat/convert/teams"
)

// graph is a server that behaves as the documentation of Microsoft Graph says.
type graph struct {
	t      *testing.T
	server *httptest.Server

	mutex    sync.Mutex
	token    string
	teams    []*graphTeam
	requests int
	polls    int
	// fault decides what goes wrong with the n-th request: a status, or one of the cuts; 0 for nothing.
	fault  func(n int, r *http.Request) int
	faults int
}

const (
	cutBefore = -1 // the connection ends before the request has its effect
	cutAfter  = -2 // the connection ends after it had its effect
)

type graphTeam struct {
	ID, DisplayName, Description string
	migrating                    bool
	members                      map[string]bool
	channels                     []*graphChannel
}

type graphChannel struct {
	ID, DisplayName, Description string
	private, migrating           bool
	created                      time.Time
	members                      map[string]bool
	times                        map[string]bool
	messages                     []teams.Message
}

func newGraph(t *testing.T) *graph {
	g := &graph{t: t, token: "secret-token"}
	g.server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.server.Close)
	return g
}

func (g *graph) serve(w http.ResponseWriter, r *http.Request) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.requests++
	body, _ := io.ReadAll(r.Body)
	fault := 0
	if g.fault != nil {
		fault = g.fault(g.requests, r)
	}
	if fault != 0 {
		g.faults++
	}
	switch {
	case fault == cutBefore:
		panic(http.ErrAbortHandler)
	case fault > 0:
		if fault == 429 || fault == 503 {
			w.Header().Set("Retry-After", "7")
		}
		problem(w, fault, "said")
		return
	case r.Header.Get("Authorization") != "Bearer "+g.token:
		problem(w, 401, "InvalidAuthenticationToken")
		return
	}
	answer := httptest.NewRecorder()
	g.route(answer, r.Method, r.URL, body)
	if fault == cutAfter {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func problem(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":"told"}}`, code)
}

func (g *graph) route(w http.ResponseWriter, method string, u *url.URL, body []byte) {
	path := strings.NewReplacer("('", "/", "')", "").Replace(strings.TrimPrefix(u.Path, "/v1.0/"))
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 1 && method == "POST":
		g.makeTeam(w, body)
	case len(parts) == 1:
		g.list(w, u, g.teams, nil)
	default:
		team := g.team(parts[1])
		if team == nil {
			problem(w, 404, "NotFound")
			return
		}
		g.inTeam(w, method, u, team, parts[2:], body)
	}
}

func (g *graph) team(id string) *graphTeam {
	for _, one := range g.teams {
		if one.ID == id {
			return one
		}
	}
	return nil
}

func (g *graph) makeTeam(w http.ResponseWriter, body []byte) {
	var asked teams.NewTeam
	created := g.decode(body, &asked, func() string { return asked.Created })
	if asked.Mode != "migration" || created.After(time.Now()) || !strings.HasPrefix(asked.Template, g.server.URL+"/v1.0/") {
		problem(w, 400, "BadRequest")
		return
	}
	team := &graphTeam{ID: fmt.Sprintf("team-id-%d", len(g.teams)+1), DisplayName: asked.DisplayName, Description: asked.Description, migrating: true, members: map[string]bool{}}
	team.channels = []*graphChannel{{ID: "19:general@thread.tacv2", DisplayName: "General", migrating: true}}
	g.teams = append(g.teams, team)
	w.Header().Set("Content-Location", "/teams('"+team.ID+"')")
	w.Header().Set("Location", "/teams('"+team.ID+"')/operations('1')")
	w.WriteHeader(202)
}

// decode reads a body and the time in it.
func (g *graph) decode(body []byte, to any, at func() string) time.Time {
	if err := json.Unmarshal(body, to); err != nil {
		g.t.Errorf("the body %s: %v", body, err)
	}
	text := at()
	if text == "" {
		return time.Time{}
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		g.t.Error(err)
	}
	return parsed
}

func (g *graph) list(w http.ResponseWriter, u *url.URL, teams []*graphTeam, channels []*graphChannel) {
	name := strings.TrimSuffix(strings.TrimPrefix(u.Query().Get("$filter"), "displayName eq '"), "'")
	name = strings.ReplaceAll(name, "''", "'")
	found := []map[string]string{}
	for _, one := range teams {
		if one.DisplayName == name {
			found = append(found, map[string]string{"id": one.ID, "displayName": one.DisplayName, "description": one.Description})
		}
	}
	for _, one := range channels {
		if one.DisplayName == name {
			found = append(found, map[string]string{"id": one.ID, "displayName": one.DisplayName})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"value": found})
}

func (g *graph) inTeam(w http.ResponseWriter, method string, u *url.URL, team *graphTeam, parts []string, body []byte) {
	switch {
	case strings.HasPrefix(parts[0], "operations"):
		g.polls++
		state := "inProgress"
		if g.polls%2 == 0 {
			state = "succeeded"
		}
		_, _ = fmt.Fprintf(w, `{"status":%q}`, state)
	case parts[0] == "completeMigration":
		done(w, &team.migrating)
	case parts[0] == "members":
		g.addMember(w, team.migrating, team.members, body)
	case parts[0] == "channels" && len(parts) == 1 && method == "POST":
		g.makeChannel(w, team, body)
	case parts[0] == "channels" && len(parts) == 1:
		g.list(w, u, nil, team.channels)
	case parts[0] == "channels" && len(parts) == 3:
		for _, channel := range team.channels {
			if channel.ID == parts[1] {
				g.inChannel(w, team, channel, parts[2], body)
				return
			}
		}
		problem(w, 404, "NotFound")
	default:
		problem(w, 404, "NotFound")
	}
}

// done ends a migration; there must be one.
func done(w http.ResponseWriter, migrating *bool) {
	if !*migrating {
		problem(w, 400, "BadRequest")
		return
	}
	*migrating = false
	w.WriteHeader(204)
}

func (g *graph) addMember(w http.ResponseWriter, migrating bool, members map[string]bool, body []byte) {
	var asked teams.Member
	g.decode(body, &asked, func() string { return "" })
	switch {
	case migrating || !strings.HasPrefix(asked.User, g.server.URL+"/v1.0/users("):
		problem(w, 400, "BadRequest")
	case members[asked.User]:
		problem(w, 409, "Conflict")
	case strings.Contains(asked.User, "gone"):
		problem(w, 404, "NotFound")
	default:
		members[asked.User] = true
		w.WriteHeader(201)
	}
}

func (g *graph) makeChannel(w http.ResponseWriter, team *graphTeam, body []byte) {
	var asked teams.NewChannel
	created := g.decode(body, &asked, func() string { return asked.Created })
	private := asked.Membership == "private"
	migration := asked.Mode == "migration"
	for _, one := range team.channels {
		if strings.EqualFold(one.DisplayName, asked.DisplayName) {
			problem(w, 400, "NameAlreadyExists")
			return
		}
	}
	if private == migration || team.migrating == private || private && len(asked.Members) == 0 || created.After(time.Now()) {
		problem(w, 400, "BadRequest")
		return
	}
	channel := &graphChannel{ID: fmt.Sprintf("19:%s-%d@thread.tacv2", team.ID, len(team.channels)), DisplayName: asked.DisplayName, private: private, migrating: migration,
		created: created, members: map[string]bool{}, times: map[string]bool{}}
	for _, one := range asked.Members {
		channel.members[one.User] = true
	}
	team.channels = append(team.channels, channel)
	w.WriteHeader(201)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": channel.ID})
}

func (g *graph) inChannel(w http.ResponseWriter, team *graphTeam, channel *graphChannel, what string, body []byte) {
	switch what {
	case "startMigration":
		var asked teams.Start
		at := g.decode(body, &asked, func() string { return asked.Created })
		if channel.migrating || !channel.private {
			problem(w, 400, "BadRequest")
			return
		}
		channel.migrating, channel.created = true, at
		w.WriteHeader(204)
	case "completeMigration":
		done(w, &channel.migrating)
	case "members":
		g.addMember(w, channel.migrating, channel.members, body)
	case "messages":
		var asked teams.Message
		at := g.decode(body, &asked, func() string { return asked.Created })
		key := at.UTC().Format("2006-01-02T15:04:05.000")
		switch {
		case channel.times[key]:
			problem(w, 409, "Conflict")
		case !channel.migrating || at.After(time.Now()) || !at.After(channel.created) || len(asked.Body.Content) > 28<<10 || asked.Body.Content == "" ||
			asked.From.User.ID == "" || asked.Body.Content == "rejected":
			problem(w, 400, "BadRequest")
		default:
			channel.times[key] = true
			channel.messages = append(channel.messages, asked)
			w.WriteHeader(201)
			_, _ = io.WriteString(w, `{"id":"1"}`)
		}
	default:
		problem(w, 404, "NotFound")
	}
}

// random gives faults at random, no more than three in a row.
func random(seed uint64, share float64) func(int, *http.Request) int {
	r := rand.New(rand.NewPCG(seed, 1))
	row := 0
	return func(int, *http.Request) int {
		if row == 3 || r.Float64() > share {
			row = 0
			return 0
		}
		row++
		return []int{cutBefore, cutAfter, 429, 500, 502, 503, 504, 408}[r.IntN(8)]
	}
}
