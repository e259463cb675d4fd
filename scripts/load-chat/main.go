package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
	"csbackup/scripts/chatdata"
)

func main() {
	log := flag.String("log", "", "the file of messages, perhaps compressed with gzip")
	instance := flag.String("db-instance", "", `sqlite:PATH, server, server\instance or server,port`)
	name := flag.String("db-name", "", "the database on SQL Server; mgc unless given")
	multiple := flag.Int64("multiple", 1, "how often the messages are loaded")
	trust := flag.Bool("trust-server-certificate", false, "take any certificate of the server")
	flag.Parse()
	if *log == "" || *instance == "" || *multiple < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(failure.ExitUsage)
	}
	if err := run(context.Background(), *log, *instance, *name, *multiple, database.Options{TrustServerCertificate: *trust}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if hint := failure.Of(err).Hint; hint != "" {
			fmt.Fprintln(os.Stderr, hint)
		}
		os.Exit(failure.ExitCode(err))
	}
}

func run(ctx context.Context, log, instance, name string, multiple int64, options database.Options) error {
	parsed, err := database.ParseInstance(instance, name, os.Getenv, options)
	if err != nil {
		return err
	}
	data, err := chatdata.Read(log)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, parsed)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.CreateSchema(ctx, schema.Chat); err != nil {
		return err
	}
	begun := time.Now()
	err = data.Load(ctx, db, multiple, func(copy int64) {
		rows := data.Messages * (copy + 1)
		fmt.Fprintf(os.Stderr, "%d of %d messages, %.0f a second\n", rows, data.Messages*multiple, float64(rows)/time.Since(begun).Seconds())
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", parsed, data.Describe(multiple))
	return nil
}
