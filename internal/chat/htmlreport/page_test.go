package htmlreport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/browsertest"
	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/htmlreport"
)

const hostile = "</td><script>alert(1)</script>\"'&<img src=http://example.test/x onerror=alert(2)>\x00\x1b[2J\u202e</style>--></title>"

// page is a report with a table of so many rooms.
func page(rooms int) htmlreport.Page {
	p := htmlreport.Page{
		Title: "Persistent Chat export, 2 January 2026: " + hostile, Verdict: hostile, LeftOut: hostile,
		Sum: []htmlreport.Figure{
			{Value: "33,000", Label: "Rooms"},
			{Value: hostile, Label: hostile},
			{Value: "Jan 2018 – Mar 2022", Label: "Period"},
		},
		Facts: []htmlreport.Fact{
			{Name: hostile, Value: hostile},
			{Name: "SHA-256", Value: strings.Repeat("0123456789abcdef", 4)},
		},
		Chart: chart.New(
			[]chart.Count{
				{Year: 2018, Month: time.January, Messages: 10},
				{Year: 2022, Month: time.March, Messages: 1_000_000},
			},
		),
		Largest: chart.NewBars("The largest rooms", []string{hostile, "small"}, []int64{1000, 1}),
	}
	table := htmlreport.Section{Title: "Rooms", Header: []string{"Category", hostile, "Messages"}, Numbers: 1}
	for i := range rooms {
		name := fmt.Sprintf("Room %d", i)
		if i%100 == 7 {
			name += hostile
		}
		table.Rows = append(
			table.Rows,
			[]string{
				[]string{"Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf"}[i%7],
				name,
				fmt.Sprintf("%d,%03d", i%13, i%1000),
			},
		)
	}
	p.Sections = []htmlreport.Section{
		{Title: "An empty section", Header: []string{"What"}}, table,
		{
			Title:   "What the archive holds",
			Header:  []string{"Rows of", "Rows"},
			Rows:    [][]string{{"Messages", "7"}},
			Behind:  []string{"tblChat"},
			Numbers: 1,
		},
	}
	return p
}

func write(t *testing.T, path string, rooms int) string {
	t.Helper()
	if err := htmlreport.Write(path, page(rooms)); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// quoted finds the values of attributes.
var quoted = regexp.MustCompile(`="[^"]*"`)

func TestTheReportIsOneHarmlessPage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte("an older report"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := write(t, path, 20)
	if !strings.HasPrefix(text, "<!DOCTYPE html>") ||
		!strings.HasSuffix(strings.TrimSpace(text), "</html>") ||
		strings.Contains(text, "an older report") {
		t.Errorf("the page is not whole: %.100q", text)
	}
	for _, bad := range []string{"<script>alert", "<img", "<link", "<iframe", "\x00", "\x1b", "\u202e", "An empty section"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if found := regexp.MustCompile(`(?i)<[^>]*\s(src|href|style|on\w+)\s*=|url\(|@import`).FindString(quoted.ReplaceAllString(text, `=""`)); found != "" {
		t.Errorf("the page reaches out: %q", found)
	}
	if strings.Count(text, "<script") != 1 || strings.Count(text, "<style") != 1 {
		t.Error("there is more than the one script and the one style")
	}
	for _, want := range []string{`7</td>`, "Messages <small>tblChat</small>", "default-src &#39;none&#39;", "Messages per month"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("there is more than the page: %v, %v", entries, err)
	}
}

func TestManyRowsGoOnOnFurtherPages(t *testing.T) {
	dir := t.TempDir()
	path, folder := filepath.Join(dir, "report.html"), filepath.Join(dir, "report-pages")
	if first := write(t, path, 1234); strings.Count(first, "<tr>") > 520 ||
		!strings.Contains(first, `href="report-pages/rooms-3.html"`) {
		t.Error("the first page holds all rows, or does not lead to the others")
	}
	rows := 0
	for _, name := range []string{"rooms-2.html", "rooms-3.html"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		rows += strings.Count(string(content), "<tr><td")
	}
	if rows != 734 {
		t.Errorf("the further pages hold %d rows", rows)
	}
	// A later report of fewer rooms takes away what it does not write again, and nothing else.
	foreign := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, path, 600)
	if _, err := os.Stat(filepath.Join(folder, "rooms-3.html")); err == nil {
		t.Error("an old page stays")
	}
	write(t, path, 6)
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 ||
		entries[0].Name() != "notes.txt" {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}

func TestAReportThatCannotBeWrittenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := htmlreport.Write(filepath.Join(dir, "missing", "report.html"), page(3)); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestTheReportInABrowser(t *testing.T) {
	browser := browsertest.Open(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	write(t, path, 1234)
	browser.Go(path)
	count := func() int {
		return browsertest.Eval[int](browser, `document.querySelectorAll("#rooms tbody tr").length`)
	}
	first := func() string { return browser.Text("#rooms tbody tr") }
	if count() != 500 {
		t.Errorf("%d rows are shown at first", count())
	}
	browser.Type("#rooms input", "room 1200")
	browser.Until(`document.querySelectorAll("#rooms tbody tr").length === 1`)
	if text := first(); !strings.Contains(text, "Room 1200") {
		t.Errorf("found %q", text)
	}
	browser.Type("#rooms input", "ROOM delta")
	browser.Until(`document.querySelectorAll("#rooms tbody tr").length === 176`)
	browser.Click("#rooms th.number button")
	browser.Until(`document.querySelector("#rooms th.number").getAttribute("aria-sort") === "descending"`)
	if text := first(); !strings.Contains(text, "12,") {
		t.Errorf("the largest is %q", text)
	}
	browser.Go(path)
	browser.Click("#rooms nav a")
	browser.Until(
		`location.pathname.endsWith("/report-pages/rooms-2.html") && document.readyState === "complete"`,
	)
	if text := first(); !strings.Contains(text, "Room 500") {
		t.Errorf("the second page begins with %q", text)
	}
	browser.Type("#rooms input", "room 1233")
	browser.Until(`document.querySelectorAll("#rooms tbody tr").length === 1`)
	browser.Click("p.back a")
	browser.Until(`location.pathname.endsWith("/report.html")`)
	for _, size := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"report-wide", 1280, 1400, false}, {"report-dark", 1280, 1400, true}, {"report-narrow", 375, 1400, false}} {
		browser.Size(size.width, size.height, size.dark)
		if n := browser.Overflow(); n > 0 {
			t.Errorf("%s: the page is %d pixels wider than the window", size.name, n)
		}
		browser.Screenshot(size.name)
	}
	browser.Clean("file://" + filepath.ToSlash(dir))
}
