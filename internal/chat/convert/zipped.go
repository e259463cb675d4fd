package convert

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/failure"

	"github.com/klauspost/compress/flate"
)

// Zip is an output that is a ZIP file.
type Zip struct {
	Counter
	out  *zip.Writer
	path string
}

// zipTime is what all files of a ZIP file bear, so that equal conversions give equal bytes.
var zipTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// CreateZip writes a ZIP file with what write puts into it. Under its name the file is whole, and a file that
// has the name already is not replaced.
func CreateZip(path string, write func(*Zip) error) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return failure.New(failure.OutputExists, path, path+" is there already", "Name a file that is not there yet.")
	}
	return archive.Create(path, func(to io.Writer) error {
		out := zip.NewWriter(to)
		out.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
			return flate.NewWriter(w, flate.DefaultCompression)
		})
		if err := write(&Zip{out: out, path: path}); err != nil {
			return err
		}
		return out.Close()
	})
}

// Create makes a file in the ZIP file.
func (z *Zip) Create(name string) (io.WriteCloser, error) {
	w, err := z.out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipTime})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	z.Files++
	return &counted{to: w, counter: &z.Counter}, nil
}

// Done is false: a ZIP file begins anew.
func (*Zip) Done(int64) bool { return false }

// Begin does nothing.
func (*Zip) Begin(int64) error { return nil }

// Complete does nothing.
func (*Zip) Complete(int64, []Note) error { return nil }

// Finish does nothing: CreateZip completes the file.
func (*Zip) Finish() error { return nil }

// Abandon does nothing.
func (*Zip) Abandon() error { return nil }
