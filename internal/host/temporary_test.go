package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyACallersOwnTemporaryFolderIsTakenAway(t *testing.T) {
	digits := strings.Repeat("0a", 16)
	folder := func(name string, files ...string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if err := os.WriteFile(filepath.Join(path, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	own := folder("csbackup-"+digits, "export.zip", "import.zip")
	if err := removeTemporary(own); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(own); !os.IsNotExist(err) {
		t.Errorf("it stays: %v", err)
	}

	link := filepath.Join(t.TempDir(), "csbackup-"+digits)
	if err := os.Symlink(folder("csbackup-"+digits, "import.zip"), link); err != nil {
		t.Skip(err)
	}
	refused := []string{own, folder("csbackup-"+digits[1:], "import.zip"), folder("x", "import.zip"), link, "csbackup-" + digits}
	for _, one := range refused {
		_, before := os.Stat(filepath.Join(one, "import.zip"))
		if err := checkTemporary(one); err == nil {
			t.Errorf("%s is taken", one)
		}
		if err := removeTemporary(one); err == nil {
			t.Errorf("%s is removed", one)
		}
		if _, after := os.Stat(filepath.Join(one, "import.zip")); (before == nil) != (after == nil) {
			t.Errorf("%s was emptied", one)
		}
	}

	more := folder("csbackup-"+digits, "import.zip", "letter.txt")
	if err := removeTemporary(more); err == nil {
		t.Error("a folder with other files counts as removed")
	}
	if _, err := os.Stat(filepath.Join(more, "letter.txt")); err != nil {
		t.Error(err)
	}
}
