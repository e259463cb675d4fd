package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/htmlreport"
	"csbackup/internal/failure"
	"csbackup/internal/report"
)

// checkReport refuses early a report whose name does not tell in which form it is to be written.
func checkReport(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".html", ".htm", ".json":
		return nil
	}
	return failure.New(
		failure.InvalidUsage,
		path,
		"The name of the report does not tell in which form it is to be: "+filepath.Base(path),
		"Give it a name that ends in .html for a page, or in .json for the result as JSON.",
	)
}

// jsonReport is a result with the error that it ended in.
type jsonReport struct {
	Result any
	Error  *report.ErrorObject `json:",omitempty"`
}

// writeReport writes the page, or the result as JSON where the name of the report ends so. Of a run that
// failed the JSON is an object with the result and the error.
func writeReport(path string, page func() htmlreport.Page, result any, outcome error) error {
	if !strings.EqualFold(filepath.Ext(path), ".json") {
		return htmlreport.Write(path, page())
	}
	if outcome != nil {
		object := report.NewErrorObject(outcome)
		result = jsonReport{Result: result, Error: &object}
	}
	line, err := report.Line(result)
	if err != nil {
		return err
	}
	return archive.Create(path, func(to io.Writer) error {
		_, err := to.Write(line)
		return err
	})
}

// isJSONReport tells whether a file is an earlier result as JSON, by its beginning.
func isJSONReport(file io.Reader) bool {
	beginning, err := io.ReadAll(io.LimitReader(file, 64))
	return err == nil && slices.ContainsFunc([]string{"Source", "Target", "Result"}, func(first string) bool {
		return strings.HasPrefix(string(beginning), `{"`+first+`":`)
	})
}

// newReport begins a page with what every report says: when, where, by whom and with what it was made.
func newReport(what, of string, at time.Time) (htmlreport.Page, []htmlreport.Fact) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown: " + err.Error()
	}
	account := "unknown"
	if who, err := user.Current(); err == nil {
		account = who.Username
	}
	version := Current()
	program := "csbackup " + version.Version
	if version.Commit != "" {
		program += ", commit " + version.Commit[:min(12, len(version.Commit))]
	}
	page := htmlreport.Page{
		Title: fmt.Sprintf("Persistent Chat %s, %s: %s", what, at.UTC().Format("2 January 2006"), of),
	}
	return page, []htmlreport.Fact{
		{Name: "Made", Value: moment(at)},
		{Name: "Host", Value: host},
		{Name: "Account", Value: account},
		{Name: "Program", Value: program},
	}
}

// sumOf gives the SHA-256 of a file.
func sumOf(file *os.File) (string, error) {
	hash := sha256.New()
	info, err := file.Stat()
	if err == nil {
		_, err = io.Copy(hash, io.NewSectionReader(file, 0, info.Size()))
	}
	if err != nil {
		return "", failure.Wrap(
			failure.FileNotReadable,
			file.Name(),
			"The archive cannot be read",
			"Check the disk that it lies on.",
			err,
		)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// figures are the sum of an archive: what is in it at all.
func figures(rooms, people, messages int64, first, last time.Time) []htmlreport.Figure {
	list := []htmlreport.Figure{
		{Value: report.Number(rooms), Label: "Rooms"},
		{Value: report.Number(people), Label: "People and groups"},
		{Value: report.Number(messages), Label: "Messages"},
	}
	if !first.IsZero() && !last.IsZero() {
		const month = "Jan 2006"
		period := first.UTC().Format(month)
		if end := last.UTC().Format(month); end != period {
			period += " – " + end
		}
		list = append(list, htmlreport.Figure{Value: period, Label: "Period"})
	}
	return list
}

// monthChart is the chart of messages by month.
func monthChart(months []archive.Month) chart.Chart {
	counts := make([]chart.Count, len(months))
	for i, m := range months {
		counts[i] = chart.Count(m)
	}
	return chart.New(counts)
}

// roomSize is a room with its messages, for the bars of the largest.
type roomSize struct {
	category, name string
	messages       int64
}

// largestRooms are the ten rooms with the most messages.
func largestRooms(rooms []roomSize) chart.Bars {
	rooms = slices.DeleteFunc(slices.Clone(rooms), func(r roomSize) bool { return r.messages == 0 })
	slices.SortStableFunc(
		rooms,
		func(a, b roomSize) int { return int(min(1, max(-1, b.messages-a.messages))) },
	)
	var names []string
	var values []int64
	for _, r := range rooms[:min(10, len(rooms))] {
		name := r.name
		if r.category != "" {
			name = r.category + " / " + r.name
		}
		names, values = append(names, name), append(values, r.messages)
	}
	title := "The ten largest rooms"
	if len(rooms) <= 10 {
		title = "The largest rooms"
	}
	return chart.NewBars(title, names, values)
}

// listing joins parts to an enumeration of which each may hold commas.
func listing(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], "; ") + "; and " + parts[len(parts)-1]
}
