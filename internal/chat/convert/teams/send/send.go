package send

import (
	"context"
	"errors"
	"sync"
	"time"

	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// Options say how requests are sent.
type Options struct {
	GraphURL  string
	TokenFile string
	Rate      float64 // requests a second, above 0
	Parallel  int     // channels at a time, at least 1

	wait func(ctx context.Context, d time.Duration) error // for tests; nil waits
}

// Result is what was done.
type Result struct {
	Folder       string
	Teams        int64 // that are complete
	Channels     int64 // that are complete
	Messages     int64 // that this run sent
	AlreadyThere int64 // messages that Graph had from an earlier attempt
	Members      int64 // of teams and channels, that this run added
	Refused      int64 // requests that Graph rejected, in all runs; csbackup-refused.jsonl names them
	Seconds      float64
}

// Steps of a team or channel, in the journal.
const (
	stepCreating   = "creating"
	stepCreated    = "created"
	stepStarting   = "starting"
	stepStarted    = "started"
	stepMessages   = "messages"
	stepCompleting = "completing"
	stepCompleted  = "completed"
	stepMembers    = "members"
	stepDone       = "done"
)

// noteEvery is how many messages or members are sent between two notes. A message that is sent again is
// answered with 409.
const noteEvery = 100

// maxRefused is how many requests in a row may be rejected.
const maxRefused = 20

// sender is one run.
type sender struct {
	folder  *folder
	client  *client
	journal *journal
	options Options
	tell    func(report.Progress)

	mutex  sync.Mutex
	result Result
	state  report.Progress
	inARow int // rejected requests
}

// Send sends what was not sent yet.
func Send(ctx context.Context, path string, o Options, tell func(report.Progress)) (Result, error) {
	begun := time.Now()
	if o.wait == nil {
		o.wait = pause
	}
	c, err := newClient(o)
	if err != nil {
		return Result{}, err
	}
	f, err := openFolder(path)
	if err != nil {
		return Result{}, err
	}
	s := &sender{folder: f, client: c, options: o, tell: tell, result: Result{Folder: path}}
	s.state = report.Progress{Activity: "Sending", Unit: "messages", Total: f.info.Messages, SecondsLeft: -1}
	if s.journal, err = openJournal(f.root, path, entry{Requests: f.info.ID, Graph: c.base}); err != nil {
		return s.result, errors.Join(err, f.root.Close())
	}
	err = s.all(ctx)
	s.result.Refused, s.result.Seconds = s.journal.Refused, time.Since(begun).Seconds()
	return s.result, errors.Join(err, s.journal.close(f.root), f.root.Close())
}

// pause waits for a time, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (s *sender) all(ctx context.Context) error {
	for _, team := range s.folder.teams {
		if err := s.team(ctx, team); err != nil {
			return err
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Completed = true
	s.show()
	return nil
}

func (s *sender) show() {
	if s.tell != nil {
		s.tell(s.state)
	}
}

// count adds to the result.
func (s *sender) count(fn func(*Result)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	fn(&s.result)
}

// team sends everything of one team.
func (s *sender) team(ctx context.Context, team teams.Team) error {
	if s.journal.state(team.Key).steps[stepDone] {
		s.count(func(r *Result) { r.Teams++; r.Channels += int64(len(s.folder.channels[team.Key])) })
		for _, channel := range s.folder.channels[team.Key] {
			s.skip(s.journal.state(channelKey(channel)).messages)
		}
		return nil
	}
	id, err := s.create(ctx, team)
	if err != nil {
		return err
	}
	var standard, private []teams.Channel
	for _, channel := range s.folder.channels[team.Key] {
		if channel.Private {
			private = append(private, channel)
		} else {
			standard = append(standard, channel)
		}
	}
	if err := s.channels(ctx, id, standard); err != nil {
		return err
	}
	if err := s.complete(team.Key, func(again bool) error {
		if err := s.general(ctx, id); err != nil {
			return err
		}
		_, _, err := s.client.do(ctx, demand{method: "POST", path: teamPath(id) + "/completeMigration", unknown: again, repeatable: true})
		return err
	}); err != nil {
		return err
	}
	if err := s.members(ctx, team.Key, teamPath(id)+"/members", team.Members); err != nil {
		return err
	}
	if err := s.channels(ctx, id, private); err != nil {
		return err
	}
	if err := s.journal.note(entry{Key: team.Key, Step: stepDone}); err != nil {
		return err
	}
	s.count(func(r *Result) { r.Teams++ })
	return nil
}

// skip counts messages of earlier runs.
func (s *sender) skip(messages int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Done += messages
}

// complete takes something out of migration mode, once. Again tells that it may have been done.
func (s *sender) complete(key string, fn func(again bool) error) error {
	steps := s.journal.state(key).steps
	if steps[stepCompleted] {
		return nil
	}
	if err := s.journal.note(entry{Key: key, Step: stepCompleting}); err != nil {
		return err
	}
	if err := fn(steps[stepCompleting]); err != nil {
		return s.fatal(err)
	}
	return s.journal.note(entry{Key: key, Step: stepCompleted})
}

// fatal turns the rejection of a request that everything else rests on into the error that is shown.
func (s *sender) fatal(err error) error {
	if errors.Is(err, errRejected) {
		return failure.Wrap(failure.GraphRejected, s.folder.path, "Nothing goes on without a request that was rejected",
			"Read the reason, mend what it says, and run the same command again: it goes on.", err)
	}
	return err
}

// general completes the channel that every new team has.
func (s *sender) general(ctx context.Context, team string) error {
	id, err := s.findChannel(ctx, team, "General")
	if err != nil || id == "" {
		return err
	}
	_, _, err = s.client.do(ctx, demand{method: "POST", path: channelPath(team, id) + "/completeMigration", unknown: true, repeatable: true})
	if errors.Is(err, errRejected) {
		return nil // it was not in migration mode
	}
	return err
}
