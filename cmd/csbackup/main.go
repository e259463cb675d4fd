package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"csbackup/internal/cli"
)

func main() { os.Exit(run()) }

// run lets the first signal cancel the work in an orderly way; the second ends the process at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}
