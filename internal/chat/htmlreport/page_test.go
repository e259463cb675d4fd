package htmlreport_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"csbackup/internal/chat/htmlreport"
)

const hostile = "</td><script>alert(1)</script>\"'&<img src=http://example.test/x onerror=alert(2)>\x00\x1b[2J\u202e"

func page() htmlreport.Page {
	return htmlreport.Page{
		Title: hostile, Verdict: hostile, Facts: []htmlreport.Fact{{Name: hostile, Value: hostile}},
		Sections: []htmlreport.Section{
			{Title: hostile, Header: []string{"Room", "Messages"}, Rows: [][]string{{hostile, "1,234"}}, Numbers: 1},
			{Title: "An empty section", Header: []string{"What"}},
		},
	}
}

func TestTheReportIsOneHarmlessPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte("an older report"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := htmlreport.Write(path, page()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if !strings.HasPrefix(text, "<!DOCTYPE html>") || !strings.HasSuffix(strings.TrimSpace(text), "</html>") || strings.Contains(text, "an older report") {
		t.Errorf("the page is not whole: %.100q", text)
	}
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", "\x00", "\x1b", "\u202e", "An empty section"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if found := regexp.MustCompile(`(?i)<[^>]*(src|href)\s*=|url\(|@import`).FindString(text); found != "" {
		t.Errorf("the page reaches out: %q", found)
	}
	if got := strings.Count(text, "&lt;/td&gt;&lt;script&gt;alert(1)"); got != 7 {
		t.Errorf("the text is shown %d times", got)
	}
	if !strings.Contains(text, `<td class="number">1,234</td>`) || !strings.Contains(text, "default-src 'none'") {
		t.Error("numbers are not marked, or the page allows more than it needs")
	}
}

func TestAReportThatCannotBeWrittenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := htmlreport.Write(filepath.Join(dir, "missing", "report.html"), page()); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}
