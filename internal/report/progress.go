package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress shows how far long work has come, and whatever else goes to standard error between.
type progress interface {
	show(p Progress)
	say(line string)
	pause() // makes room for output on standard output
	end()
}

// lines prints progress as plain text, for logs and pipes.
type lines struct {
	to   io.Writer
	thin thinner
}

// linesInterval is the least time between two plain lines of one activity.
const linesInterval = 2 * time.Second

func newLines(to io.Writer) *lines { return &lines{to: to, thin: newThinner(linesInterval)} }

func (l *lines) show(p Progress) {
	if l.thin.due(p) {
		l.say(describe(p))
	}
}

// say cannot report a failure of standard error: there is nowhere left to report it to.
func (l *lines) say(line string) { _, _ = fmt.Fprintln(l.to, line) }

func (l *lines) pause() {}
func (l *lines) end()   {}

// quiet prints warnings and verbose text, and no progress.
type quiet struct{ *lines }

func (quiet) show(Progress) {}

// describe gives one report of progress as a line of text.
func describe(p Progress) string {
	parts := []string{oneLine(p.Activity)}
	if p.Done > 0 || p.Total > 0 {
		parts = append(parts, count(p.Done, p.Total, p.Unit))
	}
	if p.Bytes > 0 || p.TotalBytes > 0 {
		text := Bytes(p.Bytes)
		if p.TotalBytes > 0 {
			text += " of " + Bytes(p.TotalBytes)
		}
		parts = append(parts, text)
	}
	if p.Status != "" {
		parts = append(parts, oneLine(p.Status))
	}
	if p.Completed {
		parts = append(parts, "done")
	} else if p.SecondsLeft > 0 {
		parts = append(parts, (time.Duration(p.SecondsLeft)*time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

func count(done, total int64, unit string) string {
	text := Number(done)
	if total > 0 {
		text += " of " + Number(total)
	}
	return strings.TrimSpace(text + " " + unit)
}
