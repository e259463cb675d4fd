package command

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatExport writes Persistent Chat data into an archive.
type ChatExport struct {
	ChatDatabase
	FileName               string
	AsBytes                bool // the archive goes to standard output
	Level                  string
	Scope                  []string
	StartDate              string
	DisableExportedNodes   bool
	Report                 string
	FileStore              string
	LeaveOutUnknownColumns bool
	Force                  bool // files that are no earlier output are replaced, too
}

// AddFlags registers the command's flags.
func (o *ChatExport) AddFlags(flags *pflag.FlagSet) {
	o.ChatDatabase.AddFlags(flags)
	flags.StringVar(&o.FileName, "file-name", "", "the archive to write, a .zip `file`; an earlier archive is replaced when the new one is complete")
	flags.BoolVar(&o.AsBytes, "as-bytes", false, "write the archive to standard output instead")
	flags.StringVar(&o.Level, "level", "", "what to export: All (the default), User, Category, RoomDirectory or Content")
	flags.StringArrayVar(&o.Scope, "scope", nil, "only this `category` with its rooms, by name or GUID; repeat it, or separate several by commas")
	flags.StringVar(&o.StartDate, "start-date", "", "only messages from this `date` on: 2018-01-31, 1/31/2018 or 2018-01-31T14:00:00Z; UTC unless it says otherwise")
	flags.BoolVar(&o.DisableExportedNodes, "disable-exported-nodes", false, "disable the exported rooms in the database once the archive is complete, which holds them as they were before")
	flags.StringVar(&o.Report, "report", "", "write a page about the export to this .html `file`; a .json file gets the result as JSON")
	flags.StringVar(&o.FileStore, "file-store", "", "take uploaded files along from this `folder`, the PersistentChat folder of the pool's file store")
	flags.BoolVar(&o.Force, "force", false, "replace a file that stands in the way even if it is no earlier archive or report")
	flags.BoolVar(&o.LeaveOutUnknownColumns, "leave-out-unknown-columns", false, "export although tables have columns that the published schema lacks, without these")
}

// GivesBytes tells whether standard output is for the archive.
func (o *ChatExport) GivesBytes() bool { return o.AsBytes }

// options checks everything that can be checked without the database.
func (o *ChatExport) options(env *Environment) (transfer.ExportOptions, error) {
	options := transfer.ExportOptions{Source: o.DBInstance, DatabaseName: o.DBName, Scope: o.Scope, FileStore: o.FileStore, LeaveOutUnknown: o.LeaveOutUnknownColumns}
	var err error
	switch {
	case o.FileName == "" && !o.AsBytes:
		err = failure.New(failure.InvalidUsage, "", "Nothing says where the archive is to go", "Give --file-name FILE, or --as-bytes for standard output.")
	case o.FileName != "" && o.AsBytes:
		err = failure.New(failure.InvalidUsage, o.FileName, "The archive goes either to a file or to standard output", "Give --file-name FILE or --as-bytes, not both.")
	case o.AsBytes && env.StdoutIsTerminal:
		err = failure.New(failure.InvalidUsage, "", "The archive would be written to the terminal", "Send standard output to a file or a program, or give --file-name FILE.")
	case o.AsBytes && o.DisableExportedNodes:
		err = failure.New(failure.InvalidUsage, "", "Rooms are disabled only once the archive is safe on a disk, which nobody knows of standard output", "Give --file-name FILE, or disable the rooms in a second run.")
	}
	if err != nil {
		return options, err
	}
	if options.Level, err = transfer.ParseLevel(o.Level); err != nil {
		return options, err
	}
	if o.StartDate != "" {
		if options.StartDate, err = transfer.ParseDate(o.StartDate); err != nil {
			return options, err
		}
	}
	if o.DisableExportedNodes && (options.Level == schema.LevelUser || options.Level == schema.LevelCategory) {
		return options, failure.New(failure.InvalidUsage, o.Level, "Exported rooms are to be disabled, and the level "+string(options.Level)+" exports none",
			"Leave --disable-exported-nodes out, or give --level All, RoomDirectory or Content.")
	}
	if err := options.Check(); err != nil {
		return options, err
	}
	return options, o.proveFiles(env, "chat export", o.Force, archiveToWrite(o.FileName), reportToWrite(o.Report))
}

// Run exports. With a file it gives an ExportResult; what could not be taken along makes it a PartlyDone, and so does
// what fails when the archive is complete.
func (o *ChatExport) Run(ctx context.Context, env *Environment) error {
	options, err := o.options(env)
	if err != nil {
		return err
	}
	db, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	begun, hash := time.Now(), sha256.New()
	result, err := o.export(ctx, env, db, options, hash)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	var later error // the first thing that failed when the archive was complete
	then := func(what string, cause error) {
		if later == nil {
			later = afterwards(o.FileName, what, cause)
		}
	}
	then("The archive is complete, but its rooms were not disabled", o.disable(ctx, env, db, &result))
	then("The archive is complete, but the database was not closed in order", db.Close())
	if o.Report != "" {
		page := func() htmlreport.Page {
			return exportPage(o, result, hex.EncodeToString(hash.Sum(nil)), begun, later)
		}
		then("The archive is complete, but the report was not written", writeReport(o.Report, page, exportResult{result}, later))
	}
	o.warn(env, result)
	if !o.AsBytes {
		then("The archive is complete, but the result could not be shown", env.Sink.Object(exportResult{result}))
	}
	if later == nil && len(result.LeftOut) > 0 {
		return failure.New(failure.PartlyDone, o.FileName, fmt.Sprintf("The archive is complete but for %d things that could not travel, the first is: %s", len(result.LeftOut), result.LeftOut[0]),
			"Read the warnings or the --report, which name them.")
	}
	return later
}

