package demo_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"csbackup/internal/demo"
)

// The demo is the whole product with real files and real processes; it fails where a comparison does.
func TestDemo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the demo's processes are stopped by signals, which Windows does not have")
	}
	executable := filepath.Join(t.TempDir(), "csbackup")
	build := exec.Command("go", "build", "-o", executable, "csbackup/cmd/csbackup")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir, err := os.MkdirTemp("", "demo") // short: a Unix socket's path may have about 100 characters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var out strings.Builder
	if err := demo.Run(t.Context(), demo.Options{Dir: dir, Executable: executable, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if strings.Count(out.String(), "both trees are equal: 991 names") != 2 {
		t.Errorf("the demo compared something else:\n%s", out.String())
	}
	for _, text := range []string{"both databases are equal: 4024 rows", "nothing to do: everything in the archive is in the database already", "早上好", "whole: every sum"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the demo does not say %q:\n%s", text, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x00\x1b\u202e") {
		t.Error("control characters of messages reached the terminal")
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(path, filepath.Join("DataConf", "Temp")) {
			t.Errorf("a temporary file was left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
