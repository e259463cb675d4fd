package replica

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/index"
)

// Kept versions lie below Versions: one folder a batch, named by the service clock, the host's time and a
// number; in it one folder for each kind; and in that the version under its path. The folder of a kind with
// tilde behind it has those whose names would be too long: each under the hash of its path, beside a file with
// the same name and nameSuffix that holds the path.
const (
	tilde      = "~"
	nameSuffix = ".path"
)

// keptNameBytes and keptNameLevels are how much a version's path may lengthen what its name stands in.
const (
	keptNameBytes  = maxPathBytes - 512
	keptNameLevels = maxPathLevels - 16
)

// kept gives the names under which one batch sets versions aside. Their folders are durable before anything
// moves into them: else a loss of power could take what was displaced from both places.
type kept struct {
	*Replica
	batch   index.KeptBatch
	durable map[string]bool
	failed  error // the folders could not be made durable, and nothing may be set aside
}

// newKept begins a batch of kept versions. Until it is done, retention leaves it alone.
func (r *Replica) newKept() *kept {
	name := fmt.Sprintf("%012d-%s-%04x", r.Clock(), r.Now().UTC().Format("20060102T150405Z"), r.batches.Add(1)&0xffff)
	r.use(name)
	return &kept{Replica: r, durable: map[string]bool{}, batch: index.KeptBatch{Batch: name}}
}

// done ends a batch. What it holds is kept in the index, unless record did that already.
func (k *kept) done(recorded bool) error {
	k.leave(k.batch.Batch)
	switch {
	case k.batch.Files == 0 && len(k.durable) > 0:
		_ = k.removeBatch(k.batch.Batch) // empty folders: what stays of them goes when kept versions are compared
		return nil
	case recorded || k.batch.Files == 0:
		return nil
	}
	return k.Index.Update(k.record)
}

// record writes to the index what the batch holds.
func (k *kept) record(tx *index.Tx) error {
	if k.batch.Files == 0 {
		return nil
	}
	return tx.PutKept(k.batch)
}

// use keeps retention from a batch until leave.
func (r *Replica) use(batch string) {
	r.versions.Lock()
	defer r.versions.Unlock()
	r.versions.inUse[batch]++
}

// leave lets retention take a batch again.
func (r *Replica) leave(batch string) {
	r.versions.Lock()
	defer r.versions.Unlock()
	if r.versions.inUse[batch]--; r.versions.inUse[batch] == 0 {
		delete(r.versions.inUse, batch)
	}
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
		if k.durable[folder] {
			continue
		}
		made, err := k.Store.MakeFolder(folder)
		if err = errors.Join(err, k.private("Versions", made)); err != nil {
			problem = err
			continue
		}
		for above := folder; above != k.Base && !k.durable[above]; above = path.Dir(above) {
			k.durable[above] = true
			entries[path.Dir(above)] = true
		}
	}
	if len(entries) > 0 && k.failed == nil {
		_, k.failed = k.flush(k.context(), entries)
	}
	return cmp.Or(k.failed, problem)
}

// aside is the name of a version of a kind in this batch.
func (k *kept) aside(kind, logical string) string {
	above := k.Base + "/Versions/" + k.batch.Batch + "/" + kind
	if len(logical) <= keptNameBytes && strings.Count(logical, "/") < keptNameLevels {
		return above + "/" + logical
	}
	sum := sha256.Sum256([]byte(logical))
	return above + tilde + "/" + hex.EncodeToString(sum[:16])
}

// name gives the name under which a version is set aside. What comes to stand there is durable once the
// touched folders are.
func (k *kept) name(kind, logical string, touched map[string]bool) (string, error) {
	name := k.aside(kind, logical)
	folder := path.Dir(name)
	if k.failed != nil || !k.durable[folder] {
		if err := k.make([]string{folder}); err != nil {
			return "", fmt.Errorf("make the folder for a version to be kept: %w", err)
		}
	}
	if strings.HasSuffix(folder, "/"+kind+tilde) {
		if err := k.writePath(name+nameSuffix, logical); err != nil {
			return "", fmt.Errorf("write down the path of a version to be kept: %w", err)
		}
	}
	touched[folder] = true
	return name, nil
}

// writePath writes the path of a version that is kept under a hash.
func (k *kept) writePath(name, logical string) error {
	w, err := k.Store.Create(name)
	if errors.Is(err, fs.ErrExist) {
		return nil // the version could not be set aside at first
	}
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(logical))
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	return k.Store.Flush(k.context(), []string{name})
}

// took counts a version that was set aside, and tells its size; was is what the index had of it.
func (k *kept) took(name string, was *index.Item) (bytes int64) {
	k.batch.Files++
	if was != nil && was.Kind == index.File && was.State == index.Present {
		bytes = was.Size
	} else if info, err := k.Store.Lstat(name); err == nil {
		bytes = info.Size
	}
	k.batch.Bytes += bytes
	return bytes
}

// gave counts off a version that a step set aside and that stands in a place again.
func (k *kept) gave(s *step) error {
	name := s.aside
	s.aside = ""
	k.batch.Files--
	k.batch.Bytes -= s.asideBytes
	if strings.HasSuffix(path.Dir(name), tilde) {
		return k.Store.Remove(name + nameSuffix)
	}
	return nil
}

// batchClock is the service clock and the host's time in a batch's name.
func batchClock(name string) (clock int64, when time.Time, ok bool) {
	parts := strings.Split(name, "-")
	if len(parts) != 3 {
		return 0, time.Time{}, false
	}
	clock, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return 0, time.Time{}, false
	}
	when, err = time.Parse("20060102T150405Z", parts[1])
	return clock, when, err == nil
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
