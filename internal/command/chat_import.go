package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// ChatImport brings an archive into a Persistent Chat database.
type ChatImport struct {
	ChatDatabase
	FileName  string
	ByteInput bool // the archive comes from standard input
	Report    string
	FileStore string
	WhatIf    bool
	Replace   bool
	Force     bool // a report replaces a file that is no earlier report, too
}

// AddFlags registers the command's flags.
func (o *ChatImport) AddFlags(flags *pflag.FlagSet) {
	o.ChatDatabase.AddFlags(flags)
	flags.StringVar(&o.FileName, "file-name", "", "the archive to import, a .zip `file`")
	flags.BoolVar(&o.ByteInput, "byte-input", false, "read the archive from standard input instead")
	flags.StringVar(&o.Report, "report", "", "write a page about the import to this .html `file`; a .json file gets the result as JSON")
	flags.StringVar(&o.FileStore, "file-store", "", "put uploaded files back into this `folder`, the PersistentChat folder of the pool's file store")
	flags.BoolVar(&o.WhatIf, "what-if", false, "go through the archive and the database, say what would be done, and change nothing")
	flags.BoolVar(&o.Force, "force", false, "let the report replace a file that stands in the way even if it is no earlier report")
	flags.BoolVar(&o.Replace, "replace", false, "take away what the database holds first, so that it ends as the archive alone makes it; for a whole archive only")
}

// TakesBytes tells package host that this run reads an archive from standard input.
func (o *ChatImport) TakesBytes() bool { return o.ByteInput }

// Run imports and gives an ImportResult; with WhatIf it only tells what would be done.
func (o *ChatImport) Run(ctx context.Context, env *Environment) error {
	switch {
	case o.FileName == "" && !o.ByteInput:
		return failure.New(failure.InvalidUsage, "", "Nothing says which archive is to be imported", "Give --file-name FILE, or --byte-input for standard input.")
	case o.FileName != "" && o.ByteInput:
		return failure.New(failure.InvalidUsage, o.FileName, "The archive comes either from a file or from standard input", "Give --file-name FILE or --byte-input, not both.")
	case o.ByteInput && isTerminal(env.Stdin):
		return failure.New(failure.InvalidUsage, "", "The archive would be read from the terminal", "Send a file to standard input, or give --file-name FILE.")
	}
	if err := o.proveFiles(env, "chat import", o.Force, namedFile{what: "archive", path: o.FileName}, reportToWrite(o.Report)); err != nil {
		return err
	}
	a, file, closeArchive, err := o.archive(env)
	if err != nil {
		return err
	}
	sum := ""
	if o.Report != "" {
		if sum, err = sumOf(file); err != nil {
			return errors.Join(err, closeArchive())
		}
	}
	err = o.into(ctx, env, a, sum)
	if closing := closeArchive(); err == nil {
		return afterwards(o.DBInstance, "The import is done, but the archive's file was not closed in order", closing)
	}
	return err
}

