package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var moduleVersion = regexp.MustCompile(`(?m)^\s*ModuleVersion\s*=\s*'(\d+\.\d+\.\d+)'`)

// manifestVersion gives the version of CsBackup's manifest.
func manifestVersion(root string) (string, error) {
	name := filepath.Join(root, "psmodule", "CsBackup", "CsBackup.psd1")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("run it in the project's folder: %w", err)
	}
	found := moduleVersion.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s has no ModuleVersion of three numbers", name)
	}
	return string(found[1]), nil
}

// copyModules copies the modules' files and the license. What a trial has put beside them, such as
// an executable, stays out.
func copyModules(root, out string) error {
	for _, module := range []string{"CsBackup", "SkypeForBusiness", "Lync"} {
		from := filepath.Join(root, "psmodule", module)
		err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			below, err := filepath.Rel(from, name)
			if err != nil {
				return err
			}
			if entry.IsDir() {
				if below == "bin" {
					return filepath.SkipDir
				}
				return nil
			}
			if !slices.Contains([]string{".ps1", ".psm1", ".psd1", ".ps1xml", ".txt"}, filepath.Ext(name)) {
				return fmt.Errorf("%s is no file of a module: take it away", name)
			}
			return copyFile(name, filepath.Join(out, module, below))
		})
		if err != nil {
			return err
		}
	}
	return copyFile(filepath.Join(root, "LICENSE"), filepath.Join(out, "CsBackup", "LICENSE"))
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// build compiles the executable for a platform into the folder where the module looks for it.
func build(root, out, platform, version string) error {
	system, processor, known := strings.Cut(platform, "-")
	if !known || !slices.Contains(platforms, platform) {
		return fmt.Errorf("%q is no platform: use some of %s", platform, strings.Join(platforms, ","))
	}
	name := "csbackup"
	if system == "windows" {
		name += ".exe"
	}
	to, err := filepath.Abs(filepath.Join(out, "CsBackup", "bin", platform, name))
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X csbackup/internal/command.release="+version, "-o", to, "./cmd/csbackup")
	cmd.Dir = root
	// What a machine has set for its own builds must not change this one.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the executable for %s cannot be built: %w\n%s", platform, err, output)
	}
	return os.Chmod(to, 0o755)
}
