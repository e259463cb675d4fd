package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/scripts/chatdata"
)

// memory measures export and import of many rows, each in a process of its own.
func (b *bench) memory(s settings) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	for _, child := range []string{"export", "import"} {
		command := exec.CommandContext(b.ctx, program, "-log", s.log, "-memory-rows", strconv.FormatInt(s.memoryRows, 10), "-folder", b.folder, "-child", child)
		command.Stderr = os.Stderr
		output, err := command.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", child, err)
		}
		fmt.Printf("%-58s %s\n", fmt.Sprintf("%s of %d rows or more: peak memory, time", child, s.memoryRows), strings.TrimSpace(string(output)))
	}
	return nil
}

// measureHere does in this process what memory asks for.
func measureHere(ctx context.Context, data *chatdata.Data, s settings) error {
	copies := (s.memoryRows + data.Messages - 1) / data.Messages
	begun := time.Now()
	path := filepath.Join(s.folder, "memory.zip")
	var err error
	if s.child == "export" {
		err = archive.Create(path, func(to io.Writer) error {
			_, err := transfer.Export(ctx, &made{data: data, copies: copies}, to, transfer.ExportOptions{Source: "bench", Level: schema.LevelAll}, nil)
			return err
		})
	} else {
		err = importMany(ctx, path)
	}
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	fmt.Printf("%d MiB, %d s\n", peak>>20, int(time.Since(begun).Seconds()))
	return nil
}

func importMany(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	opened, err := archive.Open(file, info.Size(), path)
	if err != nil {
		return err
	}
	_, err = transfer.Import(ctx, &made{}, opened, transfer.ImportOptions{Target: "bench", Archive: path}, nil)
	return err
}

// peakMemory is the most that this process has had in memory, in bytes, as Linux counts it.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not tell the peak of memory")
}
