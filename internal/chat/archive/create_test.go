package archive_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"
)

// names lists what is in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// only fails unless the folder has this file with this content and no other.
func only(t *testing.T, path, content string) {
	t.Helper()
	if got := names(t, filepath.Dir(path)); len(got) != 1 || got[0] != filepath.Base(path) {
		t.Errorf("in the folder are %q", got)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != content {
		t.Errorf("the file has %.50q, %v; want %.50q", b, err, content)
	}
}

func text(content string) func(io.Writer) error {
	return func(to io.Writer) error {
		_, err := io.WriteString(to, content)
		return err
	}
}

func TestAFileIsReplacedOnlyByACompleteOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := archive.Create(path, text("first")); err != nil {
		t.Fatal(err)
	}
	only(t, path, "first")
	own := errors.New("the rows ended too early")
	err := archive.Create(path, func(to io.Writer) error {
		if _, err := io.WriteString(to, "half"); err != nil {
			return err
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
			t.Errorf("while the next is written the file has %q, %v", b, err)
		}
		return own
	})
	if !errors.Is(err, own) {
		t.Errorf("the error is %v", err)
	}
	only(t, path, "first")
	if err := archive.Create(path, text("second")); err != nil {
		t.Fatal(err)
	}
	only(t, path, "second")
	if info, err := os.Stat(path); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestNothingIsLeftWhereWritingPanics(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	func() {
		defer func() { _ = recover() }()
		_ = archive.Create(path, func(io.Writer) error { panic("a mistake") })
	}()
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("in the folder are %q", got)
	}
}

func TestAPlaceThatTakesNoFileIsSaidBeforeAnyRowIsRead(t *testing.T) {
	folder := t.TempDir()
	locked := filepath.Join(folder, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for path, id := range map[string]failure.ID{
		filepath.Join(folder, "missing", "a.zip"): failure.FileNotFound,
		folder: failure.FileNotWritable,
		filepath.Join(folder, strings.Repeat("x", 300)): failure.FileNotWritable,
		filepath.Join(locked, "a.zip"):                  failure.FileNotWritable,
	} {
		if path == filepath.Join(locked, "a.zip") && (runtime.GOOS == "windows" || os.Geteuid() == 0) {
			t.Log("SKIPPED: a folder without the right to write in it needs a user who is not the administrator")
			continue
		}
		err := archive.Create(path, func(io.Writer) error {
			t.Errorf("%s: rows were written", path)
			return nil
		})
		if !failure.IsID(err, id) || failure.Of(err).Hint == "" {
			t.Errorf("%s: %v, want %s with a hint", path, err, id)
		}
	}
}

// failing takes so many writes and then fails.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	f.left--
	return len(b), nil
}

// TestAWriteThatFailsAnywhereFailsTheArchive lets each write fail in turn.
func TestAWriteThatFailsAnywhereFailsTheArchive(t *testing.T) {
	c := content{
		about: archive.About{Schema: "mgc"},
		rooms: []room{{Room: archive.Room{ID: 1}, messages: []archive.Message{{ChannelID: 1, ChatID: 1, UserID: 1, Content: strings.Repeat("hello ", 200_000)}}}},
		files: []file{{room: guidA, name: "a.txt", content: "content"}},
		nodes: []archive.NodeReference{{ID: 1}}, principals: []archive.PrincipalReference{{ID: 1}},
	}
	broken := errors.New("the disk is gone")
	for n := 0; ; n++ {
		out := &failing{left: n, err: broken}
		_, err := c.write(out)
		if err == nil {
			if out.left != 0 || n < 15 {
				t.Errorf("after %d writes the archive was complete", n)
			}
			break
		}
		if !errors.Is(err, broken) {
			t.Fatalf("write %d: %v", n, err)
		}
	}
}

func TestAShortWriteFailsTheArchive(t *testing.T) {
	short := writerFunc(func(b []byte) (int, error) { return len(b) - 1, nil })
	if _, err := (content{}).write(short); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("the error is %v", err)
	}
}

type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestWhatAKilledProcessLeft runs this test's program again and kills it in the middle.
func TestWhatAKilledProcessLeftIsRemovedByTheNext(t *testing.T) {
	const variable = "CSBACKUP_TEST_CREATE"
	if path := os.Getenv(variable); path != "" {
		_ = archive.Create(path, func(to io.Writer) error {
			fmt.Println("writing")
			_, err := io.Copy(to, os.Stdin) // until it is killed
			return err
		})
		os.Exit(1)
	}
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), variable+"="+path)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("writing"))); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	// While it is being written, another export to the same name leaves its file alone.
	if err := archive.Create(path, text("between")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 2 {
		t.Errorf("while a process writes, in the folder are %q", got)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	if b, err := os.ReadFile(path); err != nil || string(b) != "between" {
		t.Errorf("after the kill the file has %.50q, %v", b, err)
	}
	stranger := filepath.Join(filepath.Dir(path), "b.zip.1.csbackup-unfinished")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := archive.Create(path, text("new")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(stranger); err != nil {
		t.Errorf("the unfinished file of another archive is gone: %v", err)
	}
	only(t, path, "new")
}
