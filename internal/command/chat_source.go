package command

import (
	"bufio"
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
)

// openReadable opens an archive, or a database in a file named as sqlite:PATH, which is exported into a
// temporary file first, so that both are read alike. The caller calls close.
func openReadable(
	ctx context.Context,
	env *Environment,
	name string,
) (a *archive.Archive, close func() error, err error) {
	if !strings.HasPrefix(name, "sqlite:") {
		a, file, err := openArchive(name)
		if err != nil {
			return nil, nil, err
		}
		return a, file.Close, nil
	}
	file, done, err := temporary("csbackup-*.zip")
	if err != nil {
		return nil, nil, err
	}
	if err := exportTo(ctx, env, name, file); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	if a, err = readArchive(file, name); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return a, done, nil
}

// temporary makes a file that only this process can see; done closes and removes it.
func temporary(pattern string) (file *os.File, done func() error, err error) {
	file, err = os.CreateTemp("", pattern) // with mode 0600
	if err != nil {
		return nil, nil, failure.Wrap(
			failure.FileNotWritable,
			os.TempDir(),
			"No file can be made in the folder for temporary files",
			"Make room there, or name another folder in TMPDIR.",
			err,
		)
	}
	name := file.Name()
	removed := runtime.GOOS != "windows" && os.Remove(name) == nil // so that nothing is left after a kill
	return file, func() error {
		err := file.Close()
		if !removed {
			err = errors.Join(err, os.Remove(name))
		}
		return err
	}, nil
}

// exportTo writes all of a database that can be read into a file.
func exportTo(ctx context.Context, env *Environment, name string, file *os.File) error {
	from := ChatDatabase{DBInstance: name}
	db, err := from.open(ctx, env)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 256<<10)
	_, err = transfer.Export(
		ctx,
		db,
		out,
		transfer.ExportOptions{Source: name, Level: schema.LevelAll, LeaveOutUnknown: true},
		env.Sink.Progress,
	)
	if err == nil {
		err = out.Flush()
	}
	if err = errors.Join(err, db.Close()); archive.IsFull(err) {
		return failure.Wrap(failure.DiskFull, os.TempDir(),
			"The folder for temporary files has no room for what the database holds",
			"Make room there, or name another folder in TMPDIR.", err)
	}
	return err
}

// loadPlan opens an archive, or a database in a file, and reads all but its messages. The caller calls close.
func loadPlan(
	ctx context.Context,
	env *Environment,
	name string,
) (plan *convert.Plan, close func() error, err error) {
	a, done, err := openReadable(ctx, env, name)
	if err != nil {
		return nil, nil, err
	}
	plan, err = convert.Load(ctx, a, name, convert.Rules{}, convert.Selection{}, env.Sink.Progress)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return plan, done, nil
}

// aboutSite says by what a site is made, and of what.
func aboutSite(limits string) site.About {
	return site.About{
		Title:   "Persistent Chat",
		Limits:  limits,
		Made:    time.Now(),
		Program: "csbackup " + Current().Version,
	}
}

// limitsOf says what of an archive is left out by the selection of a conversion.
func limitsOf(o *ChatConvert) string {
	var limits []string
	add := func(what string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			limits = append(limits, what+" "+text)
		}
	}
	add("rooms", o.Room...)
	add("categories", o.Category...)
	add("messages from", o.Since)
	add("messages before", o.Until)
	if len(limits) == 0 {
		return ""
	}
	return "Only: " + strings.Join(limits, "; ") + "."
}