func isTerminal(from io.Reader) bool {
	file, ok := from.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// archive opens the archive that was named, or takes it from standard input.
func (o *ChatImport) archive(env *Environment) (*archive.Archive, *os.File, func() error, error) {
	if !o.ByteInput {
		a, file, err := openArchive(o.FileName)
		if err != nil {
			return nil, nil, nil, err
		}
		return a, file, file.Close, nil
	}
	file, done, err := spool(env.Stdin)
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := readArchive(file, "standard input")
	if err != nil {
		return nil, nil, nil, errors.Join(err, done())
	}
	return a, file, done, nil
}

// spool keeps standard input in a file that only this process can see, as an archive is read from its end first.
func spool(from io.Reader) (file *os.File, done func() error, err error) {
	file, err = os.CreateTemp("", "csbackup-*.zip") // with mode 0600
	if err != nil {
		return nil, nil, failure.Wrap(failure.FileNotWritable, os.TempDir(), "Standard input cannot be kept in the folder for temporary files", "Make room there, or name another folder in TMPDIR.", err)
	}
	name := file.Name()
	removed := os.Remove(name) == nil // not possible on Windows while it is open
	done = func() error {
		err := file.Close()
		if !removed {
			err = errors.Join(err, os.Remove(name))
		}
		return err
	}
	if _, err := io.Copy(file, from); archive.IsFull(err) {
		return nil, nil, errors.Join(failure.Wrap(failure.DiskFull, os.TempDir(), "The disk with the folder for temporary files has no room for the archive", "Make room there, or name another folder in TMPDIR; nothing was changed.", err), done())
	} else if err != nil {
		return nil, nil, errors.Join(failure.Wrap(failure.FileNotReadable, "standard input", "The archive could not be taken from standard input", "Send it again; nothing was changed.", err), done())
	}
	return file, done, nil
}

// into imports; sum is the SHA-256 of the archive, where a report is to tell it.
func (o *ChatImport) into(ctx context.Context, env *Environment, a *archive.Archive, sum string) error {
	begun := time.Now()
	db, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	name := o.FileName
	if o.ByteInput {
		name = "standard input"
	}
	result, err := transfer.Import(ctx, db, a, transfer.ImportOptions{Target: o.DBInstance, Archive: name, FileStore: o.FileStore, WhatIf: o.WhatIf, Replace: o.Replace}, env.Sink.Progress)
	closing := db.Close()
	if result.Schema == "" { // it did not come to a plan
		return errors.Join(err, closing)
	}
	done := "The import is done"
	if o.WhatIf {
		done = "The plan is made"
	}
	var later error // the first thing that failed when that was done
	then := func(what string, cause error) {
		if err == nil && later == nil {
			later = afterwards(o.DBInstance, done+", but "+what, cause)
		}
	}
	then("the database was not closed in order", closing)
	if o.Report != "" {
		page := func() htmlreport.Page { return importPage(o, result, sum, begun, err) }
		then("the report was not written", writeReport(o.Report, page, importResult{result}, err))
	}
	o.warn(env, result)
	if err != nil && !o.WhatIf {
		return err
	}
	shown := env.Sink.Object(importResult{result})
	then("the result could not be shown", shown)
	switch {
	case err != nil:
		return errors.Join(err, shown)
	case later == nil && result.LeftOutCount > 0:
		return failure.New(failure.PartlyDone, name, fmt.Sprintf("%d rows or files of the archive were left out, the first is: %s", result.LeftOutCount, strings.Join(firstOnes(result.LeftOut, 1), "")),
			"Read the warnings or the --report, which name them.")
	}
	return later
}

// mostWarnings is how many clashes are told as warnings; the report names them all.
const mostWarnings = 20

// warn tells what clashes, what is missing and what is left out.
func (o *ChatImport) warn(env *Environment, r transfer.ImportResult) {
	for _, one := range firstOnes(r.Missing, mostWarnings) {
		env.Sink.Warning("Missing in the archive and in the database: " + one + ".")
	}
	for _, c := range r.Clashes[:min(len(r.Clashes), mostWarnings)] {
		env.Sink.Warning(fmt.Sprintf("%s, %s: the database has %s, the archive %s; %s.", c.Table, c.Where, c.Database, c.Archive, c.Done))
	}
	for _, one := range firstOnes(r.LeftOut, mostWarnings) {
		env.Sink.Warning("Left out: " + one + ".")
	}
	if more := max(r.ClashCount, r.MissingCount) - mostWarnings; more > 0 {
		env.Sink.Warning(fmt.Sprintf("%s more are named in a report.", report.Number(more)))
	}
}

// importResult is shown as a list and a table.
type importResult struct{ transfer.ImportResult }

// Tables shows what an import did or would do.
func (r importResult) Tables() []report.Table {
	verdict := "imported"
	switch {
	case r.MissingCount > 0 || r.Refused > 0:
		verdict = "would be refused, see the warnings"
	case r.NothingToDo && r.LeftOutCount > 0:
		verdict = "nothing to do: everything but what is left out is in the database already"
	case r.NothingToDo && r.ClashCount > 0:
		verdict = "nothing to do: where archive and database differ, the database's stays"
	case r.NothingToDo:
		verdict = "nothing to do: everything in the archive is in the database already"
	case r.WhatIf:
		verdict = "would be imported; nothing was changed"
	}
	rows := [][]string{{"Archive", r.Archive}, {"Database", r.Target}, {"Outcome", verdict}}
	if r.ClashCount > 0 {
		rows = append(rows, []string{"Clashes", report.Number(r.ClashCount)})
	}
	if r.MissingCount > 0 {
		rows = append(rows, []string{"Missing", report.Number(r.MissingCount)})
	}
	if r.Files+r.FilesSame > 0 {
		rows = append(rows, []string{"Uploaded files", report.Number(r.Files) + ", and " + report.Number(r.FilesSame) + " that are there"})
	}
	rows = append(rows, []string{"Took", seconds(r.Seconds)})
	header, counts := tableCounts(r.ImportResult)
	return []report.Table{{Rows: rows}, {Header: header, Rows: counts}}
}

// tableCounts is what an import does with each table; of removed rows it tells where there are any.
func tableCounts(r transfer.ImportResult) (header []string, rows [][]string) {
	header = []string{"Table", "In the archive", "New", "Changed", "There already", "Left out"}
	replaced := slices.ContainsFunc(r.Tables, func(t transfer.TableResult) bool { return t.Removed > 0 })
	if replaced {
		header = append(header, "Removed first")
	}
	for _, t := range r.Tables {
		row := []string{t.Table, report.Number(t.Rows), report.Number(t.Added), report.Number(t.Changed), report.Number(t.Same), report.Number(t.LeftOut)}
		if replaced {
			row = append(row, report.Number(t.Removed))
		}
		rows = append(rows, row)
	}
	return header, rows
}
