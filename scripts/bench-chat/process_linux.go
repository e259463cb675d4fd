package main

import (
	"bytes"
	"fmt"
	"os"
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
	for {
		before, err := used(process)
		if err != nil {
			return 0, err
		}
		children, err := childrenTime(process)
		if err != nil {
			return 0, err
		}
		after, err := used(process)
		if err != nil || after.ended == before.ended { // else a child ended meanwhile: it may count twice or not at all
			return after.own + after.ended + children, err
		}
	}
}

// times are those of one process.
type times struct {
	parent     int
	own, ended time.Duration // ended: of its children that have ended
}

func childrenTime(process int) (total time.Duration, err error) {
	folders, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		number, err := strconv.Atoi(folder.Name())
		if err != nil {
			continue // no process
		}
		t, err := used(number)
		if err == nil && t.parent == process { // with an error it has ended meanwhile
			total += t.own
		}
	}
	return total, nil
}

func used(process int) (times, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return times{}, err
	}
	fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:]) // from the state on
	if len(fields) < 15 {
		return times{}, fmt.Errorf("the state of process %d is cut off", process)
	}
	var n [5]int
	for i, at := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.Atoi(string(fields[at])); err != nil {
			return times{}, fmt.Errorf("the state of process %d: %w", process, err)
		}
	}
	return times{n[0], time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, nil
}
