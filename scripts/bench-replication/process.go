package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"csbackup/internal/loopback"
)

func say(format string, values ...any) { fmt.Fprintf(os.Stderr, format+"\n", values...) }

// command runs a program to its end; what it printed is in the error.
func command(ctx context.Context, program string, args ...string) error {
	_, err := commandTime(ctx, program, args...)
	return err
}

// commandTime runs a program and tells the processor time that it used.
func commandTime(ctx context.Context, program string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(printed.String())
		return 0, fmt.Errorf("%s: %w: %s", program, err, text[max(0, len(text)-2000):])
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// durably runs a program, then a sync of the file system of target, and takes the time of both.
func durably(ctx context.Context, target string, used *time.Duration, program string, args ...string) (time.Duration, error) {
	began := time.Now()
	processor, err := commandTime(ctx, program, args...)
	if err != nil {
		return 0, err
	}
	*used += processor
	if err := command(ctx, "sync", "-f", target); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// server is a program that runs in the background.
type server struct {
	*exec.Cmd
	log *os.File
}

func startServer(own string, environment []string, program string, args ...string) (*server, error) {
	log, err := os.Create(filepath.Join(own, fmt.Sprintf("%s-%d.log", filepath.Base(program), time.Now().UnixNano())))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		log.Close()
		return nil, err
	}
	return &server{cmd, log}, nil
}

// stop ends the server, kindly first.
func (s *server) stop() error {
	if s == nil {
		return nil
	}
	defer s.log.Close()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(20*time.Second, func() { _ = s.Process.Kill() })
	defer late.Stop()
	_ = s.Wait() // how a server ends that was told to is not measured
	return nil
}

// processorTime is what the server and its children have used, also those that ended.
func (s *server) processorTime() (time.Duration, error) { return processorTimeOf(s.Process.Pid) }

func processorTimeOf(process int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * time.Second / 100
	}
	// A child is listed with the thread that started it.
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", process))
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread ended
		}
		if err != nil {
			return 0, err
		}
		for _, field := range strings.Fields(string(children)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			used, err := processorTimeOf(child)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return 0, err
			}
			sum += used
		}
	}
	return sum, nil
}

// peak is the most memory that the server ever held, in bytes.
func (s *server) peak() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("process %d tells no peak of its memory", s.Process.Pid)
}

// freePorts gives ports that nobody uses.
func freePorts(n int) (ports []int, err error) {
	for len(ports) < n && err == nil {
		var port int
		port, err = loopback.FreePort()
		ports = append(ports, port)
	}
	return ports, err
}

// answers waits until a port on this machine takes connections.
func answers(ctx context.Context, port int) error {
	return until(ctx, 20*time.Second, 20*time.Millisecond, func() (bool, error) {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}

// until asks again and again until the answer is yes.
func until(ctx context.Context, patience, every time.Duration, done func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it was waited for in vain for %s", patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}
