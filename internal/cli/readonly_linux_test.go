package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/sys/unix"
)

// nobody is an account without rights of its own.
const nobody = 65534

// asNobody lets the program run without the right to write anything, and lets it reach a folder.
func asNobody(t *testing.T, folder string) func(*exec.Cmd) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range []string{folder, filepath.Dir(exe)} { // the folders of tests are the owner's alone
		for above := leaf; above != "/" && above != os.TempDir(); above = filepath.Dir(above) {
			if err := os.Chmod(above, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := t.TempDir()
	if err := os.Chown(out, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		c.Dir = out
	}
}

// A database that may only be read is read, in whatever mode it is, and what is refused is told as what it is.
func TestAReadOnlyDatabaseIsRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: another account and a read-only mount need root")
	}
	for _, mode := range []string{"wal", "delete"} {
		for _, how := range []string{"no rights to write", "a read-only mount", "no rights at all"} {
			t.Run(mode+"/"+how, func(t *testing.T) {
				folder := t.TempDir()
				database := filepath.Join(folder, "chat.db")
				chatDatabase(t, database)
				setMode(t, database, mode)
				rights := os.FileMode(0o644)
				if how == "no rights at all" {
					rights = 0o600
				}
				if err := os.Chmod(database, rights); err != nil {
					t.Fatal(err)
				}
				before, err := os.ReadFile(database)
				if err != nil {
					t.Fatal(err)
				}
				change := asNobody(t, folder)
				if how == "a read-only mount" {
					readOnlyMount(t, folder)
				}
				export := start(t, change, "chat", "export", "--db-instance", "sqlite:"+database, "--file-name", "out.zip", "--output", "json")
				if code := export.ends(t); how == "no rights at all" {
					if code == 0 || !strings.Contains(export.stderr.String(), `"Id":"DatabaseAccessDenied"`) {
						t.Errorf("the export ends with %d, %s", code, &export.stderr)
					}
				} else if code != 0 {
					t.Errorf("the export ends with %d, %s", code, &export.stderr)
				} else if got := run(t, "chat", "import", "--db-instance", "sqlite:"+database, "--file-name", filepath.Join(export.Dir, "out.zip"), "--what-if"); got.code != 0 || !strings.Contains(got.stdout, `"NothingToDo":true`) {
					t.Errorf("its archive is not the database: %+v", got)
				}
				disable := start(t, change, "chat", "export", "--db-instance", "sqlite:"+database, "--file-name", "again.zip", "--disable-exported-nodes", "--output", "json")
				if code := disable.ends(t); code == 0 || !strings.Contains(disable.stderr.String(), `"Id":"DatabaseAccessDenied"`) && !strings.Contains(disable.stderr.String(), `"Id":"PartlyDone"`) {
					t.Errorf("a change ends with %d, %s", code, &disable.stderr)
				}
				if after, err := os.ReadFile(database); err != nil || string(after) != string(before) {
					t.Errorf("the database changed: %v", err)
				}
			})
		}
	}
}

func setMode(t *testing.T, database, mode string) {
	t.Helper()
	db, err := sqlite3.Open(database)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Exec("PRAGMA journal_mode=" + mode); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func readOnlyMount(t *testing.T, folder string) {
	t.Helper()
	if err := unix.Mount(folder, folder, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("SKIPPED: nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mount("", folder, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}
