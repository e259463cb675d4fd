package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// platforms are those that the module looks for beside itself.
var platforms = []string{"linux-amd64", "linux-arm64", "windows-amd64"}

func main() {
	out := flag.String("out", "dist/modules", "the `folder` to make; it must not be there yet, or be empty")
	archive := flag.String("zip", "", "also write the folder's content into this .zip `file`")
	only := flag.String("platforms", strings.Join(platforms, ","), "the `platforms` to build for")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(".", *out, *archive, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "package-module:", err)
		os.Exit(1)
	}
}

// run makes the package out of the sources in the folder root.
func run(root, out, archive string, wanted []string) error {
	version, err := manifestVersion(root)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: remove it, or name another folder with --out", out)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := copyModules(root, out); err != nil {
		return err
	}
	for _, platform := range wanted {
		if err := build(root, out, platform, version); err != nil {
			return err
		}
	}
	files, err := settle(out)
	if err != nil {
		return err
	}
	if archive != "" {
		if err := writeZip(out, archive, files); err != nil {
			return err
		}
	}
	fmt.Printf("CsBackup %s: %d files in %s\n", version, len(files), out)
	return nil
}
