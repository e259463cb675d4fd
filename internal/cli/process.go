package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Process carries out the command line of this process and returns the exit code. The first signal that asks for the
// end cancels the work in an orderly way; the second ends the process at once.
func Process() int {
	ctx, stop := signals()
	defer stop()
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}

// signals gives the context that the first signal ends.
func signals() (context.Context, func()) {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants the work to go on without a terminal
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	context.AfterFunc(ctx, stop)
	// A reader that is gone shows as an error of writing then, and the work ends in order.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx, stop
}
