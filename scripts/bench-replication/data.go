package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// roots are the replicated folders of a pool.
var roots = []string{"CollabContent", "CollabMetadata"}

const (
	perFolder = 20  // files of one meeting
	spread    = 1.5 // sigma of the logarithm of the sizes
)

// data is the content: meetings of organizers, in the shape of a pool's store.
type data struct {
	root   string
	files  int
	bytes  int64 // about so many in all
	random *rand.ChaCha8
}

func (d *data) name(i int) string {
	meeting := i / perFolder
	return filepath.Join(d.root, roots[min(meeting%10/9, 1)], fmt.Sprintf("organizer-%d", meeting%997), fmt.Sprintf("MEETING%06d", meeting), fmt.Sprintf("slide-%02d.BIN", i%perFolder))
}

// make writes the files, with log-normal sizes and random bytes.
func (d *data) make(ctx context.Context) error {
	d.random = rand.NewChaCha8([32]byte{1})
	source := rand.New(d.random)
	mean := float64(d.bytes) / float64(d.files)
	middle := math.Log(mean) - spread*spread/2
	for i := range d.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i%perFolder == 0 {
			if err := os.MkdirAll(filepath.Dir(d.name(i)), 0o755); err != nil {
				return err
			}
		}
		size := min(int(math.Exp(middle+spread*source.NormFloat64())), 256<<20)
		if err := d.write(d.name(i), size); err != nil {
			return err
		}
	}
	return nil
}

func (d *data) write(name string, size int) error {
	content := make([]byte, size)
	d.random.Read(content) // never fails
	return os.WriteFile(name, content, 0o644)
}

// change rewrites one file of so many, spread over all, a little longer than it was.
func (d *data) change(oneOf int) error {
	for i := oneOf / 2; i < d.files; i += oneOf {
		info, err := os.Stat(d.name(i))
		if err != nil {
			return err
		}
		if err := d.write(d.name(i), int(info.Size())+17); err != nil {
			return err
		}
	}
	return nil
}

// warm reads all files once.
func (d *data) warm() error {
	for i := range d.files {
		f, err := os.Open(d.name(i))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// total counts the files, the folders and the bytes below the root.
func (d *data) total() (files, bytes int64, err error) {
	for _, root := range roots {
		err = filepath.WalkDir(filepath.Join(d.root, root), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				files++
				bytes += info.Size()
			}
			return err
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return files, bytes, nil
}

// sameAs checks that a target has the files of the source, with their sizes and times. Seconds are
// compared, because not every contender keeps more.
func (d *data) sameAs(target string) error {
	for i := range d.files {
		relative, err := filepath.Rel(d.root, d.name(i))
		if err != nil {
			return err
		}
		want, err := os.Stat(d.name(i))
		if err != nil {
			return err
		}
		got, err := os.Stat(filepath.Join(target, relative))
		if err != nil {
			return err
		}
		if got.Size() != want.Size() || got.ModTime().Truncate(time.Second) != want.ModTime().Truncate(time.Second) {
			return fmt.Errorf("%s is not what it is at the source", relative)
		}
	}
	return nil
}
