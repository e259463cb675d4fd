package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// FlushError names the files that Flush could not make durable. All others that it was given are durable.
type FlushError struct {
	Failed map[string]error // by name
}

func (e *FlushError) Error() string {
	for _, name := range slices.Sorted(maps.Keys(e.Failed)) {
		return fmt.Sprintf("%d files could not be made durable, such as %v", len(e.Failed), e.Failed[name])
	}
	return "no file could not be made durable"
}

// Why tells why a file could not be made durable, nil where it was.
func (e *FlushError) Why(name string) error {
	if e == nil {
		return nil
	}
	return e.Failed[name]
}

// Unwrap gives the reasons.
func (e *FlushError) Unwrap() []error { return slices.Collect(maps.Values(e.Failed)) }

// flushed gives the error of a flush in which some names failed, nil where none did.
func flushed(failed map[string]error) error {
	if len(failed) == 0 {
		return nil
	}
	return &FlushError{failed}
}

// flushOneByOne flushes names one after the other with one.
func flushOneByOne(ctx context.Context, names []string, one func(name string) error) error {
	failed := map[string]error{}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := one(name); err != nil {
			failed[name] = err
		}
	}
	return flushed(failed)
}

// Passing tells whether an error of a store may pass by itself: it is none that says how things stand there.
func Passing(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	for _, lasting := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, ErrLocked, ErrName, ErrNotRegular, ErrFull, ErrReadOnly,
		ErrCrossVolume, ErrNotEmpty, ErrNoWatch, ErrLimit, ErrAnotherStore} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	return true
}
