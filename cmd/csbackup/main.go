package main

import (
	"os"
	"runtime"

	"csbackup/internal/cli"
)

// init keeps main, which only waits, on the process's first thread. Linux wakes that thread for a signal to
// the process; were it waiting for a file store that does not answer, nothing would hear the signal.
func init() { runtime.LockOSThread() }

func main() {
	code := make(chan int)
	go func() { code <- cli.Process() }()
	os.Exit(<-code)
}
