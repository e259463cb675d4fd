package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"csbackup/internal/chat/database"
	"csbackup/internal/failure"
	"csbackup/scripts/chatdata"
)

// settings are what the flags say.
type settings struct {
	log        string
	instance   string
	name       string
	trust      bool
	server     int // process
	times      int
	memoryRows int64
	folder     string // of temporary files
	child      string // "export" or "import": what this process measures for its parent
}

func main() {
	var s settings
	flag.StringVar(&s.log, "log", "", "the file of messages, perhaps compressed with gzip")
	flag.StringVar(&s.instance, "db-instance", "", "a lab SQL Server, in whose database nothing may be")
	flag.StringVar(&s.name, "db-name", "", "the database on it; mgc unless given")
	flag.BoolVar(&s.trust, "trust-server-certificate", false, "take any certificate of the server")
	flag.IntVar(&s.server, "server-process", 0, "the number of that server's process, where it runs on this machine")
	flag.IntVar(&s.times, "times", 3, "how often each kind of work is done")
	flag.Int64Var(&s.memoryRows, "memory-rows", 0, "measure memory with so many rows")
	flag.StringVar(&s.folder, "folder", "", "where temporary files go")
	flag.StringVar(&s.child, "child", "", "used by the program itself")
	flag.Parse()
	if s.log == "" || s.times < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(failure.ExitUsage)
	}
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if hint := failure.Of(err).Hint; hint != "" {
			fmt.Fprintln(os.Stderr, hint)
		}
		os.Exit(failure.ExitCode(err))
	}
}

func run(ctx context.Context, s settings) error {
	data, err := chatdata.Read(s.log)
	if err != nil {
		return err
	}
	if s.child != "" {
		return measureHere(ctx, data, s)
	}
	folder, err := os.MkdirTemp(s.folder, "bench-chat-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := &bench{ctx: ctx, data: data, log: s.log, times: s.times, folder: folder}
	fmt.Printf("%s; best of %d\n\n%-58s %14s %14s %7s %7s\n", data.Describe(1), s.times, "work", "it", "compared with", "ratio", "in CPU")
	if err := b.embedded(); err != nil {
		return err
	}
	if err := b.archive(); err != nil {
		return err
	}
	if s.instance != "" {
		instance, err := database.ParseInstance(s.instance, s.name, os.Getenv, database.Options{TrustServerCertificate: s.trust})
		if err != nil {
			return err
		}
		b.server = s.server
		if err := b.protocol(instance); err != nil {
			return err
		}
	}
	if s.memoryRows > 0 {
		return b.memory(s)
	}
	return nil
}
