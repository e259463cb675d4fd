package cli

import (
	"context"
	"errors"
	"io"

	"csbackup/internal/command"
	"csbackup/internal/failure"

	"github.com/spf13/cobra"
)

// Run carries out one command line and returns the exit code. args excludes the program's name;
// lookup reads an environment variable and gives "" for one that is not set. When ctx ends, the
// command is cancelled in an orderly way.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, lookup func(string) string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stdin = &interruptibleReader{ctx: ctx, from: stdin}
	stdout, stderr = interruptible(ctx, stdout, cancel), interruptible(ctx, stderr, cancel)
	s := &session{stdin: stdin, stdout: stdout, stderr: stderr, lookup: lookup, table: command.Table()}
	root := newRoot(s)
	s.args = plainDashes(root, args)
	root.SetArgs(s.args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !s.started {
		err = usageError(root, err)
	}
	err = asCancellation(ctx, err)
	if s.ended {
		return failure.ExitCode(err)
	}
	if closing := s.fallbackOutput().Close(err); closing != nil && err == nil {
		err = closing
	}
	return failure.ExitCode(err)
}

// asCancellation gives the kind Cancelled to what failed only because the user stopped it.
func asCancellation(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) || failure.IsID(err, failure.Cancelled) {
		return err
	}
	return failure.Of(context.Canceled)
}

// usageError gives a kind to what the flag parser complains about.
func usageError(root *cobra.Command, err error) error {
	var known *failure.Error
	if errors.As(err, &known) {
		return err
	}
	return failure.Wrap(failure.InvalidUsage, "", "The command line cannot be understood",
		"Run \""+root.Name()+" --help\", or put --help behind the command that you mean.", err)
}
