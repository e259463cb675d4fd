package filestore

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// place is a name in an open folder.
type place struct {
	at   int
	name string
}

// places opens the folders of the names; all are closed by the returned function.
func (s *real) places(names ...string) ([]place, func(), error) {
	var opened []place
	release := func() {
		for _, one := range opened {
			unix.Close(one.at)
		}
	}
	for _, name := range names {
		at, last, err := s.parent(name)
		if err != nil {
			release()
			return nil, func() {}, err
		}
		opened = append(opened, place{at, last})
	}
	return opened, release, nil
}

// unsupported tells that the file system, or the kernel, does not know a way of renaming.
func unsupported(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP
}

func (s *real) Publish(from, to string) error {
	both, release, err := s.places(from, to)
	if err != nil {
		return operation("publish", to, err)
	}
	defer release()
	err = publishAt(both[0], both[1])
	switch {
	case err == unix.EXDEV:
		err = s.publishAcross(both[0], both[1], to)
	case errors.Is(err, fs.ErrExist) && s.properties.CaseInsensitive:
		err = respell(both[0], both[1])
	}
	return operation("publish", to, err)
}

// publishAt moves without replacing. Where the file system cannot, a second link that fails when
// the name is taken does the same for files; only folders are left with a look before the move.
func publishAt(from, to place) error {
	err := unix.Renameat2(from.at, from.name, to.at, to.name, unix.RENAME_NOREPLACE)
	if !unsupported(err) {
		return err
	}
	info, err := statAt(from.at, from.name)
	if err != nil {
		return err
	}
	if info.Kind == File {
		err := unix.Linkat(from.at, from.name, to.at, to.name, 0)
		if err == nil {
			return unix.Unlinkat(from.at, from.name, 0)
		}
		if err != unix.EPERM && !unsupported(err) {
			return err
		}
	}
	if _, err := statAt(to.at, to.name); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return unix.Renameat(from.at, from.name, to.at, to.name)
}

// respell gives a file or folder another spelling of its name, where both are the same name to the volume: the
// kernel does nothing when it is asked to rename one to the other. It goes by a third name, under which
// it is found if the power goes in between. fs.ErrExist when the names are not the same.
func respell(from, to place) error {
	one, err := statAt(from.at, from.name)
	if err != nil {
		return err
	}
	other, err := statAt(to.at, to.name)
	if err != nil {
		return err
	}
	if from.name == to.name || !strings.EqualFold(from.name, to.name) || one.Identity != other.Identity ||
		one.Volume != other.Volume {
		return fs.ErrExist
	}
	between := place{from.at, from.name + ".csbackup-rename"}
	if err := publishAt(from, between); err != nil {
		return err
	}
	if err := publishAt(between, to); err != nil {
		return errors.Join(err, publishAt(between, from))
	}
	return nil
}

func (s *real) Exchange(from, to, aside string) error {
	all, release, err := s.places(from, to, aside)
	if err != nil {
		return operation("exchange", to, err)
	}
	defer release()
	err = exchangeAt(all[0], all[1], all[2])
	if err == unix.EXDEV {
		err = s.exchangeAcross(all[0], all[1], all[2], aside)
	}
	return operation("exchange", to, err)
}

func exchangeAt(from, to, aside place) error {
	info, err := statAt(from.at, from.name)
	if err != nil {
		return err
	}
	if info.Kind != File {
		return ErrNotRegular
	}
	// The new file waits under the name aside, so that the old one is there from the moment on at which
	// the two change places: from is the caller's to sweep, and after a crash never holds the old file.
	if err := publishAt(from, aside); err != nil {
		return err
	}
	err = unix.Renameat2(aside.at, aside.name, to.at, to.name, unix.RENAME_EXCHANGE)
	if err == nil {
		return nil
	}
	if back := publishAt(aside, from); back != nil {
		return errors.Join(err, back)
	}
	if !unsupported(err) {
		return err
	}
	old, err := statAt(to.at, to.name)
	if err != nil {
		return err
	}
	return exchangeByLink(from, to, aside, old.Kind)
}

// exchangeByLink keeps the old file under a second name before the new one replaces it. Where
// there are no second names, the old file is moved away first, and to is absent for a moment.
func exchangeByLink(from, to, aside place, old Kind) error {
	if old == File {
		err := unix.Linkat(to.at, to.name, aside.at, aside.name, 0)
		if err == nil {
			return unix.Renameat(from.at, from.name, to.at, to.name)
		}
		if err != unix.EPERM && !unsupported(err) {
			return err
		}
	}
	if err := publishAt(to, aside); err != nil {
		return err
	}
	if err := publishAt(from, to); err != nil {
		return errors.Join(err, publishAt(aside, to))
	}
	return nil
}
