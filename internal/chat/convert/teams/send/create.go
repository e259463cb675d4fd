package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/failure"
)

func teamPath(id string) string          { return "/teams/" + url.PathEscape(id) }
func channelPath(team, id string) string { return teamPath(team) + "/channels/" + url.PathEscape(id) }

// body writes a body with the addresses of the cloud that is used.
func (s *sender) body(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(text.Bytes(), []byte(`":"`+teams.GraphURL+"/"), []byte(`":"`+s.client.base+"/")), nil
}

// create makes a team once, and gives its id when it is ready.
func (s *sender) create(ctx context.Context, team teams.Team) (string, error) {
	state := s.journal.state(team.Key)
	if state.id != "" {
		return state.id, nil
	}
	mark := fmt.Sprintf("[csbackup %s %s]", s.folder.info.ID, team.Key)
	team.Create.Description += " " + mark
	body, err := s.body(team.Create)
	if err != nil {
		return "", err
	}
	if err := s.journal.note(entry{Key: team.Key, Step: stepCreating}); err != nil {
		return "", err
	}
	id := ""
	a, there, err := s.client.do(ctx, demand{method: "POST", path: "/teams", body: body, unknown: state.steps[stepCreating],
		find: func(ctx context.Context) (bool, error) {
			id, err = s.findTeam(ctx, team.Create.DisplayName, mark)
			return id != "", err
		}})
	if err != nil {
		return "", s.fatal(err)
	}
	if !there {
		if id = idIn(a, teamID, "Content-Location", "Location"); id == "" {
			return "", s.fatal(fmt.Errorf("%w: the answer to POST /teams does not name the team", errRejected))
		}
		if err := s.ready(ctx, a.header.Get("Location")); err != nil {
			return "", err
		}
	}
	return id, s.journal.note(entry{Key: team.Key, Step: stepCreated, ID: id})
}

var (
	teamID    = regexp.MustCompile(`/teams(?:\('|/)([^'/()]+)`)
	channelID = regexp.MustCompile(`/channels(?:\('|/)([^'/()]+)`)
)

// idIn reads an id from the answer's body, or from an address in its header.
func idIn(a answer, in *regexp.Regexp, headers ...string) string {
	var said struct{ ID string }
	if json.Unmarshal(a.body, &said) == nil && said.ID != "" {
		return said.ID
	}
	for _, name := range headers {
		if found := in.FindStringSubmatch(a.header.Get(name)); found != nil {
			if id, err := url.PathUnescape(found[1]); err == nil {
				return id
			}
		}
	}
	return ""
}

// maxPolls is how often an operation is looked at.
const maxPolls = 60

// ready waits until the operation that makes a team has ended.
func (s *sender) ready(ctx context.Context, location string) error {
	path := location
	if parsed, err := url.Parse(location); err == nil && parsed.IsAbs() {
		path = parsed.EscapedPath()
		if _, after, found := strings.Cut(path, "/teams"); found {
			path = "/teams" + after
		}
	}
	if !strings.HasPrefix(path, "/teams") {
		return nil // the answer names no operation: later requests wait where they find nothing
	}
	for n := range maxPolls {
		a, _, err := s.client.do(ctx, demand{method: http.MethodGet, path: path, awaited: true})
		if err != nil {
			return s.fatal(err)
		}
		var operation struct {
			Status string
			Error  struct{ Code, Message string }
		}
		if err := json.Unmarshal(a.body, &operation); err != nil {
			return s.fatal(fmt.Errorf("%w: the state of an operation cannot be read", errRejected))
		}
		switch strings.ToLower(operation.Status) {
		case "succeeded":
			return nil
		case "failed":
			return s.fatal(fmt.Errorf("%w: the team was not made: %s: %s", errRejected, operation.Error.Code, operation.Error.Message))
		}
		if err := s.options.wait(ctx, min(time.Duration(n+1)*time.Second, 10*time.Second)); err != nil {
			return err
		}
	}
	return failure.New(failure.GraphUnreachable, location, "The team is not ready yet", "Wait a while, and run the same command again: it goes on.")
}

// listed is what a list of teams or channels has of each.
type listed struct {
	ID          string
	DisplayName string
	Description string
}

// list asks for the teams or channels with a name.
func (s *sender) list(ctx context.Context, path, name string) ([]listed, error) {
	filter := "displayName eq '" + strings.ReplaceAll(name, "'", "''") + "'"
	a, _, err := s.client.do(ctx, demand{method: http.MethodGet, path: path + "?$filter=" + url.QueryEscape(filter), awaited: true})
	if err != nil {
		return nil, s.fatal(err)
	}
	var said struct{ Value []listed }
	if err := json.Unmarshal(a.body, &said); err != nil {
		return nil, s.fatal(fmt.Errorf("%w: the list of %s cannot be read", errRejected, path))
	}
	return said.Value, nil
}

// findTeam looks for a team of ours, "" where there is none.
func (s *sender) findTeam(ctx context.Context, name, mark string) (string, error) {
	found, err := s.list(ctx, "/teams", name)
	for _, one := range found {
		if strings.Contains(one.Description, mark) {
			return one.ID, err
		}
	}
	return "", err
}

// findChannel looks for a channel of a team of ours, "" where there is none. Only we make channels in it.
func (s *sender) findChannel(ctx context.Context, team, name string) (string, error) {
	found, err := s.list(ctx, teamPath(team)+"/channels", name)
	for _, one := range found {
		if strings.EqualFold(one.DisplayName, name) {
			return one.ID, err
		}
	}
	return "", err
}

// createChannel makes a channel once, and gives its id.
func (s *sender) createChannel(ctx context.Context, team string, channel teams.Channel) (string, error) {
	key := channelKey(channel)
	state := s.journal.state(key)
	if state.id != "" {
		return state.id, nil
	}
	body, err := s.body(channel.Create)
	if err != nil {
		return "", err
	}
	if err := s.journal.note(entry{Key: key, Step: stepCreating}); err != nil {
		return "", err
	}
	id := ""
	a, there, err := s.client.do(ctx, demand{method: "POST", path: teamPath(team) + "/channels", body: body, unknown: state.steps[stepCreating], awaited: true,
		find: func(ctx context.Context) (bool, error) {
			id, err = s.findChannel(ctx, team, channel.Create.DisplayName)
			return id != "", err
		}})
	if err != nil {
		return "", s.fatal(err)
	}
	if !there {
		id = idIn(a, channelID, "Content-Location", "Location")
	}
	if id == "" {
		return "", s.fatal(errors.Join(errRejected, errors.New("the answer does not name the channel")))
	}
	return id, s.journal.note(entry{Key: key, Step: stepCreated, ID: id})
}
