package send

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"csbackup/internal/chat/convert"
	"csbackup/internal/failure"
)

// Names of the files that the package owns in a folder.
const (
	SentName    = "csbackup-sent.jsonl"
	RefusedName = "csbackup-refused.jsonl"
)

// entry is a line of the journal. The first one names the folder and the address; each further one says what became of
// a team or a channel.
type entry struct {
	Requests string `json:"requests,omitempty"` // the folder's id
	Graph    string `json:"graph,omitempty"`

	Key   string `json:"key,omitempty"`   // of a team or channel
	Step  string `json:"step,omitempty"`  // one that begins ("creating") or is done ("created")
	ID    string `json:"id,omitempty"`    // that Graph gave
	Count int64  `json:"count,omitempty"` // of messages or members that are done
}

// progress is what the journal says of a team or channel.
type progress struct {
	steps    map[string]bool
	id       string
	messages int64
	members  int64
}

// journal remembers what was done.
type journal struct {
	mutex   sync.Mutex
	file    *os.File
	path    string
	known   map[string]*progress
	refused *os.File
	Refused int64 // in all runs
}

// openJournal reads the journal of a folder, or begins one.
func openJournal(root *os.Root, path string, head entry) (*journal, error) {
	j := &journal{path: path, known: map[string]*progress{}}
	var err error
	if j.file, err = root.OpenFile(SentName, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, j.failed(err)
	}
	free, err := convert.Hold(j.file)
	if err == nil && !free {
		err = failure.New(failure.OutputExists, path, "The requests of "+path+" are being sent by another process", "Wait until it has ended.")
	}
	if err == nil {
		err = j.read(head)
	}
	if err == nil {
		j.refused, err = root.OpenFile(RefusedName, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	}
	if err == nil {
		err = j.countRefused()
	}
	if err != nil {
		return nil, errors.Join(j.failed(err), j.file.Close())
	}
	return j, nil
}

func (j *journal) failed(err error) error {
	var known *failure.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return failure.Wrap(failure.FileNotWritable, j.path, "What was sent cannot be noted in the folder", "Check the rights on the folder and the disk, and run the same command again: it goes on.", err)
}

// read takes the entries; a last line that was cut off is written over.
func (j *journal) read(head entry) error {
	in := bufio.NewReader(j.file)
	whole, first := int64(0), true
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		var one entry
		if json.Unmarshal(line, &one) != nil {
			break
		}
		if first && one != head {
			return failure.New(failure.RequestsInvalid, j.path, "Other requests were sent from this folder, or to another address", "Send them with the same --graph-url, or convert into a new folder.")
		}
		first = false
		whole += int64(len(line))
		j.take(one)
	}
	if err := j.file.Truncate(whole); err != nil {
		return err
	}
	if _, err := j.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if first {
		return j.note(head)
	}
	return nil
}

func (j *journal) take(one entry) {
	if one.Key == "" {
		return
	}
	p := j.of(one.Key)
	p.steps[one.Step] = true
	if one.ID != "" {
		p.id = one.ID
	}
	switch one.Step {
	case stepMessages:
		p.messages = one.Count
	case stepMembers:
		p.members = one.Count
	}
}

func (j *journal) of(key string) *progress {
	p, ok := j.known[key]
	if !ok {
		p = &progress{steps: map[string]bool{}}
		j.known[key] = p
	}
	return p
}

// state gives what is known of a team or channel.
func (j *journal) state(key string) progress {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	p := *j.of(key)
	steps := map[string]bool{}
	for step := range p.steps {
		steps[step] = true
	}
	p.steps = steps
	return p
}

// note writes an entry, so that it lasts.
func (j *journal) note(one entry) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return j.failed(err)
	}
	j.take(one)
	return j.failed(j.file.Sync())
}

// rejected is a line of RefusedName.
type rejected struct {
	Key    string `json:"key"`    // of the team or channel
	Line   int64  `json:"line"`   // of the channel's file, or the place among the members, from 1
	What   string `json:"what"`   // "message" or "member"
	Reason string `json:"reason"` // Graph's
}

// refuse notes a request that Graph rejected.
func (j *journal) refuse(one rejected) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	j.Refused++
	_, err = j.refused.Write(append(line, '\n'))
	return j.failed(err)
}

func (j *journal) countRefused() error {
	in := bufio.NewReader(j.refused)
	for {
		_, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		j.Refused++
	}
}

// close ends the journal. Without any refused request that file goes.
func (j *journal) close(root *os.Root) error {
	err := errors.Join(j.file.Close(), j.refused.Close())
	if j.Refused == 0 {
		if gone := root.Remove(RefusedName); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return j.failed(err)
}
