package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"csbackup/internal/cli"
)

// init keeps main, which only waits, on the process's first thread. Linux wakes that thread for a signal to
// the process; were it waiting for a file store that does not answer, nothing would hear the signal.
func init() { runtime.LockOSThread() }

func main() {
	code := make(chan int)
	go func() { code <- run() }()
	os.Exit(<-code)
}

// run lets the first signal cancel the work in an orderly way; the second ends the process at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}
