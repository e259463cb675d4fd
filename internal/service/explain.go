package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// explain gives an error of the store or the state the kind and the advice that people need. An error
// that has a kind already stays as it is.
func (s *service) explain(err error) error {
	var known *failure.Error
	switch {
	case err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, exchange.ErrGap):
		return failure.Wrap(failure.ProtocolMismatch, s.partner.FQDN, "A batch did not follow the one before", "Nothing is lost: the next cycle offers it again.", err)
	case errors.Is(err, index.ErrFull):
		return failure.Wrap(failure.DiskFull, s.StateDir, "The volume of the state folder "+s.StateDir+" has no room left", "Make room there; the next cycle goes on by itself, and nothing is lost.", err)
	case errors.Is(err, index.ErrDamaged):
		return failure.Wrap(failure.StateUnusable, s.StateDir, "The index in "+s.StateDir+" is damaged", "Restart the service: it builds the index again by comparing, and deletes nothing for it.", err)
	case errors.Is(err, filestore.ErrFull):
		free := ""
		if w, err := s.working(); err == nil {
			if usage, usageErr := w.store.Usage(); usageErr == nil {
				free = fmt.Sprintf(": %d bytes are free", usage.Free)
			}
		}
		return failure.Wrap(failure.DiskFull, s.Pool.FileStore, "The volume of the file store "+s.Pool.FileStore+" has no room left"+free, "Make room there; the next cycle goes on by itself, and nothing is lost.", err)
	case errors.Is(err, filestore.ErrReadOnly):
		return failure.Wrap(failure.StoreUnavailable, s.Pool.FileStore, "The volume of the file store "+s.Pool.FileStore+" of "+s.Pool.FQDN+" is read-only",
			"See why it cannot be written to (a damaged disk is often mounted so), and mount it for writing; the next cycle goes on by itself.", err)
	case errors.Is(err, fs.ErrPermission):
		return failure.Wrap(failure.StoreUnavailable, s.Pool.FileStore, "This account has no rights to a part of the file store "+s.Pool.FileStore+" of "+s.Pool.FQDN,
			"Give the service's account the right to read and change it; the next cycle goes on by itself.", err)
	}
	return failure.Wrap(failure.StoreUnavailable, s.Pool.FileStore, "The file store "+s.Pool.FileStore+" of "+s.Pool.FQDN+" could not be worked on",
		"See whether it is mounted and sound; the next cycle tries again by itself.", err)
}

// brokenOff gives the end of a partner's session that nobody has explained yet the kind and the advice
// that people need.
func (s *service) brokenOff(err error) error {
	var known *failure.Error
	switch {
	case err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, exchange.ErrFrame):
		return failure.Wrap(failure.ProtocolMismatch, s.partner.FQDN, s.partner.FQDN+" sent what this side cannot read", "Install the same version of csbackup on both sides.", err)
	}
	return failure.Wrap(failure.ServiceUnreachable, s.partner.FQDN, "A session of "+s.partner.FQDN+" broke off", "Nothing is lost: its next cycle goes on from what was acknowledged. If it stays so, look at the line between the two.", err)
}
