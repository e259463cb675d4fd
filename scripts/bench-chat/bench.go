package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/scripts/chatdata"
)

// bench is one run.
type bench struct {
	ctx    context.Context
	data   *chatdata.Data
	log    string
	times  int
	folder string
	server int     // the process of the server that is measured; 0 where it is not known
	rows   [][]any // the messages of one copy, while something bare writes them
	zip    string  // an archive of one copy
}

// took is how long a piece of work took, on the clock and in processor time of this side and of the server.
type took struct{ clock, cpu, server time.Duration }

var longest = took{1 << 62, 1 << 62, 1 << 62}

// best does a piece of work several times.
func (b *bench) best(work func() error) (took, error) {
	best := longest
	for range b.times {
		t, err := b.once(work)
		if err != nil {
			return took{}, err
		}
		best = best.orLess(t)
	}
	return best, nil
}

func (b *bench) once(work func() error) (took, error) {
	runtime.GC() // what went before is not this work's to clear away
	before, err := b.serverTime()
	if err != nil {
		return took{}, err
	}
	clock, cpu := time.Now(), processorTime()
	if err := work(); err != nil {
		return took{}, err
	}
	t := took{clock: time.Since(clock), cpu: processorTime() - cpu}
	after, err := b.serverTime()
	t.server = after - before
	return t, err
}

func (b *bench) serverTime() (time.Duration, error) {
	if b.server == 0 {
		return 0, nil
	}
	return serverTime(b.server)
}

func (t took) orLess(other took) took {
	return took{min(t.clock, other.clock), min(t.cpu, other.cpu), min(t.server, other.server)}
}

func (t took) rate(rows int64) string {
	return fmt.Sprintf("%.0f rows/s", float64(rows)/t.clock.Seconds())
}

// line prints what this program took beside what something else did; the ratio is above 1 where it is
// faster. Where the server's process is known, the processor time of both sides follows.
func (b *bench) line(work string, mine, other took) {
	cpu := ""
	if mine.cpu > 0 && other.cpu > 0 {
		cpu = fmt.Sprintf("%.2f", other.cpu.Seconds()/mine.cpu.Seconds())
	}
	rows := b.data.Messages
	fmt.Printf("%-58s %14s %14s %7.2f %7s", work, mine.rate(rows), other.rate(rows), other.clock.Seconds()/mine.clock.Seconds(), cpu)
	if b.server != 0 {
		fmt.Printf("   %s, %s", mine.each(rows), other.each(rows))
	}
	fmt.Println()
}

// each gives the processor time for a row, of this side and of the server.
func (t took) each(rows int64) string {
	return fmt.Sprintf("%.1f+%.1f us", float64(t.cpu.Microseconds())/float64(rows), float64(t.server.Microseconds())/float64(rows))
}

var readColumns = database.Query{Table: "tblChat", Columns: chatdata.MessageColumns, OrderBy: []string{"channelId", "chatId"}}

// export exports a database to nowhere.
func (b *bench) export(db database.Database) error {
	_, err := transfer.Export(b.ctx, db, io.Discard, transfer.ExportOptions{Source: "bench", Level: schema.LevelAll}, nil)
	return err
}

// importInto imports the archive into an empty database.
func (b *bench) importInto(db database.Database) error {
	file, err := os.Open(b.zip)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	opened, err := archive.Open(file, info.Size(), b.zip)
	if err != nil {
		return err
	}
	_, err = transfer.Import(b.ctx, db, opened, transfer.ImportOptions{Target: "bench", Archive: b.zip}, nil)
	return err
}

// load fills an empty database.
func (b *bench) load(db database.Database) error {
	return b.data.Load(b.ctx, db, 1, func(int64) {})
}

// keep reads the messages into memory.
func (b *bench) keep() error {
	next, err := b.data.Copy(0)
	if err != nil {
		return err
	}
	for {
		row, err := next()
		if err != nil || row == nil {
			return err
		}
		b.rows = append(b.rows, append([]any(nil), row...))
	}
}

// fresh makes an empty database in a file.
func (b *bench) fresh(name string) (database.Database, string, error) {
	path := filepath.Join(b.folder, name)
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(path + ending); err != nil {
			return nil, "", err
		}
	}
	instance, err := database.ParseInstance("sqlite:"+path, "", func(string) string { return "" }, database.Options{})
	if err != nil {
		return nil, "", err
	}
	db, err := database.Open(b.ctx, instance)
	if err != nil {
		return nil, "", err
	}
	return db, path, db.CreateSchema(b.ctx, schema.Chat)
}
