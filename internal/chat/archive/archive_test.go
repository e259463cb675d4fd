package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

const (
	guidA = "0a000000-0000-0000-0000-00000000000a"
	guidB = "0b000000-0000-0000-0000-00000000000b"
	guidC = "0c000000-0000-0000-0000-00000000000c"
)

// sample is a small archive with members of every kind.
func sample(t *testing.T, to io.Writer) archive.Manifest {
	t.Helper()
	w := archive.NewWriter(to, archive.About{Source: "sqlite:a.db", Database: "mgc", Schema: schema.Chat, Level: "Content"})
	steps := []error{
		w.Room(archive.Room{ID: 7, GUID: guidA, Name: "Ärger \U0001F600", Known: true}),
		w.Message(archive.Message{ChannelID: 7, ChatID: 1, ChatDate: 635_000_000_000_000_001, UserID: 3, Content: "hello", RTF: `{\rtf1 hello}`, HasRTF: true}),
		w.Message(archive.Message{ChannelID: 7, ChatID: 5, ChatDate: 635_000_000_000_000_002, UserID: 3, Content: "a\x00\t\xed\xa0\x80b", Alert: true}),
		w.Room(archive.Room{ID: 9}),
		w.Message(archive.Message{ChannelID: 9, ChatID: 1, ChatDate: -1, UserID: 4, Content: "", HasRTF: true}),
		w.Table("tblPreference"),
		w.Row([]any{"label", int64(1), nil, int64(3)}),
		w.Row([]any{"label", int64(2), strings.Repeat("x\U0001F600", 400_000), int64(4)}),
		w.File(guidA, "Plan für 2018.docx", time.Date(2018, 1, 2, 3, 4, 5, 600, time.UTC), strings.NewReader(strings.Repeat("content ", 300_000))),
		w.File(guidA, "b.txt", time.Date(2018, 1, 2, 3, 4, 5, 0, time.UTC), strings.NewReader("")),
		w.Node(archive.NodeReference{ID: 7, Known: true, GUID: guidA, Name: "room", Parent: 1, HasParent: true}),
		w.Node(archive.NodeReference{ID: 9}),
		w.Principal(archive.PrincipalReference{ID: 3, Known: true, GUID: guidB, URI: "sip:a@contoso.com"}),
		w.Principal(archive.PrincipalReference{ID: 4, Known: true, GUID: guidC, URI: "sip:b@contoso.com"}),
	}
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	var b bytes.Buffer
	wrote := sample(t, &b)
	a, err := archive.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Manifest(), wrote) {
		t.Errorf("the manifest is\n%+v, want\n%+v", a.Manifest(), wrote)
	}
	var done, total int64
	s, err := a.Verify(context.Background(), func(d, all int64) { done, total = d, all })
	if err != nil {
		t.Fatal(err)
	}
	if s.Messages != 3 || s.ChatRooms != 2 || s.Alerts != 1 || s.WithRTF != 2 || s.Files != 2 || done != total || total != s.Size {
		t.Errorf("the summary is %+v, progress ended at %d of %d", s, done, total)
	}
	text := listing(read(t, a))
	for _, want := range []string{`hello`, `message 5:`, `a\x00`, `Plan f\u00fcr 2018.docx`, `sip:b@contoso.com`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%.2000s", want, text)
		}
	}
}

func TestOtherProgramsOpenIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.zip")
	err := archive.Create(name, func(to io.Writer) error {
		sample(t, to)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	for _, command := range [][]string{{"unzip", "-t", name}, {"python3", "-m", "zipfile", "-t", name}} {
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("SKIPPED: there is no %s here to open the archive with", command[0])
			continue
		}
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}
