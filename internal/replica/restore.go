package replica

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// RestoreVersion puts a kept version back under its path; what stands there is kept in turn. It is a change of this
// side, which travels to the partner, and no loss of what stood there, however old the version is: the index has an
// intent of it before it is done.
func (r *Replica) RestoreVersion(id string) error {
	from := r.Base + "/Versions/" + id
	batch, _, _ := strings.Cut(id, "/")
	r.use(batch)
	defer r.leave(batch)
	logical, pathErr := r.keptPath(id)
	place, placeErr := r.place(logical)
	placeErr = cmp.Or(pathErr, placeErr)
	source, err := r.Store.Open(from)
	if placeErr != nil || err != nil {
		return failure.Wrap(failure.VersionNotFound, id, "No kept version has this id", "List them: csbackup versions list --pool-fqdn "+r.Pool+".", errors.Join(placeErr, err))
	}
	defer source.Close()
	temp, it, err := r.copyBack(source)
	if err != nil {
		return err
	}
	it.Path = logical
	r.writing.Lock()
	defer r.writing.Unlock()
	now, _, err := r.Index.Get(logical)
	if err != nil {
		return err
	}
	it.Vector = now.Vector.Bump(r.Index.Replica())
	if err := r.Index.Update(func(tx *index.Tx) error { return tx.PutIntent(it) }); err != nil {
		return err
	}
	if err := r.putBack(temp, place, logical, it.Withheld); err != nil {
		return err
	}
	if info, err := r.Store.Lstat(place); err == nil && info.Size == it.Size && r.hasTime(info, it.ModTime) {
		it.ChangeTime, it.Identity = info.ChangeTime, info.Identity
	}
	return r.Index.Update(func(tx *index.Tx) error {
		if err := r.above(tx, logical); err != nil {
			return err
		}
		if _, err := tx.Put(it); err != nil {
			return err
		}
		return errors.Join(tx.DropIntent(logical), tx.DropPending(logical))
	})
}

// copyBack copies a kept version to a temporary file and tells what it is.
func (r *Replica) copyBack(source filestore.Reader) (temp string, it index.Item, err error) {
	info, err := source.Info()
	if err != nil {
		return "", it, err
	}
	if err := r.room(info.Size); err != nil {
		return "", it, err
	}
	temp = r.temp("restore")
	w, err := r.Store.Create(temp)
	if err != nil {
		return "", it, err
	}
	sum := sha256.New()
	n, err := transfer(io.MultiWriter(w, sum), source)
	if err = errors.Join(err, w.SetModTime(info.ModTime), w.Close()); err != nil {
		return "", it, errors.Join(err, r.Store.Remove(temp))
	}
	it = index.Item{Kind: index.File, Size: n, ModTime: info.ModTime, Hash: index.Hash(sum.Sum(nil)), Withheld: info.Withheld}
	return temp, it, r.Store.Flush(r.context(), []string{temp})
}

// putBack puts a temporary file in its place, durably, with rights that are no wider than those of the version
// that was kept. The caller holds writing.
func (r *Replica) putBack(temp, place, logical string, withheld uint32) error {
	touched := map[string]bool{r.Base + "/Temp": true, path.Dir(place): true}
	made, err := r.Store.MakeFolder(path.Dir(place))
	if err != nil {
		return err
	}
	for _, m := range made {
		touched[path.Dir(m)] = true
	}
	if err := r.Store.Rights(temp, place, withheld); err != nil {
		return err
	}
	err = r.Store.Publish(temp, place)
	if errors.Is(err, fs.ErrExist) {
		err = r.replaceKeeping(temp, place, logical, touched)
	}
	if err != nil {
		return err
	}
	failed, err := r.flush(r.context(), touched)
	return cmp.Or(err, failed.at(place))
}

// replaceKeeping puts a file in the place of another one, which becomes a kept version.
func (r *Replica) replaceKeeping(temp, place, logical string, touched map[string]bool) (err error) {
	kept := r.newKept()
	defer func() { err = errors.Join(err, kept.done(false)) }()
	aside, err := kept.name("replaced", logical, touched)
	if err != nil {
		return err
	}
	if err := r.Store.Exchange(temp, place, aside); err != nil {
		return err
	}
	kept.took(aside, nil)
	return nil
}
