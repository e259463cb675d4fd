package replica

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// A folder within a root may be a volume of its own, or be exchanged for another one by whatever mounts and links
// there are. When its files are gone then, nobody has deleted them: that is a loss, however few they are.

// subfolder looks at a folder that is there.
func (l *look) subfolder(p, place string, info filestore.Info, it index.Item) error {
	known := it.Kind == index.Folder && it.State == index.Present
	next := index.Item{Path: p, Kind: index.Folder, Identity: info.Identity, Withheld: info.Withheld}
	if l.foreign && it.Kind == index.Tombstone {
		// It may have come back with an older copy of the store. If anything stays in it, that makes it known.
		l.returned.folders = append(l.returned.folders, p)
	} else if !known {
		if err := l.differs(it, next); err != nil {
			return err
		}
	}
	above := l.volume
	volume := above != 0 && info.Volume != 0 && above != info.Volume
	if volume {
		l.volumes = append(l.volumes, p)
	}
	l.volume = info.Volume
	empty, err := l.folder(p, place)
	l.volume = above
	if err != nil || !known {
		return err
	}
	o := observation{it.Sequence, it.State, next}
	switch {
	case above != 0 && !volume && l.isVolume(p), empty && it.Identity != 0 && it.Identity != info.Identity:
		l.replaced = append(l.replaced, o)
	case it.Identity != info.Identity || it.Withheld != info.Withheld:
		return l.differs(it, next)
	}
	return nil
}

// vacated finds, among the folders that are other ones than they were, one of which files are gone that were not
// moved. The others are the ones that are meant from now on.
func (l *look) vacated(moved map[string]bool) error {
	if len(l.replaced) == 0 {
		return nil
	}
	gone := map[string]int64{}
	for it, err := range l.allMissing() {
		if err != nil {
			return err
		}
		if it.Kind != index.File || moved[it.Path] {
			continue
		}
		for _, o := range l.replaced {
			if strings.HasPrefix(it.Path, o.after.Path+"/") {
				gone[o.after.Path]++
			}
		}
	}
	for _, o := range l.replaced {
		if files := gone[o.after.Path]; files > 0 {
			l.evidence.Vacant, l.evidence.VacantFiles = o.after.Path, files
		} else if o.after.Kind == index.Folder && o.after.Sequence == 0 { // seen on the disk
			l.batch = append(l.batch, o)
		}
	}
	return nil
}

func (r *Replica) volumesKey(root string) string { return "volumes-" + root }

// volumesOf lists the folders of a root that were volumes of their own when all was well.
func (r *Replica) volumesOf(root string) (paths []string, err error) {
	raw, err := r.Index.Meta(r.volumesKey(root))
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(raw, &paths); err != nil {
		return nil, fmt.Errorf("read from the index which folders of %s are volumes: %w", root, err)
	}
	return paths, nil
}

func (r *Replica) setVolumes(root string, paths []string) error {
	value := ""
	if len(paths) > 0 {
		raw, err := json.Marshal(paths)
		if err != nil {
			return err
		}
		value = string(raw)
	}
	if err := r.setMeta(r.volumesKey(root), value); err != nil {
		return err
	}
	return r.loadVolumes()
}

// loadVolumes reads the folders of all roots that are volumes of their own.
func (r *Replica) loadVolumes() error {
	known := map[string]bool{}
	for _, root := range r.Roots {
		paths, err := r.volumesOf(root.Name)
		if err != nil {
			return err
		}
		for _, p := range paths {
			known[p] = true
		}
	}
	r.state.Lock()
	r.state.volumes = known
	r.state.Unlock()
	return nil
}

// isVolume tells whether a folder was a volume of its own when all was well.
func (r *Replica) isVolume(p string) bool {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.volumes[p]
}

// errUnmounted: a path lies on a volume that is not mounted, and is not to be written below its mount point.
var errUnmounted = errors.New("the volume that it lies on is not mounted: mount it, and the next cycle goes on by itself")

// mounted refuses a path that lies on a volume within the root which is not there now.
func (r *Replica) mounted(logical string) error {
	r.state.Lock()
	volumes := r.state.volumes
	r.state.Unlock()
	if len(volumes) == 0 {
		return nil
	}
	for at := path.Dir(logical); strings.Contains(at, "/"); at = path.Dir(at) {
		if !volumes[at] {
			continue
		}
		place, err := r.place(at)
		if err != nil {
			return err
		}
		here, err := r.Store.Lstat(place)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", at, errUnmounted)
		}
		if err != nil {
			return err
		}
		above, err := r.Store.Lstat(path.Dir(place))
		if err != nil {
			return err
		}
		if here.Volume == above.Volume {
			return fmt.Errorf("%s: %w", at, errUnmounted)
		}
	}
	return nil
}