// export makes the archive. Without an error it is complete. Its bytes go into the hash where a report is to tell its sum.
func (o *ChatExport) export(ctx context.Context, env *Environment, db database.Database, options transfer.ExportOptions, hash io.Writer) (result transfer.ExportResult, err error) {
	work := func(to io.Writer) error {
		if o.Report != "" {
			to = io.MultiWriter(to, hash)
		}
		buffered := bufio.NewWriterSize(to, 256<<10)
		if result, err = transfer.Export(ctx, db, buffered, options, env.Sink.Progress); err != nil {
			return err
		}
		return buffered.Flush()
	}
	if o.AsBytes {
		out := noted{to: env.Stdout}
		if err := work(&out); err != nil {
			if out.failed != nil && !errors.Is(out.failed, context.Canceled) {
				return result, cannotGive(out.failed)
			}
			return result, err
		}
		return result, nil
	}
	return result, archive.Create(o.FileName, work)
}

// disable disables the exported rooms where that was asked for.
func (o *ChatExport) disable(ctx context.Context, env *Environment, db database.Database, result *transfer.ExportResult) (err error) {
	switch {
	case !o.DisableExportedNodes:
		return nil
	case len(result.LeftOut) > 0:
		env.Sink.Warning("No room was disabled, because the archive does not hold everything.")
		return nil
	}
	result.Disabled, err = transfer.Disable(ctx, db, result.RoomIDs)
	return err
}

// noted keeps the error of the writer, so that it can be told from one of the database.
type noted struct {
	to     io.Writer
	failed error
}

// Write hands on.
func (n *noted) Write(b []byte) (int, error) {
	written, err := n.to.Write(b)
	n.failed = errors.Join(n.failed, err)
	return written, err
}

// cannotGive is the error of standard output that takes no more of an archive.
func cannotGive(cause error) error {
	const what = "The archive could not be written to standard output in full"
	if archive.IsFull(cause) {
		return failure.Wrap(failure.DiskFull, "standard output", what, "Make room on the disk that it goes to, and export again; what came is no archive.", cause)
	}
	return failure.Wrap(failure.FileNotWritable, "standard output", what, "Look at what receives it, or give --file-name FILE; what came is no archive.", cause)
}

// warn tells what a person must know.
func (o *ChatExport) warn(env *Environment, r transfer.ExportResult) {
	for _, one := range r.Taken {
		env.Sink.Warning(one + ".")
	}
	if !r.OneMoment {
		env.Sink.Warning("The archive may mix different moments of the database: " + r.Isolation + ".")
	}
	for _, one := range firstOnes(r.LeftOut, 20) {
		env.Sink.Warning("Left out: " + one + ".")
	}
	if r.FileLinks > 0 {
		env.Sink.Warning(fmt.Sprintf("%s messages link to uploaded files that are not in the archive; csbackup chat export --file-store takes them along.", report.Number(r.FileLinks)))
	}
}

// exportResult is shown as a list and a table.
type exportResult struct{ transfer.ExportResult }

// Tables shows what an export did.
func (r exportResult) Tables() []report.Table {
	rows := [][]string{{"Database", r.Source}, {"Level", r.Level}}
	for _, one := range r.Scope {
		rows = append(rows, []string{"Category", one.Name})
	}
	if r.StartDate != nil {
		rows = append(rows, []string{"Messages from", moment(*r.StartDate)})
	}
	rows = append(rows, []string{"Read as", r.Isolation}, []string{"Rows", report.Number(r.Rows)}, []string{"Archive", report.Bytes(r.Packed) + " for " + report.Bytes(r.Unpacked)})
	if r.Files > 0 {
		rows = append(rows, []string{"Uploaded files", report.Number(r.Files) + ", " + report.Bytes(r.FileBytes)})
	}
	if r.Disabled > 0 {
		rows = append(rows, []string{"Rooms disabled", report.Number(r.Disabled)})
	}
	rows = append(rows, []string{"Took", seconds(r.Seconds)})
	counts := report.Table{Header: []string{"Table", "Rows"}}
	for _, one := range r.ExportResult.Tables {
		counts.Rows = append(counts.Rows, []string{one.Table, report.Number(one.Rows)})
	}
	return []report.Table{{Rows: rows}, counts}
}

func seconds(n float64) string {
	if n < 60 {
		return strconv.FormatFloat(n, 'f', 1, 64) + " s"
	}
	return time.Duration(n * float64(time.Second)).Round(time.Second).String()
}
