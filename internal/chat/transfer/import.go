package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// ImportOptions say where an import goes.
type ImportOptions struct {
	Target    string // the instance as the user named it
	Archive   string // the file as the user named it
	FileStore string // where uploaded files are put back; "" leaves them in the archive
	WhatIf    bool   // only plan
	Replace   bool   // take everything away that the database holds first, so that it ends as the archive alone makes it
}

// Import brings an archive into a database: it proves the archive, plans, writes in one transaction, compares the counts and
// commits. The result is given with an error too where a plan was made; what it tells then is what would have been done.
func Import(ctx context.Context, db database.Database, a *archive.Archive, options ImportOptions, progress Progress) (result ImportResult, err error) {
	started := time.Now()
	proof, err := Verify(ctx, a, progress)
	if err != nil {
		return ImportResult{}, err
	}
	i := importer{ctx: ctx, db: db, archive: a, talk: proof.Talk, options: options, progress: progress}
	if options.WhatIf {
		result, err = i.preview()
	} else {
		result, err = i.write()
		// After a deadlock the transaction is undone, so nothing can be done twice.
		for again := 1; again < attempts && failure.IsID(err, failure.DatabaseDeadlock) && ctx.Err() == nil; again++ {
			result, err = i.write()
		}
	}
	result.Proof = proof
	result.Target, result.Archive, result.WhatIf, result.Seconds = options.Target, options.Archive, options.WhatIf, time.Since(started).Seconds()
	return result, err
}

// Verify proves an archive in full and tells how far it has come.
func Verify(ctx context.Context, a *archive.Archive, progress Progress) (archive.Summary, error) {
	state := report.Progress{Activity: "Verifying the archive", SecondsLeft: -1}
	started := time.Now()
	summary, err := a.Verify(ctx, func(done, total int64) {
		state.Bytes, state.TotalBytes = done, total
		if spent := time.Since(started).Seconds(); done > 0 && spent > 1 {
			state.SecondsLeft = int64(spent * float64(total-done) / float64(done))
		}
		if progress != nil {
			progress(state)
		}
	})
	if progress != nil && err == nil {
		state.SecondsLeft, state.Completed = 0, true
		progress(state)
	}
	return summary, err
}

// attempts is how often an import that loses deadlocks is tried.
const attempts = 3

type importer struct {
	ctx      context.Context
	db       database.Database
	archive  *archive.Archive
	talk     *archive.Talk
	options  ImportOptions
	progress Progress
}

func (i *importer) plan(source database.Source) (*plan, error) {
	m := newMeter(i.progress, "Comparing with "+i.options.Target, i.archive.Manifest().Rows)
	p, err := makePlan(i.ctx, i.archive, i.talk, source, i.options.Target, i.options.Replace, m)
	if err != nil {
		return nil, err
	}
	m.end()
	return p, nil
}

// preview plans without a write transaction.
func (i *importer) preview() (result ImportResult, err error) {
	source, err := i.db.Snapshot(i.ctx)
	if err != nil {
		return ImportResult{}, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	p, _, err := i.decide(source)
	if p == nil {
		return ImportResult{}, err
	}
	return p.result, err
}

// decide makes the one plan that a preview shows and that a write carries out. Without a plan there is an error; with
// one, too, where the plan cannot be carried out.
func (i *importer) decide(source database.Source) (*plan, *filePlan, error) {
	p, err := i.plan(source)
	if err != nil {
		return nil, nil, err
	}
	files := newFilePlan(i, p)
	if err := files.look(); err != nil {
		return p, files, err
	}
	return p, files, p.refusal(i.options.Target)
}

// write plans and carries the plan out in one transaction.
func (i *importer) write() (result ImportResult, err error) {
	writer, err := i.db.Begin(i.ctx)
	if err != nil {
		return ImportResult{}, err
	}
	defer func() {
		if undo := writer.Rollback(); undo != nil && err == nil {
			err = undo
		}
	}()
	p, files, err := i.decide(writer)
	if p == nil {
		return ImportResult{}, err
	}
	if err != nil {
		return p.result, err
	}
	if !p.result.NothingToDo {
		m := newMeter(i.progress, "Importing into "+i.options.Target, p.work())
		a := applier{plan: p, ctx: i.ctx, archive: i.archive, to: writer, target: i.options.Target, meter: m}
		if err := a.apply(); err != nil {
			return p.result, err
		}
		m.end()
	}
	if err := files.write(); err != nil {
		return p.result, err
	}
	if p.result.NothingToDo {
		return p.result, nil
	}
	err = writer.Commit()
	if failure.IsID(err, failure.DatabaseUnknown) {
		return p.result, i.find(p, err)
	}
	if err != nil {
		return p.result, undone(err, files.undo())
	}
	return p.result, nil
}

// undone adds to the error of an import what could not be taken back.
func undone(err, undo error) error {
	if undo == nil {
		return err
	}
	f := *failure.Of(err)
	f.Err = errors.Join(f.Err, undo)
	f.Hint += " Uploaded files that were put into the file store could not all be removed again; the message names them."
	return &f
}

// find looks in the database for what a commit of unknown outcome wrote: nil where all of it is there. Where it is not,
// the server may still be at work, and the outcome stays unknown; so the uploaded files stay, too, as a message must not
// link to a file that is missing.
func (i *importer) find(p *plan, unknown error) error {
	written, err := i.isWritten(p)
	if written {
		return nil
	}
	f := *failure.Of(unknown)
	f.Err = errors.Join(f.Err, err)
	if n := p.result.Files; n > 0 {
		f.Hint += fmt.Sprintf(" The %d uploaded files stay in the file store meanwhile.", n)
	}
	return &f
}

// isWritten tells whether the database is as a plan would have left it.
func (i *importer) isWritten(done *plan) (written bool, err error) {
	source, err := i.db.Snapshot(i.ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	now, err := i.plan(source)
	if err != nil {
		return false, err
	}
	if !i.options.Replace {
		return now.result.NothingToDo, nil
	}
	// Another import that replaces would now take away what this one wrote.
	added := map[string]int64{}
	for table, plan := range done.tables {
		added[table] = plan.counts.Added
	}
	for _, c := range done.counters {
		if c.isNew {
			added[c.table]++
		}
	}
	differs := false
	for table, rows := range added {
		if now.removed[table] != rows {
			return false, nil
		}
		differs = differs || done.removed[table] != rows
	}
	return differs, nil
}

// work is how many rows a plan writes.
func (p *plan) work() int64 {
	rows := int64(len(p.counters))
	for _, t := range p.result.Tables {
		rows += t.Added + t.Changed + t.Removed
	}
	return rows
}
