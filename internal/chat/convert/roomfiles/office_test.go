package roomfiles

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
)

// LibreOffice opens the files with as many rows as there are, and finds no formula in them: CSBACKUP_SOFFICE names it.
func TestLibreOfficeOpensTheCSV(t *testing.T) {
	a := hard()
	files := converttest.Run(t, a.Load(t, rules, convert.Selection{}), &CSV{Mark: true})
	dir := t.TempDir()
	for name, rows := range map[string]int{"rooms.csv": len(a.Rooms) + 1, "rooms/100-Alpha.csv": len(a.Rooms[0].Messages) + 1} {
		path := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(path, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		converttest.Tool(t, "CSBACKUP_SOFFICE", "that LibreOffice opens the CSV", "-env:UserInstallation=file://"+filepath.ToSlash(dir)+"/profile", "--headless",
			"--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,0,true", "--convert-to", "xlsx", "--outdir", dir, path)
		sheet := member(t, strings.TrimSuffix(path, ".csv")+".xlsx", "xl/worksheets/sheet1.xml")
		if got := strings.Count(sheet, "<row "); got != rows || strings.Contains(sheet, "<f") {
			t.Errorf("%s has %d rows, not %d; formulas: %v", name, got, rows, strings.Contains(sheet, "<f"))
		}
	}
}

// member reads a file in a ZIP file.
func member(t *testing.T, path, name string) string {
	t.Helper()
	reader, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file, err := reader.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
