package report

import (
	"fmt"
	"io"

	"csbackup/internal/failure"
)

// Mode says how progress is shown.
type Mode int

// The ways to show progress.
const (
	NoProgress Mode = iota
	PlainLines
	Bars
)

// Options say how an Output for the command line behaves.
type Options struct {
	Stdout, Stderr io.Writer
	Progress       Mode
	Verbose        bool // whether verbose text is wanted
	Width          int  // columns of the terminal; 0 when unknown
}

// console is what the outputs for people and for scripts have in common: everything but results
// goes to standard error.
type console struct {
	options  Options
	progress progress
}

func newConsole(o Options) console {
	c := console{options: o}
	switch o.Progress {
	case Bars:
		c.progress = newBars(newLines(o.Stderr), o.Width)
	case PlainLines:
		c.progress = newLines(o.Stderr)
	default:
		c.progress = quiet{lines: newLines(o.Stderr)}
	}
	return c
}

func (c *console) Progress(p Progress) { c.progress.show(p) }

func (c *console) Verbose(message string) {
	if c.options.Verbose {
		c.progress.say("VERBOSE: " + oneLine(message))
	}
}

func (c *console) Warning(message string) { c.progress.say("WARNING: " + oneLine(message)) }

type jsonLines struct{ console }

// NewJSON returns an Output that writes only the result objects, one a line, and an error as one
// object on standard error.
func NewJSON(o Options) Output { return &jsonLines{newConsole(o)} }

func (j *jsonLines) Object(value any) error {
	if list, ok := value.(List); ok {
		return each(list, j.Object)
	}
	line, err := Line(value)
	if err != nil {
		return err
	}
	return write(j.options.Stdout, line)
}

func (j *jsonLines) Close(outcome error) error {
	j.progress.end()
	if outcome == nil {
		return nil
	}
	line, err := Line(NewErrorObject(outcome))
	if err != nil {
		return err
	}
	return write(j.options.Stderr, line)
}

// each gives the objects of a list one by one.
func each(list List, object func(any) error) error {
	for _, item := range list.Items() {
		if err := object(item); err != nil {
			return err
		}
	}
	return nil
}

func write(to io.Writer, text []byte) error {
	if _, err := to.Write(text); err != nil {
		return failure.Wrap(failure.FileNotWritable, "", "The result could not be written",
			"Check where the output is sent to.", err)
	}
	return nil
}

type tables struct {
	console
	shown bool
}

// NewTables returns an Output for people: tables on standard output, an error as one line on
// standard error.
func NewTables(o Options) Output { return &tables{console: newConsole(o)} }

func (t *tables) Object(value any) error {
	text, err := render(value, t.options.Width)
	if err != nil {
		return err
	}
	t.progress.pause()
	if t.shown {
		text = "\n" + text
	}
	t.shown = true
	return write(t.options.Stdout, []byte(text))
}

func (t *tables) Close(outcome error) error {
	t.progress.end()
	if outcome == nil {
		return nil
	}
	if err := writeFailure(t.options.Stderr, outcome); err != nil {
		return fmt.Errorf("write the error: %w", err)
	}
	return nil
}
