package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// processorTime is what this process and the tools that it ran have used so far, on all cores.
func processorTime() time.Duration {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if err := syscall.Getrusage(who, &used); err != nil {
			return 0
		}
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return total
}

// tick is the unit of processor time under /proc.
const tick = time.Second / 100

// serverTime is what a process and its children have used so far, those that have ended too.
func serverTime(process int) (time.Duration, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var total time.Duration
	found := false
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		own := path == fmt.Sprintf("/proc/%d/stat", process)
		fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:]) // from the state on
		if len(fields) < 15 || !own && string(fields[1]) != strconv.Itoa(process) {
			continue
		}
		times := fields[11:13]
		if own {
			times, found = fields[11:15], true // with the children that have ended
		}
		for _, field := range times {
			n, err := strconv.ParseInt(string(field), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", path, err)
			}
			total += time.Duration(n) * tick
		}
	}
	if !found {
		return 0, fmt.Errorf("there is no process %d", process)
	}
	return total, nil
}
