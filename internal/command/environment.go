package command

import (
	"context"
	"io"
	"log/slog"

	"csbackup/internal/report"
)

// Environment is what a command finds around it.
type Environment struct {
	Sink   report.Sink
	Stdin  io.Reader
	Stdout io.Writer // for bytes that are the result itself, such as an archive
	Log    *slog.Logger
	Lookup func(name string) string // reads an environment variable; "" when it is not set
	// Topology is the path given with --topology; when empty, CSBACKUP_TOPOLOGY is used.
	Topology string
	LogFile  string // the path given with --log-file
	// Word puts the advice in a status into the caller's words, where that is not a person at a shell.
	Word func(advice string) string
	// StdoutIsTerminal and StderrIsTerminal tell whether a person sits there.
	StdoutIsTerminal, StderrIsTerminal bool
}

// word gives an advice as the caller is to read it.
func (e *Environment) word(advice string) string {
	if e.Word == nil {
		return advice
	}
	return e.Word(advice)
}

// Command is one command with its options filled in.
type Command interface {
	Run(ctx context.Context, env *Environment) error
}
