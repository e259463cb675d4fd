package replica

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
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

// kept gives the names under which one batch sets versions aside. Their folders are durable before anything
// moves into them: else a loss of power could take what was displaced from both places.
type kept struct {
	*Replica
	folder  string
	durable map[string]bool
	failed  error // the folders could not be made durable, and nothing may be set aside
}

func (r *Replica) newKept() *kept {
	return &kept{Replica: r, durable: map[string]bool{},
		folder: fmt.Sprintf("%s/Versions/%012d-%s-%04x", r.Base, r.Clock(), r.Now().UTC().Format("20060102T150405Z"), r.batches.Add(1)&0xffff)}
}

// prepare makes the folders that a batch is going to need, all at once as far as they are known.
func (k *kept) prepare(steps []*step) {
	var folders []string
	for _, s := range steps {
		if s.failed == "" && s.displaces() {
			folders = append(folders, path.Dir(k.aside(s.keptAs(), s.theirs.Path)))
		}
	}
	_ = k.make(folders) // what fails is told when a name in it is asked for
}

// make makes folders, durably.
func (k *kept) make(folders []string) error {
	entries := map[string]bool{}
	var problem error
	for _, folder := range folders {
		if _, err := k.Store.MakeFolder(folder); err != nil {
			problem = err
			continue
		}
		k.durable[folder] = true
		for above := folder; above != k.Base; above = path.Dir(above) {
			entries[path.Dir(above)] = true
		}
	}
	if len(entries) > 0 && k.failed == nil {
		_, k.failed = k.flush(k.context(), entries)
	}
	return cmp.Or(k.failed, problem)
}

func (k *kept) aside(kind, logical string) string { return k.folder + "/" + kind + "/" + logical }

// name gives the name under which a version is set aside. What comes to stand there is durable once the
// touched folders are.
func (k *kept) name(kind, logical string, touched map[string]bool) (string, error) {
	name := k.aside(kind, logical)
	if folder := path.Dir(name); k.failed != nil || !k.durable[folder] {
		if err := k.make([]string{folder}); err != nil {
			return "", fmt.Errorf("make the folder for a version to be kept: %w", err)
		}
	}
	touched[path.Dir(name)] = true
	return name, nil
}

// newestVersion is the service clock of the newest kept version, for a side whose state was lost.
func (r *Replica) newestVersion() (int64, error) {
	infos, err := r.Store.ReadDir(r.Base + "/Versions")
	if err != nil || len(infos) == 0 {
		return -1, err
	}
	clock, _, _ := strings.Cut(infos[len(infos)-1].Name, "-")
	return strconv.ParseInt(clock, 10, 64)
}

// Versions lists kept versions, newest first, of paths that begin with the given one ("" for all).
func (r *Replica) Versions(logical string) ([]Kept, error) {
	batches, err := r.Store.ReadDir(r.Base + "/Versions")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list kept versions: %w", err)
	}
	var all []Kept
	for _, batch := range slices.Backward(batches) {
		parts := strings.Split(batch.Name, "-")
		if len(parts) != 3 {
			continue
		}
		when, err := time.Parse("20060102T150405Z", parts[1])
		if err != nil {
			continue
		}
		err = r.walk(r.Base+"/Versions/"+batch.Name, func(name string, info filestore.Info) error {
			id := strings.TrimPrefix(name, r.Base+"/Versions/")
			_, rest, _ := strings.Cut(id, "/")
			kind, p, ok := strings.Cut(rest, "/")
			if ok && info.Kind == filestore.File && strings.HasPrefix(p, logical) {
				all = append(all, Kept{id, p, kind, info.Size, time.Unix(0, info.ModTime).UTC(), when})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
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

// Prune removes kept versions that are older than the retention time, counted in running seconds of
// the service, so that a wrong clock can never empty the folder.
func (r *Replica) Prune(retention time.Duration) error {
	batches, err := r.Store.ReadDir(r.Base + "/Versions")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prune kept versions: %w", err)
	}
	for _, batch := range batches {
		clock, _, _ := strings.Cut(batch.Name, "-")
		kept, err := strconv.ParseInt(clock, 10, 64)
		if err != nil || r.Clock()-kept <= int64(retention/time.Second) {
			continue
		}
		folder := r.Base + "/Versions/" + batch.Name
		err = r.walk(folder, func(name string, _ filestore.Info) error { return r.Store.Remove(name) })
		if err == nil {
			err = r.Store.Remove(folder)
		}
		if err != nil {
			return fmt.Errorf("prune kept versions: %w", err)
		}
	}
	return nil
}
