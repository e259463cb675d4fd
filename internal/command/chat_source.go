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
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// openReadable opens an archive, or a database in a file named as sqlite:PATH, which is exported into a temporary file
// first, so that both are read alike. The caller calls close.
func openReadable(ctx context.Context, env *Environment, name string) (a *archive.Archive, close func() error, err error) {
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
		return nil, nil, failure.Wrap(failure.FileNotWritable, os.TempDir(), "No file can be made in the folder for temporary files", "Make room there, or name another folder in TMPDIR.", err)
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
	_, err = transfer.Export(ctx, db, out, transfer.ExportOptions{Source: name, Level: schema.LevelAll, LeaveOutUnknown: true}, env.Sink.Progress)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return failure.Wrap(failure.DiskFull, os.TempDir(), "The folder for temporary files has no room for what the database holds", "Make room there, or name another folder in TMPDIR.", err)
	}
	return nil
}

// messagesIn is how many messages an archive holds, by its manifest.
func messagesIn(a *archive.Archive) (n int64) {
	for _, m := range a.Manifest().Members {
		if strings.HasPrefix(m.Name, "messages/") {
			n += m.Rows
		}
	}
	return n
}

// counting tells a sink how many messages of an archive were read.
func counting(env *Environment, activity string, a *archive.Archive) (count func(messages int64), end func()) {
	state := report.Progress{Activity: activity, Total: messagesIn(a), Unit: "messages", SecondsLeft: -1}
	begun, told := time.Now(), time.Time{}
	const interval = 100 * time.Millisecond
	count = func(messages int64) {
		if messages%1024 != 0 || time.Since(told) < interval {
			return
		}
		told = time.Now()
		state.Done = messages
		if spent := time.Since(begun).Seconds(); spent > 1 && messages > 0 {
			state.SecondsLeft = int64(spent * float64(state.Total-messages) / float64(messages))
		}
		env.Sink.Progress(state)
	}
	return count, func() {
		state.Done, state.SecondsLeft, state.Completed = state.Total, 0, true
		env.Sink.Progress(state)
	}
}

// aboutSite says of what a site is made.
func aboutSite(name string, a *archive.Archive) site.About {
	m := a.Manifest()
	about := site.About{Title: "Persistent Chat", Source: m.Source, Archive: name, Made: time.Now(), Program: "csbackup " + Current().Version}
	var limits []string
	for _, one := range m.Scope {
		limits = append(limits, one.Name)
	}
	if len(limits) > 0 {
		about.Limits = "Only these categories: " + strings.Join(limits, ", ") + ". "
	}
	if m.StartDate != "" {
		about.Limits += "Only messages from " + m.StartDate + " on."
	}
	return about
}

// checkChat refuses an archive that has no rooms.
func checkChat(name string, a *archive.Archive) error {
	if a.Manifest().Schema == schema.Compliance {
		return failure.New(failure.InvalidUsage, name, name+" is a compliance database, which has no rooms", "Give an archive of mgc.")
	}
	return nil
}
