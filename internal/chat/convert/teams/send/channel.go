package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"csbackup/internal/chat/convert/teams"
)

// channels sends channels side by side.
func (s *sender) channels(ctx context.Context, team string, all []teams.Channel) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, failed := make(chan teams.Channel), make(chan error, s.options.Parallel)
	var workers sync.WaitGroup
	for range s.options.Parallel {
		workers.Go(func() {
			for channel := range work {
				if err := s.channel(ctx, team, channel); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for _, channel := range all {
		select {
		case work <- channel:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	workers.Wait()
	close(failed)
	first := ctx.Err()
	for err := range failed {
		if first == nil || isContext(first) {
			first = err
		}
	}
	return first
}

// channel sends everything of one channel.
func (s *sender) channel(ctx context.Context, team string, channel teams.Channel) error {
	key := channelKey(channel)
	state := s.journal.state(key)
	if state.steps[stepDone] {
		s.count(func(r *Result) { r.Channels++ })
		s.skip(state.messages)
		return nil
	}
	id, err := s.createChannel(ctx, team, channel)
	if err != nil {
		return err
	}
	if channel.Private {
		if err := s.start(ctx, key, channelPath(team, id), channel); err != nil {
			return err
		}
	}
	if !state.steps[stepCompleted] {
		if err := s.messages(ctx, key, channelPath(team, id)+"/messages", channel); err != nil {
			return err
		}
	}
	if err := s.complete(key, func(again bool) error {
		_, _, err := s.client.do(ctx, demand{method: "POST", path: channelPath(team, id) + "/completeMigration", unknown: again, repeatable: true, awaited: true})
		return err
	}); err != nil {
		return err
	}
	if err := s.members(ctx, key, channelPath(team, id)+"/members", channel.Members); err != nil {
		return err
	}
	if err := s.journal.note(entry{Key: key, Step: stepDone}); err != nil {
		return err
	}
	s.count(func(r *Result) { r.Channels++ })
	return nil
}

func channelKey(channel teams.Channel) string { return "channel " + channel.Key }

// start puts a private channel into migration mode.
func (s *sender) start(ctx context.Context, key, path string, channel teams.Channel) error {
	steps := s.journal.state(key).steps
	if steps[stepStarted] {
		return nil
	}
	body, err := json.Marshal(channel.Start)
	if err != nil {
		return err
	}
	if err := s.journal.note(entry{Key: key, Step: stepStarting}); err != nil {
		return err
	}
	_, _, err = s.client.do(ctx, demand{method: "POST", path: path + "/startMigration", body: body, unknown: steps[stepStarting], repeatable: true, awaited: true})
	if err != nil {
		return s.fatal(err)
	}
	return s.journal.note(entry{Key: key, Step: stepStarted})
}

// messages sends the messages of a channel that were not sent yet.
func (s *sender) messages(ctx context.Context, key, path string, channel teams.Channel) error {
	done := s.journal.state(key).messages
	s.skip(done)
	last := done
	err := s.folder.lines(channel.File, maxMessageLine, func(number int64, line []byte) error {
		if number <= done {
			return nil
		}
		if !json.Valid(line) {
			return errors.New("it is no JSON")
		}
		if err := s.one(ctx, key, "message", number, demand{method: "POST", path: path, body: line, conflict: true, awaited: true}); err != nil {
			return err
		}
		if last = number; number%noteEvery == 0 {
			return s.journal.note(entry{Key: key, Step: stepMessages, Count: number})
		}
		return nil
	})
	// What was sent before an error is noted, too.
	return errors.Join(err, s.journal.note(entry{Key: key, Step: stepMessages, Count: last}))
}

// one sends a request that may be rejected without ending everything.
func (s *sender) one(ctx context.Context, key, what string, number int64, d demand) error {
	_, there, err := s.client.do(ctx, d)
	if errors.Is(err, errRejected) {
		if err := s.journal.refuse(rejected{key, number, what, err.Error()}); err != nil {
			return err
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.inARow++; s.inARow >= maxRefused {
			return s.fatal(fmt.Errorf("%d requests in a row, the last: %w", s.inARow, err))
		}
		return nil
	}
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.inARow = 0
	switch {
	case what == "member":
		s.result.Members++
	case there:
		s.result.AlreadyThere++
		s.state.Done++
	default:
		s.result.Messages++
		s.state.Done++
	}
	s.state.Status = key
	s.show()
	return nil
}

// members adds the members that were not added yet.
func (s *sender) members(ctx context.Context, key, path string, members []teams.Member) error {
	done := s.journal.state(key).members
	for i, member := range members {
		number := int64(i) + 1
		if number <= done {
			continue
		}
		body, err := s.body(member)
		if err != nil {
			return err
		}
		if err := s.one(ctx, key, "member", number, demand{method: "POST", path: path, body: body, conflict: true}); err != nil {
			return err
		}
		if number%noteEvery == 0 || i == len(members)-1 {
			if err := s.journal.note(entry{Key: key, Step: stepMembers, Count: number}); err != nil {
				return err
			}
		}
	}
	return nil
}
