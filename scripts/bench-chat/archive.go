package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/database"
	"csbackup/internal/chat/schema"
	"csbackup/internal/chat/transfer"
)

// makeArchive exports a database into the file that the imports read.
func (b *bench) makeArchive(db database.Database) error {
	b.zip = filepath.Join(b.folder, "archive.zip")
	return archive.Create(b.zip, func(to io.Writer) error {
		_, err := transfer.Export(b.ctx, db, to, transfer.ExportOptions{Source: "bench", Level: schema.LevelAll}, nil)
		return err
	})
}

// archive measures size and verification.
func (b *bench) archive() error {
	info, err := os.Stat(b.zip)
	if err != nil {
		return err
	}
	packed, err := gzipSize(b.log)
	if err != nil {
		return err
	}
	fmt.Printf("%-58s %11d kB %11d kB %7.2f\n", "archive's size, as gzip -9 of the log, which has no RTF", info.Size()/1000, packed/1000, float64(info.Size())/float64(packed))
	bare, err := b.sizeWithoutRTF()
	if err != nil {
		return err
	}
	fmt.Printf("%-58s %11d kB %11d kB %7.3f\n", "archive's size, as without RTF", info.Size()/1000, bare/1000, float64(info.Size())/float64(bare))
	return b.verify(info.Size())
}

// gzipSize packs the log itself.
func gzipSize(log string) (int64, error) {
	file, err := os.Open(log)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var plain io.Reader = file
	if strings.HasSuffix(log, ".gz") {
		if plain, err = gzip.NewReader(file); err != nil {
			return 0, err
		}
	}
	count := &counter{}
	packer, err := gzip.NewWriterLevel(count, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(packer, plain); err != nil {
		return 0, err
	}
	if err := packer.Close(); err != nil {
		return 0, err
	}
	return count.bytes, nil
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}

func (b *bench) sizeWithoutRTF() (int64, error) {
	db, _, err := b.fresh("plain.db")
	if err != nil {
		return 0, err
	}
	if err := b.load(db); err != nil {
		return 0, err
	}
	w, err := db.Begin(b.ctx)
	if err != nil {
		return 0, err
	}
	defer w.Rollback()
	if _, err := w.Update(b.ctx, "tblChat", map[string]any{"rtf": nil}, nil); err != nil {
		return 0, err
	}
	if err := w.Commit(); err != nil {
		return 0, err
	}
	count := &counter{}
	_, err = transfer.Export(b.ctx, db, count, transfer.ExportOptions{Source: "bench", Level: schema.LevelAll}, nil)
	return count.bytes, err
}

func (b *bench) verify(size int64) error {
	file, err := os.Open(b.zip)
	if err != nil {
		return err
	}
	defer file.Close()
	opened, err := archive.Open(file, size, b.zip)
	if err != nil {
		return err
	}
	var summary archive.Summary
	t, err := b.best(func() error {
		summary, err = transfer.Verify(b.ctx, opened, nil)
		return err
	})
	if err != nil {
		return err
	}
	megabytes := float64(summary.Size) / 1e6
	fmt.Printf("%-58s %9.0f MB/s %26.0f MB/s a core\n", "verify, of uncompressed content", megabytes/t.clock.Seconds(), megabytes/t.cpu.Seconds())
	return nil
}
