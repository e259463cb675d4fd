package htmlsite_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/htmlsite"
	"csbackup/internal/chat/database/databasetest"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/site"
	"csbackup/internal/chat/transfer"
)

// sample exports the sample database, with an uploaded file of room Alpha.
func sample(t *testing.T) *archive.Archive {
	t.Helper()
	dir := t.TempDir()
	db := databasetest.Open(t, filepath.Join(dir, "mgc.db"))
	if err := db.CreateSchema(t.Context(), schema.Chat); err != nil {
		t.Fatal(err)
	}
	databasetest.Sample(t, db)
	folder := filepath.Join(dir, "store", databasetest.GUID(2, 10))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, databasetest.GUID(9, 1)+".svg"), []byte("<svg onload=alert(1)>"), 0o600); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := transfer.Export(t.Context(), db, &file, transfer.ExportOptions{Source: "the sample", Level: schema.LevelAll, FileStore: filepath.Join(dir, "store")}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), "sample.zip")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// failing ends a run at its so many-th message.
type failing struct {
	*htmlsite.Format
	left int
}

var errEnough = errors.New("enough")

func (f *failing) Message(m *convert.Message) error {
	if f.left--; f.left == 0 {
		return errors.Join(errEnough, f.Format.EndRoom())
	}
	return f.Format.Message(m)
}

// run converts into a folder and tells whether an earlier run was completed.
func run(t *testing.T, a *archive.Archive, dir string, fail int) (resumed bool, err error) {
	t.Helper()
	format := &htmlsite.Format{About: site.About{Title: "Chat", Made: time.Unix(0, 0)}}
	plan, err := convert.Load(t.Context(), a, "sample.zip", format.Rules(), convert.Selection{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	to, err := convert.OpenFolder(dir, "sum", "options")
	if err != nil {
		t.Fatal(err)
	}
	plan.Resume(to.Notes())
	if err := convert.Run(t.Context(), plan, &failing{format, fail}, to, nil); err != nil {
		return to.Resumed, errors.Join(err, to.Abandon())
	}
	return to.Resumed, to.Finish()
}

// contents gives all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAnArchiveBecomesASite(t *testing.T) {
	a, dir := sample(t), filepath.Join(t.TempDir(), "site")
	if _, err := run(t, a, dir, 0); err != nil {
		t.Fatal(err)
	}
	files := contents(t, dir)
	for name, want := range map[string]string{
		"index.html": "Projects", "rooms/10/index.html": "Alpha", "people.html": "sip:bob@example.test", "search/index.js": `"Alpha"`, "search/people.js": "csbackupPiece(",
		"files/1/" + databasetest.GUID(9, 1) + ".svg.download": "<svg", "files.html": databasetest.GUID(9, 1) + ".svg",
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s does not hold %q: %.300s", name, want, files[name])
		}
	}
	messages := 0
	for name, text := range files {
		if strings.HasPrefix(name, "rooms/") {
			messages += strings.Count(text, "<article ")
		}
	}
	if messages != 60 {
		t.Errorf("the pages hold %d messages, not 60", messages)
	}
}

func TestASiteThatWasInterruptedIsCompleted(t *testing.T) {
	a, whole, cut := sample(t), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	if _, err := run(t, a, whole, 0); err != nil {
		t.Fatal(err)
	}
	want := contents(t, whole)
	for _, fail := range []int{1, 15, 33, 60} {
		if _, err := run(t, a, cut, fail); !errors.Is(err, errEnough) {
			t.Fatalf("a run that fails at message %d ends with %v", fail, err)
		}
		if resumed, err := run(t, a, cut, 0); err != nil || !resumed {
			t.Fatalf("after a failure at message %d: %v, %v", fail, resumed, err)
		}
		if got := contents(t, cut); !reflect.DeepEqual(got, want) {
			t.Errorf("after a failure at message %d the site is another one", fail)
		}
		if err := os.RemoveAll(cut); err != nil {
			t.Fatal(err)
		}
	}
}
