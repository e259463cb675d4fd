package send

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/failure"
)

const (
	maxInfo = 1 << 20
	// maxTeamLine holds a team of Teams' own limit of members, and more.
	maxTeamLine    = 64 << 20
	maxMessageLine = 1 << 20
)

// folder is a folder of requests.
type folder struct {
	path     string
	root     *os.Root
	info     teams.Info
	teams    []teams.Team
	channels map[string][]teams.Channel // by team
}

// openFolder reads what a folder says of its teams and channels.
func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		id := failure.FileNotReadable
		if errors.Is(err, fs.ErrNotExist) {
			id = failure.FileNotFound
		}
		return nil, failure.Wrap(id, path, "The folder of requests cannot be opened", "Give the folder that \"csbackup chat convert --to teams\" wrote.", err)
	}
	f := &folder{path: path, root: root, channels: map[string][]teams.Channel{}}
	if err := f.read(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *folder) invalid(what string, cause error) error {
	return failure.Wrap(failure.RequestsInvalid, f.path, "The folder does not hold requests that can be sent: "+what, "Convert the archive again, into a new folder.", cause)
}

func (f *folder) read() error {
	file, err := f.root.Open(teams.InfoName)
	if err != nil {
		return f.invalid(teams.InfoName+" is not in it", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxInfo))
	if err := errors.Join(err, file.Close(), json.Unmarshal(text, &f.info)); err != nil {
		return f.invalid(teams.InfoName+" cannot be read", err)
	}
	if f.info.Format != teams.Kind || f.info.Version != teams.Version || f.info.ID == "" {
		return f.invalid(fmt.Sprintf("%s is not of version %d", teams.InfoName, teams.Version), nil)
	}
	if _, err := f.root.Lstat("csbackup-unfinished.jsonl"); err == nil {
		return f.invalid("the conversion was interrupted", errors.New("run the conversion again first"))
	}
	known := map[string]bool{}
	err = f.lines(teams.TeamsName, maxTeamLine, func(_ int64, line []byte) error {
		var one teams.Team
		if err := json.Unmarshal(line, &one); err != nil {
			return err
		}
		if one.Key == "" || known[one.Key] {
			return errors.New("a team has no key of its own")
		}
		known[one.Key] = true
		f.teams = append(f.teams, one)
		return nil
	})
	if err != nil {
		return err
	}
	return f.lines(teams.ChannelsName, maxTeamLine, func(_ int64, line []byte) error {
		var one teams.Channel
		if err := json.Unmarshal(line, &one); err != nil {
			return err
		}
		if one.Key == "" || known["channel "+one.Key] || !known[one.Team] || one.Private != (one.Start != nil) {
			return errors.New("a channel has no key or no team")
		}
		known["channel "+one.Key] = true
		f.channels[one.Team] = append(f.channels[one.Team], one)
		return nil
	})
}

// lines gives the lines of a file, counted from 1. The bytes are used again.
func (f *folder) lines(name string, longest int, fn func(number int64, line []byte) error) error {
	file, err := f.root.Open(name)
	if err != nil {
		return f.invalid(name+" cannot be opened", err)
	}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 64<<10), longest)
	number := int64(0)
	for scanner.Scan() {
		number++
		if err := fn(number, bytes.TrimSpace(scanner.Bytes())); err != nil {
			_ = file.Close()
			return f.asInvalid(fmt.Sprintf("%s, line %d", name, number), err)
		}
	}
	return f.asInvalid(name, errors.Join(scanner.Err(), file.Close()))
}

// asInvalid keeps errors that have a kind already.
func (f *folder) asInvalid(what string, err error) error {
	var known *failure.Error
	if err == nil || errors.As(err, &known) || isContext(err) {
		return err
	}
	return f.invalid(what, err)
}
