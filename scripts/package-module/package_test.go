package main

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// twice makes the package twice and gives the folder and the archive of the first.
func twice(t *testing.T, wanted []string) (folder string, archive []byte) {
	t.Helper()
	dir := t.TempDir()
	var zips [2][]byte
	for i, name := range []string{"a", "b"} {
		if err := run(root, filepath.Join(dir, name), filepath.Join(dir, name+".zip"), wanted); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, name+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		zips[i] = content
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("two packages of the same sources differ")
	}
	return filepath.Join(dir, "a"), zips[0]
}

func TestAPackageIsWholeAndTheSameEachTime(t *testing.T) {
	folder, archive := twice(t, nil)
	checkFiles(t, folder, archive)
}

// checkFiles looks into a package's archive and its checksums.
func checkFiles(t *testing.T, folder string, archive []byte) {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(folder, sums))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(list), "\n"); lines != len(packed.File)-1 {
		t.Errorf("%d checksums for %d files", lines, len(packed.File))
	}
	for _, name := range []string{"CsBackup/CsBackup.psd1", "CsBackup/Public/Get-CsBackupServiceStatus.ps1", "CsBackup/Private/Read-CsBackupLine.ps1",
		"CsBackup/en-US/about_CsBackup.help.txt", "CsBackup/LICENSE", "SkypeForBusiness/SkypeForBusiness.psd1", "Lync/Lync.psm1"} {
		if !strings.Contains(string(list), "  "+name+"\n") {
			t.Errorf("%s is missing", name)
		}
	}
	for _, file := range packed.File {
		if executable := strings.Contains(file.Name, "/bin/"); !file.Modified.Equal(moment) || (file.Mode()&0o111 != 0) != executable {
			t.Errorf("%s has the time %v and the mode %v", file.Name, file.Modified, file.Mode())
		}
		if strings.Contains(file.Name, "test") {
			t.Errorf("%s is no part of a module", file.Name)
		}
	}
}

func TestTheExecutableInAPackageIsOfItsVersion(t *testing.T) {
	if os.Getenv("CSBACKUP_TEST_PACKAGE") == "" {
		t.Skip("building an executable as it is published takes minutes: set CSBACKUP_TEST_PACKAGE=1")
	}
	platform := runtime.GOOS + "-" + runtime.GOARCH
	if !slices.Contains(platforms, platform) {
		t.Skip("the module has no executable for " + platform)
	}
	folder, archive := twice(t, []string{platform})
	checkFiles(t, folder, archive)
	executable := filepath.Join(folder, "CsBackup", "bin", platform, "csbackup")
	if runtime.GOOS == "windows" {
		executable += ".exe"
	}
	version, err := manifestVersion(root)
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(executable, "version").Output(); err != nil || !strings.Contains(string(output), `"Version":"`+version+`"`) {
		t.Errorf("the executable says %s (%v), and the manifest %s", output, err, version)
	}
	content, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte(here)) {
		t.Error("the executable holds the path that it was built in")
	}
}

func TestAFolderWithSomethingInItIsLeftAlone(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(root, out, "", nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v", err)
	}
	if err := run(root, filepath.Join(out, "new"), "", []string{"plan9-mips"}); err == nil || !strings.Contains(err.Error(), "plan9-mips") {
		t.Errorf("got %v", err)
	}
}
