package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"csbackup/internal/filestore"
)

// unflushedMeta keeps in the index that folders are owed a flush: empty for none, everything for all that the
// store has, else the list of their names.
const unflushedMeta = "unflushed"

const (
	everything = "yes"
	// owedAtMost bounds the list; where more are owed, all that the store has is flushed at the next start.
	owedAtMost = 1000
)

// unflushable has the folders below the roots whose entries could not be made durable, with the reasons.
type unflushable map[string]error

// at tells why what stands at a place may not be durable: its folder, or one above it, could not be flushed.
func (u unflushable) at(place string) error {
	if len(u) == 0 {
		return nil
	}
	for folder := path.Dir(place); folder != "."; folder = path.Dir(folder) {
		if err := u[folder]; err != nil {
			return fmt.Errorf("the folder %q cannot be made durable: %w", folder, err)
		}
	}
	return nil
}

// owe remembers folders whose entries may not be durable, until a flush has made them so.
func (r *Replica) owe(folders ...string) {
	r.owing.Lock()
	defer r.owing.Unlock()
	for _, f := range folders {
		r.unflushed[f] = nil
	}
}

// settleDebt forgets a folder that is durable, or keeps why it is not.
func (r *Replica) settleDebt(folder string, err error) {
	r.owing.Lock()
	defer r.owing.Unlock()
	if err == nil {
		delete(r.unflushed, folder)
	} else {
		r.unflushed[folder] = err
	}
}

// owed lists the folders that are owed a flush: those to be tried together, and those that failed before.
func (r *Replica) owed() (fresh, failed []string) {
	r.owing.Lock()
	defer r.owing.Unlock()
	for _, f := range slices.Sorted(maps.Keys(r.unflushed)) {
		if r.unflushed[f] == nil {
			fresh = append(fresh, f)
		} else {
			failed = append(failed, f)
		}
	}
	return fresh, failed
}

func (r *Replica) owesAll() bool {
	r.owing.Lock()
	defer r.owing.Unlock()
	return r.allUnflushed
}

func (r *Replica) setOwesAll(all bool) {
	r.owing.Lock()
	defer r.owing.Unlock()
	r.allUnflushed = all
}

// rememberOwed keeps in the index what is owed now, for the next process.
func (r *Replica) rememberOwed() error {
	fresh, failed := r.owed()
	names := append(fresh, failed...)
	all := r.owesAll()
	switch {
	case len(names) == 0 && !all:
		return r.setMeta(unflushedMeta, "")
	case len(names) > owedAtMost || all:
		return r.setMeta(unflushedMeta, everything)
	}
	list := make([][]byte, len(names)) // names are bytes, which need not be UTF-8
	for i, name := range names {
		list[i] = []byte(name)
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return r.setMeta(unflushedMeta, string(raw))
}

// flush makes folders durable, and those of earlier batches for which that failed. What fails for single
// folders below the roots is told by itself: a folder that was moved away, or that may not be read, stops
// nothing else. Any other failure is one of the store.
func (r *Replica) flush(ctx context.Context, touched map[string]bool) (unflushable, error) {
	all := r.owesAll()
	if all {
		if err := r.oweEverything(); err != nil {
			return nil, err
		}
	}
	r.owe(slices.Collect(maps.Keys(touched))...)
	fresh, failed := r.owed()
	if err := r.Store.FlushFolders(ctx, fresh); err != nil {
		failed = append(fresh, failed...)
	} else {
		for _, f := range fresh {
			r.settleDebt(f, nil)
		}
	}
	var problem error
	stay := unflushable{}
	another := false // what is listed is that of another store
	for _, f := range failed {
		err := r.flushFolder(ctx, f)
		another = another || errors.Is(err, filestore.ErrAnotherStore)
		r.settleDebt(f, err)
		switch {
		case err == nil:
		case r.belowRoot(f):
			stay[f] = err
		default:
			problem = errors.Join(problem, err)
		}
	}
	if all && !another {
		r.setOwesAll(false)
	}
	return stay, errors.Join(problem, r.rememberOwed())
}

func (r *Replica) flushFolder(ctx context.Context, folder string) error {
	err := r.Store.FlushFolders(ctx, []string{folder})
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, lookErr := r.Store.Lstat(folder); errors.Is(lookErr, fs.ErrNotExist) {
		return nil // a folder that was removed has nothing to be made durable
	}
	return err
}

// belowRoot tells whether a folder lies in one of the replicated ones.
func (r *Replica) belowRoot(folder string) bool {
	return slices.ContainsFunc(r.Roots, func(root Root) bool { return strings.HasPrefix(folder, root.Folder+"/") })
}

// flushBatch makes durable what a batch did so far. Steps for whose folder that fails wait, and so do those
// that would end a folder from which such a step took something.
func (im *Importer) flushBatch(ctx context.Context, steps []*step, touched map[string]bool) error {
	failed, err := im.flush(ctx, touched)
	if err != nil || len(failed) == 0 {
		return err
	}
	above := map[string]string{} // folders above what failed, with the reason
	for _, s := range steps {
		place, err := im.place(s.theirs.Path)
		if err != nil || s.failed != "" || !s.done {
			continue
		}
		if err := failed.at(place); err != nil {
			s.failed = err.Error()
			for folder := path.Dir(s.theirs.Path); folder != "." && above[folder] == ""; folder = path.Dir(folder) {
				above[folder] = s.failed
			}
		}
	}
	for _, s := range steps {
		if s.endsFolder() && s.failed == "" && !s.done {
			s.failed = above[s.theirs.Path]
		}
	}
	return nil
}

// flushEarlier makes durable what an earlier process moved without coming to say so.
func (r *Replica) flushEarlier() error {
	unflushed, err := r.Index.Meta(unflushedMeta)
	if err != nil {
		return err
	}
	intents, err := r.Index.HasIntents()
	if err != nil || len(unflushed) == 0 && !intents {
		return err
	}
	var names [][]byte
	if intents || json.Unmarshal(unflushed, &names) != nil {
		r.setOwesAll(true) // until the store that it was in stands there
	}
	for _, name := range names {
		r.owe(string(name))
	}
	_, err = r.flush(r.context(), nil)
	// In another store there is nothing of it, and the service has to come up for it to be restored.
	if err != nil && !errors.Is(err, filestore.ErrAnotherStore) {
		return fmt.Errorf("make durable what an earlier run moved: %w", err)
	}
	return nil
}

// oweEverything owes a flush to each folder of the replica's own and of its roots, and to those above them.
// A folder that cannot be listed is owed one itself: the scan names it.
func (r *Replica) oweEverything() error {
	for _, top := range append([]Root{{Folder: r.Base}}, r.Roots...) {
		if _, err := r.Store.Lstat(top.Folder); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil && top.Folder == r.Base {
			return err
		}
		for above := path.Dir(top.Folder); above != "."; above = path.Dir(above) {
			r.owe(above)
		}
		if err := r.oweBelow(top.Folder); err != nil {
			return err
		}
	}
	r.owe(".")
	return nil
}

func (r *Replica) oweBelow(folder string) error {
	r.owe(folder)
	infos, err := r.Store.ReadDir(folder)
	if err != nil {
		if r.belowRoot(folder) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, info := range infos {
		if info.Kind == filestore.Folder {
			if err := r.oweBelow(folder + "/" + info.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
