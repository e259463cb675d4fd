package replica

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"csbackup/internal/filestore"
)

// Kept is one version that was set aside.
type Kept struct {
	ID      string // its place below Versions
	Path    string // the logical path that it stood under
	Kind    string // replaced, deleted or conflict
	Size    int64
	ModTime time.Time
	When    time.Time // when it was set aside, by the host's clock of that time
}

// Versions lists at most limit kept versions of paths that begin with the given one ("" for all), from the one
// after an ID on ("" for the first). The newest come first, by the service clock: the host's may have been
// wrong. Fewer than limit are the last ones.
func (r *Replica) Versions(logical, after string, limit int) ([]Kept, error) {
	r.versions.removing.Lock()
	err := r.compareKept()
	r.versions.removing.Unlock()
	if err != nil {
		return nil, err
	}
	l := lister{Replica: r, logical: logical, limit: limit}
	last, rest, _ := strings.Cut(after, "/")
	passed := ""
	for until := last; ; until = passed {
		batches, err := r.Index.KeptUntil(until, batchesAtOnce)
		if err != nil {
			return nil, err
		}
		for _, b := range batches {
			if b.Batch == passed {
				continue
			}
			var from []string
			if b.Batch == last {
				from = strings.Split(rest, "/")
			}
			if err := l.batch(b.Batch, from); err != nil || len(l.found) == limit {
				return l.found, err
			}
			passed = b.Batch
		}
		if len(batches) < batchesAtOnce {
			return l.found, nil
		}
	}
}

// lister lists kept versions in the order of their names, batch by batch.
type lister struct {
	*Replica
	logical string
	limit   int
	found   []Kept
}

// batch lists a batch after a name in it, nil for all of it.
func (l *lister) batch(name string, after []string) error {
	_, when, ok := batchClock(name)
	if !ok {
		return nil
	}
	err := l.folder(name, "", when, after)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // retention removed it meanwhile
	}
	if err != nil {
		return fmt.Errorf("list kept versions: %w", err)
	}
	return nil
}

// folder lists a folder of a batch: "", one of the kinds, or one below these.
func (l *lister) folder(batch, below string, when time.Time, after []string) error {
	infos, err := l.Store.ReadDir(strings.TrimSuffix(l.Base+"/Versions/"+batch+"/"+below, "/"))
	if err != nil {
		return err
	}
	for _, info := range infos {
		var inside []string
		if len(after) > 0 && info.Name <= after[0] {
			if info.Name < after[0] || info.Kind != filestore.Folder {
				continue
			}
			inside = after[1:]
		}
		name := strings.TrimPrefix(below+"/"+info.Name, "/")
		kind, p, _ := strings.Cut(name, "/")
		if info.Kind == filestore.Folder {
			if l.mayHold(kind, p) {
				err = l.folder(batch, name, when, inside)
			}
		} else if p != "" {
			err = l.file(batch+"/"+name, kind, p, when, info)
		}
		if err != nil || len(l.found) == l.limit {
			return err
		}
	}
	return nil
}

// mayHold tells whether a folder may hold versions of the paths that are asked for.
func (l *lister) mayHold(kind, p string) bool {
	return p == "" || strings.HasSuffix(kind, tilde) ||
		strings.HasPrefix(p+"/", l.logical) || strings.HasPrefix(l.logical, p+"/")
}

func (l *lister) file(id, kind, p string, when time.Time, info filestore.Info) error {
	if strings.HasSuffix(kind, tilde) && strings.HasSuffix(p, nameSuffix) {
		return nil
	}
	p, err := l.keptPath(id)
	if err != nil || !strings.HasPrefix(p, l.logical) {
		return err
	}
	l.found = append(l.found, Kept{ID: id, Path: p, Kind: strings.TrimSuffix(kind, tilde), Size: info.Size,
		ModTime: time.Unix(0, info.ModTime).UTC(), When: when})
	return nil
}

// keptPath gives the logical path of a kept version.
func (r *Replica) keptPath(id string) (string, error) {
	_, rest, _ := strings.Cut(id, "/")
	kind, p, ok := strings.Cut(rest, "/")
	if !ok {
		return "", fmt.Errorf("%q names no kept version", id)
	}
	if !strings.HasSuffix(kind, tilde) {
		return p, nil
	}
	raw, err := read(r.Store, r.Base+"/Versions/"+id+nameSuffix)
	return string(raw), err
}

// walk visits everything below a folder, what is in a folder before the folder itself.
func (r *Replica) walk(folder string, visit func(name string, info filestore.Info) error) error {
	infos, err := r.Store.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, info := range infos {
		name := folder + "/" + info.Name
		if info.Kind == filestore.Folder {
			if err := r.walk(name, visit); err != nil {
				return err
			}
		}
		if err := visit(name, info); err != nil {
			return err
		}
	}
	return nil
}
