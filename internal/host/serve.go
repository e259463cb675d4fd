package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"

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
	output := &writer{to: o.Stdout}
	events := report.NewEvents(output)
	line, err := report.Line(hello{report.Schema, "hello", Protocol, command.Current().Version})
	if err == nil {
		_, err = output.Write(line)
	}
	if err == nil {
		err = carryOut(ctx, o, events, output)
	}
	if closing := events.Close(err); closing != nil && err == nil {
		return failure.Wrap(failure.FileNotWritable, "", "The answer could not be written", "Keep standard output open until the last event.", closing)
	}
	return err
}

func carryOut(ctx context.Context, o Options, events report.Output, output *writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader := bufio.NewReader(o.Stdin)
	line, err := readLine(reader)
	if err != nil {
		return err
	}
	asked, err := parse(line, o.Commands)
	if err != nil {
		return err
	}
	topology := asked.topology
	if topology == "" {
		topology = o.Topology
	}
	stdin := watch(reader, cancel)
	err = asked.command.Run(ctx, &command.Environment{
		Sink: events, Stdin: stdin, Stdout: &bytesWriter{to: output}, Log: o.Log, Lookup: o.Lookup, Topology: topology,
	})
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return failure.Of(context.Canceled)
	}
	return err
}
