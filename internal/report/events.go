package report

import (
	"io"
	"sync"
	"time"
)

// Schema is the version of the events' envelope and of the error object.
const Schema = 1

// interval is the least time between two reports of progress of one activity.
const interval = 250 * time.Millisecond

type events struct {
	mutex sync.Mutex
	to    io.Writer
	thin  thinner
	// failed keeps the first error of writing where the Sink's methods cannot return one.
	failed error
}

// NewEvents returns an Output that writes JSON Lines with an envelope. Its last line is always
// `result` or `error`; a stream without it was cut short.
func NewEvents(to io.Writer) Output { return &events{to: to, thin: newThinner(interval)} }

type objectEvent struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
	Object any    `json:"object"`
}

type messageEvent struct {
	Schema  int    `json:"schema"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

type resultEvent struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
}

type progressEvent struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
	Progress
}

func (e *events) write(event any) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	line, err := Line(event)
	if err != nil {
		return err
	}
	if _, err = e.to.Write(line); err != nil && e.failed == nil {
		e.failed = err
	}
	return err
}

func (e *events) Object(value any) error {
	if list, ok := value.(List); ok {
		return each(list, e.Object)
	}
	return e.write(objectEvent{Schema, "object", value})
}

func (e *events) Progress(p Progress) {
	if e.thin.due(p) {
		e.keep(e.write(progressEvent{Schema, "progress", p}))
	}
}

func (e *events) Verbose(message string) { e.keep(e.write(messageEvent{Schema, "verbose", message})) }
func (e *events) Warning(message string) { e.keep(e.write(messageEvent{Schema, "warning", message})) }

func (e *events) keep(err error) {
	if err != nil && e.failed == nil {
		e.failed = err
	}
}

func (e *events) Close(outcome error) error {
	if outcome != nil {
		e.keep(e.write(NewErrorObject(outcome)))
	} else {
		e.keep(e.write(resultEvent{Schema, "result"}))
	}
	return e.failed
}
