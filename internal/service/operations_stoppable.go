//go:build stoppable && !windows

package service

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"csbackup/internal/filestore"
	"csbackup/internal/index"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// stopVariable names the operation before which the process kills itself, 0 or nothing for never.
const stopVariable = "CSBACKUP_TEST_STOP_AT"

var (
	operations atomic.Int64
	stopAt, _  = strconv.ParseInt(os.Getenv(stopVariable), 10, 64) // anything else stands for never
)

// step counts an operation that changes something on a disk.
func step(what string) {
	if operations.Add(1) == stopAt {
		fmt.Fprintln(os.Stderr, "stopped before", what)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func counted(store filestore.Store) filestore.Store {
	return filestore.NewFaulty(store, func(op, name string) error {
		switch op {
		case "create", "write", "modtime", "close", "makefolder", "publish", "exchange", "remove", "flush", "flushfolders":
			step(op + " " + name)
		}
		return nil
	})
}

func countedIndex() index.Options {
	vfs.Register("counted", countedSystem{vfs.Find("os")})
	return index.Options{VFS: "counted"}
}

// countedSystem is the operating system's files, each write counted.
type countedSystem struct{ vfs.VFS }

// Open implements vfs.VFS; SQLite asks for OpenFilename.
func (s countedSystem) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return vfsutil.WrapOpen(s.VFS, name, flags)
}

func (s countedSystem) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(s.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	return &countedFile{file, name.String()}, flags, nil
}

type countedFile struct {
	vfs.File
	name string
}

func (f *countedFile) WriteAt(p []byte, off int64) (int, error) {
	step("write " + f.name)
	return f.File.WriteAt(p, off)
}

func (f *countedFile) Truncate(size int64) error {
	step("truncate " + f.name)
	return f.File.Truncate(size)
}

func (f *countedFile) Sync(flags vfs.SyncFlag) error {
	step("sync " + f.name)
	return f.File.Sync(flags)
}
