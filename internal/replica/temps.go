package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"csbackup/internal/filestore"
)

// partPrefix marks a large transfer that was cut and can go on; every other temporary file is swept.
const partPrefix = "part-"

// partsStay is how long such a transfer is waited for. Of a file that has changed since it never goes on, as the name
// is that of the content. A wrong clock costs no more than a transfer from the beginning.
const partsStay = 7 * 24 * time.Hour

// temp gives a name for a new temporary file that nothing else uses.
func (r *Replica) temp(use string) string {
	return fmt.Sprintf("%s/Temp/%s-%x-%d", r.Base, use, uint64(r.Index.Replica()), r.temporary.Add(1))
}

// incomingFolders is over how many folders the files on their way in are spread. Several are made at a
// time, and a file system makes those of one folder one after the other, all in one place of the disk.
const incomingFolders = 8

// tempIn gives such a name for a file on its way in.
func (r *Replica) tempIn() string {
	return r.temp(fmt.Sprintf("%s%d/in", incomingPrefix, r.temporary.Load()%incomingFolders))
}

const incomingPrefix = "incoming-" // of the names of those folders

// context bounds the store's own housekeeping, which no caller may cut half-way.
func (r *Replica) context() context.Context { return context.Background() }

// sweep removes what an interrupted run left in Temp, except transfers that may go on.
func (r *Replica) sweep() error { return r.sweepFolder(r.Base+"/Temp", "") }

// sweepFolder removes the files of a folder whose names begin so, and transfers that nobody went on with.
func (r *Replica) sweepFolder(folder, prefix string) error {
	infos, err := r.Store.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep temporary files: %w", err)
	}
	for _, info := range infos {
		name := folder + "/" + info.Name
		part := strings.HasPrefix(info.Name, partPrefix)
		spread := info.Kind == filestore.Folder && strings.HasPrefix(info.Name, incomingPrefix)
		switch {
		case part && r.Now().Sub(time.Unix(0, info.ModTime)) < partsStay:
			continue
		case spread:
			if err := r.sweepFolder(name, prefix); err != nil {
				return err
			}
			if prefix != "" {
				continue
			}
		case !part && !strings.HasPrefix(info.Name, prefix):
			continue
		}
		if err := r.Store.Remove(name); errors.Is(err, filestore.ErrAnotherStore) {
			return nil // it is not this side's to sweep
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep temporary files: %w", err)
		}
	}
	return nil
}

// sweepEvery is how often Temp is swept where nothing is known to be left in it.
const sweepEvery = 24 * time.Hour

// litter notes that something may be left in Temp: it could not be removed, or the store went away.
func (r *Replica) litter() { r.littered.Store(true) }

// discard removes a temporary file; what cannot be removed now is swept later.
func (r *Replica) discard(temp string) error {
	err := r.Store.Remove(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		r.litter()
	}
	return err
}

// tidy sweeps what sessions left in Temp, where something may be left and no session runs.
func (r *Replica) tidy() error {
	if !r.littered.Load() && r.Elapsed()-time.Duration(r.sweptAt.Load()) < sweepEvery {
		return nil
	}
	select {
	case r.sessions.slot <- struct{}{}:
		defer func() { <-r.sessions.slot }()
		return r.sweepIncoming()
	default:
		return nil // the session does it when it begins, or the next look
	}
}

// sweepIncoming removes what earlier sessions left. The caller holds the slot of the sessions.
func (r *Replica) sweepIncoming() error {
	if !r.littered.Swap(false) && r.Elapsed()-time.Duration(r.sweptAt.Load()) < sweepEvery {
		return nil
	}
	if err := r.sweepFolder(r.Base+"/Temp", "in-"); err != nil {
		r.litter()
		return err
	}
	r.sweptAt.Store(int64(r.Elapsed()))
	return nil
}

// buffers are kept for transfer: a new one for each file would cost more than most files.
var buffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// transfer copies until the end of from.
func transfer(to io.Writer, from io.Reader) (int64, error) {
	buffer := buffers.Get().(*[128 << 10]byte)
	defer buffers.Put(buffer)
	// Bare interfaces: a WriteTo or ReadFrom of theirs would bring its own buffer.
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, buffer[:])
}
