package filestore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// manyNames is the number of names above which one flush of the volume is cheaper than one per name.
	manyNames = 4
	// flushesAtOnce is how many names are flushed at a time where each is flushed by itself: a journal
	// or a server answers them together.
	flushesAtOnce = 8
)

// flushesWhole tells whether one call can make a whole volume durable and tell when it failed. A
// network share promises nothing for it, and before Linux 5.8 its errors were lost.
func flushesWhole(p Properties) bool {
	var name unix.Utsname
	return !p.Network && unix.Uname(&name) == nil && atLeast(unix.ByteSliceToString(name.Release[:]), 5, 8)
}

// atLeast tells whether a kernel's release, such as "6.1.0-13-amd64", is of a version or a later one.
func atLeast(release string, major, minor int) bool {
	var parts [2]int
	at := 0
	for i := range parts {
		for at < len(release) && release[at] >= '0' && release[at] <= '9' {
			parts[i] = parts[i]*10 + int(release[at]-'0')
			at++
		}
		at++ // the dot
	}
	return parts[0] > major || parts[0] == major && parts[1] >= minor
}

func (s *real) Flush(ctx context.Context, names []string) error {
	const what, flags = "flush", unix.O_RDONLY | unix.O_NONBLOCK
	if s.whole && len(names) > manyNames {
		if err := s.flush(ctx, names, what, flags); err == nil || ctx.Err() != nil {
			return err
		} // which of them failed, only each can tell
	}
	failed := s.flushEach(ctx, names, what, flags)
	if err := ctx.Err(); err != nil {
		return err
	}
	return flushed(failed)
}

func (s *real) FlushFolders(ctx context.Context, names []string) error {
	return s.flush(ctx, names, "flush folder", unix.O_RDONLY|unix.O_DIRECTORY)
}

// flush makes names durable: those on the root's volume by one call when there are many, all others
// one by one. Either way each name must be there: a name that is gone was not made durable.
func (s *real) flush(ctx context.Context, names []string, what string, flags int) error {
	single := names
	whole := s.whole && len(names) > manyNames
	if whole {
		var err error
		if single, err = s.elsewhere(ctx, names, what); err != nil {
			return err
		}
	}
	failed := s.flushEach(ctx, single, what, flags)
	if err := errors.Join(append(slices.Collect(maps.Values(failed)), ctx.Err())...); err != nil || !whole {
		return err
	}
	return operation(what, ".", unix.Syncfs(s.descriptor))
}

// elsewhere checks that the names are there and returns those that are on another volume than the
// root. Names of one folder in a row cost one look each.
func (s *real) elsewhere(ctx context.Context, names []string, what string) ([]string, error) {
	var other []string
	at, opened := -1, ""
	defer func() {
		if at >= 0 {
			unix.Close(at)
		}
	}()
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		folder, last := splitName(name)
		if name == "." {
			last = "."
		} else if err := CheckName(name, s.properties.WindowsNames); err != nil {
			return nil, operation(what, name, err)
		}
		if at < 0 || folder != opened {
			next, err := s.folder(folder, folderToPass)
			if err != nil {
				return nil, operation(what, name, err)
			}
			if at >= 0 {
				unix.Close(at)
			}
			at, opened = next, folder
		}
		info, err := statAt(at, last)
		if err == nil && info.Kind == Other {
			err = ErrNotRegular
		}
		if err != nil {
			return nil, operation(what, name, err)
		}
		if info.Volume != s.device {
			other = append(other, name)
		}
	}
	return other, nil
}

// flushEach flushes names one by one, several at a time, until the context ends. It tells which failed.
func (s *real) flushEach(ctx context.Context, names []string, what string, flags int) map[string]error {
	failed := map[string]error{}
	var mu sync.Mutex
	one := func(name string) {
		if err := operation(what, name, s.flushOne(name, flags)); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed[name] = err
		}
	}
	if len(names) == 1 && ctx.Err() == nil {
		one(names[0])
		return failed
	}
	work := make(chan string)
	var running sync.WaitGroup
	for range min(flushesAtOnce, len(names)) {
		running.Go(func() {
			for name := range work {
				one(name)
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		work <- name
	}
	close(work)
	running.Wait()
	return failed
}

func (s *real) flushOne(name string, flags int) error {
	at, last := -1, "."
	var err error
	if name == "." {
		at, err = s.folder(".", folderToPass)
	} else {
		at, last, err = s.parent(name)
	}
	if err != nil {
		return err
	}
	defer unix.Close(at)
	info, err := statAt(at, last)
	if err != nil {
		return err
	}
	if info.Kind == Other {
		return ErrNotRegular
	}
	number, err := retry(func() (int, error) {
		return unix.Openat(at, last, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return err
	}
	return errors.Join(unix.Fsync(number), unix.Close(number))
}
