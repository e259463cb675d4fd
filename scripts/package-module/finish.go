package main

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// moment is the time of every file: what a ZIP file can say at the earliest.
var moment = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

const sums = "SHA256SUMS"

// settle writes the checksums, gives every file the same time, and lists the files in order.
func settle(out string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(out, name)
		files = append(files, filepath.ToSlash(below))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var list strings.Builder
	for _, name := range files {
		sum, err := hash(filepath.Join(out, name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&list, "%x  %s\n", sum, name)
	}
	if err := os.WriteFile(filepath.Join(out, sums), []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	files = append(files, sums)
	for _, name := range files {
		if err := os.Chtimes(filepath.Join(out, name), moment, moment); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func hash(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	whole := sha256.New()
	if _, err := io.Copy(whole, file); err != nil {
		return nil, err
	}
	return whole.Sum(nil), nil
}

// writeZip packs the files in their order, with fixed times and modes.
func writeZip(out, archive string, files []string) (err error) {
	to, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	packed := zip.NewWriter(to)
	for _, name := range files {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: moment}
		header.SetMode(0o644)
		if strings.HasPrefix(path.Base(name), "csbackup") {
			header.SetMode(0o755)
		}
		if err := pack(packed, header, filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return packed.Close()
}

func pack(to *zip.Writer, header *zip.FileHeader, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	into, err := to.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(into, file)
	return err
}
