package host

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"csbackup/internal/command"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// Options are what a request is carried out with.
type Options struct {
	Stdin    io.Reader
	Stdout   io.Writer
	Log      *slog.Logger
	Lookup   func(name string) string
	Topology string // from the command line; a request's own comes first
	Commands map[string]func() command.Command
	// AliveEvery is how often the caller is told that the program is at work; 0 means 5 seconds.
	AliveEvery time.Duration
}

const aliveInterval = 5 * time.Second

// byteTaker is a command that can take an archive from standard input.
type byteTaker interface {
	// TakesBytes tells whether this run wants them.
	TakesBytes() bool
}

// hello is the first line of every answer.
type hello struct {
	Schema   int    `json:"schema"`
	Type     string `json:"type"`
	Protocol int    `json:"protocol"`
	Version  string `json:"version"`
}

// Serve carries out the one request on standard input. The error is the one that the last event
// told already; it only serves for the exit code.
func Serve(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	output := &writer{to: o.Stdout, broken: cancel}
	events := report.NewEvents(output)
	line, err := report.Line(hello{report.Schema, "hello", Protocol, command.Current().Version})
	if err == nil {
		_, err = output.Write(line)
	}
	if err == nil {
		err = carryOut(ctx, cancel, o, events, output)
	}
	if closing := events.Close(worded(err)); closing != nil && err == nil {
		return failure.Wrap(failure.FileNotWritable, "", "The answer could not be written", "Keep standard output open until the last event.", closing)
	}
	return err
}

func carryOut(ctx context.Context, cancel func(), o Options, events report.Output, output *writer) error {
	reader := bufio.NewReader(o.Stdin)
	line, err := readLine(reader)
	if err != nil {
		return cancelled(ctx, err)
	}
	asked, err := parse(line, o.Commands)
	if err != nil {
		return err
	}
	topology := asked.topology
	if topology == "" {
		topology = o.Topology
	}
	taker, takes := asked.command.(byteTaker)
	stdin := watch(reader, takes && taker.TakesBytes(), cancel)
	defer sayAlive(output, cmp.Or(o.AliveEvery, aliveInterval))()
	if asked.temporary != "" {
		defer func() {
			if ctx.Err() == nil {
				return
			}
			if err := removeTemporary(asked.temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
				o.Log.Warn("the caller's temporary folder stays", "error", err)
			}
		}()
	}
	err = asked.command.Run(ctx, &command.Environment{
		Sink: events, Stdin: stdin, Stdout: &bytesWriter{to: output}, Log: o.Log, Lookup: o.Lookup, Topology: topology, Word: Word,
	})
	return cancelled(ctx, err)
}

// cancelled gives its kind to what failed only because it was cancelled.
func cancelled(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) || failure.IsID(err, failure.Cancelled) {
		return err
	}
	return failure.Of(context.Canceled)
}
