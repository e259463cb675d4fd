package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"csbackup/internal/failure"
)

// Output is a Sink that is closed once, with the command's outcome.
type Output interface {
	Sink
	// Close ends progress bars and reports the outcome: nothing or the last event for nil, the error
	// otherwise. The error that it returns is one of writing.
	Close(outcome error) error
}

// ErrorObject is a failure as scripts read it, on standard error with JSON output and as the last
// line of a stream of events.
type ErrorObject struct {
	Schema   int    `json:"schema"`
	Type     string `json:"type"`
	ID       string `json:"Id"`
	Category string
	Message  string
	Hint     string
	Target   string
}

// NewErrorObject turns an error into what is written for scripts.
func NewErrorObject(err error) ErrorObject {
	f := failure.Of(err)
	return ErrorObject{
		Schema: Schema, Type: "error", ID: string(f.ID), Category: string(failure.KindOf(f.ID).Category),
		Message: f.Error(), Hint: f.Hint, Target: f.Target,
	}
}

// writeFailure prints an error for people: one line, and the advice after it.
func writeFailure(to io.Writer, err error) error {
	f := failure.Of(err)
	text := sentence(oneLine(f.Error()))
	if f.Hint != "" {
		text += " " + oneLine(f.Hint)
	}
	_, failed := fmt.Fprintf(to, "csbackup: %s (%s)\n", text, f.ID)
	return failed
}

// oneLine makes foreign text harmless on a terminal: control characters become spaces.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), " ")
}

// sentence ends text with a full stop where it has no end of its own.
func sentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}
