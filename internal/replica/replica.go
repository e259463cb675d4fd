package replica

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// Root is one replicated folder: its name in logical paths and its place in the store.
type Root struct {
	Name   string // "CollabContent"
	Folder string // "1-WebServices-1/CollabContent"
}

// Options say what a replica works on.
type Options struct {
	Pool, Partner string // FQDNs
	Module        string // full identity
	Version       string // of the program
	Store         filestore.Store
	Where         string // the store's path, for people
	Index         *index.Index
	Roots         []Root
	Base          string               // the replica's own folder in the store: "1-BackupService-3/BackupStore/DataConf"
	Elapsed       func() time.Duration // how long the service has run, by a clock that never jumps
	Now           func() time.Time     // for the names of kept versions, which people read, and the age of transfers that were cut
	Settle        func() time.Duration // how long a path must have been gone before its deletion travels
	Settings      func() []byte        // what Hello and Welcome carry for the partner
	Offered       func([]byte)         // hears the partner's settings
	Guard         func() error         // asked before each batch is published: may this process still write?
	Readers       int                  // files that a look reads at a time; with 0 one follows the other
	Retention     Retention            // how long kept versions stay
}

// Replica is one side of one module. Its methods may be called from several goroutines.
type Replica struct {
	Options
	granularity int64 // nanoseconds to which the store keeps times
	start       int64 // service clock, in seconds, when this process began
	saved       int64 // service clock when it was last kept; guarded by looking

	// writing orders everything that changes both disk and index; looking lets one look run at a time.
	writing, looking sync.Mutex
	follow           follow
	sessions         sessions // of the partner
	displacements    displacements
	// temporary and batches number names that must differ.
	temporary, batches atomic.Uint64
	owing              sync.Mutex
	versions           versions         // that are kept
	unflushed          map[string]error // folders whose entries may not be durable, with what failed last; owing guards it

	state struct {
		sync.Mutex
		store     string            // why the store is not the known one, or ""
		holds     map[string]string // why the loss brake holds a root
		heldBack  string            // why something that the partner asks for is held back, or ""
		conflicts int64
		volumes   map[string]bool // folders that are volumes of their own; replaced as a whole
	}
}

type identity struct {
	Pool       string
	Store      string
	Generation uint64
}

// Open prepares a replica: it makes its folders where the store is sound, sweeps what an interrupted
// run left half-written, and reads its clock.
func Open(o Options) (*Replica, error) {
	r := &Replica{Options: o, unflushed: map[string]error{}}
	r.sessions.slot = make(chan struct{}, 1)
	r.versions.inUse = map[string]int{}
	r.state.holds = map[string]string{}
	if err := errors.Join(r.loadHolds(), r.loadHeldBack(), r.loadVolumes()); err != nil {
		return nil, err
	}
	r.granularity = max(1, o.Store.Properties().TimeGranularity)
	clock, err := o.Index.Meta("clock")
	if err != nil {
		return nil, err
	}
	r.start, _ = strconv.ParseInt(string(clock), 10, 64)
	if newest, err := r.newestVersion(); err == nil {
		r.start = max(r.start, newest+1)
	}
	if raw, err := o.Index.Meta("conflicts"); err == nil {
		r.state.conflicts, _ = strconv.ParseInt(string(raw), 10, 64)
	}
	r.saved = r.start
	return r, errors.Join(r.sweep(), r.flushEarlier())
}

// Clock is the service clock: the seconds that services have run on this store, over all restarts.
func (r *Replica) Clock() int64 { return r.start + int64(r.Elapsed()/time.Second) }

// saveClock remembers the service clock now and then, so that ages go on after a restart.
func (r *Replica) saveClock() error {
	const every = 60
	now := r.Clock()
	if now-r.saved < every {
		return nil
	}
	r.saved = now
	return r.setMeta("clock", strconv.FormatInt(now, 10))
}

// RememberSync keeps in an index, over restarts, whether a full comparison was asked for and is not done.
func RememberSync(x *index.Index, wanted bool) error {
	return setMeta(x, "sync-wanted", map[bool]string{true: "yes", false: ""}[wanted])
}

// SyncRemembered tells whether a full comparison was asked for and is not done.
func (r *Replica) SyncRemembered() (bool, error) {
	raw, err := r.Index.Meta("sync-wanted")
	return len(raw) > 0, err
}

// Conflicts is the number of conflicts that were settled on this side; the losing versions are kept.
func (r *Replica) Conflicts() int64 {
	r.state.Lock()
	defer r.state.Unlock()
	return r.state.conflicts
}

// hasTime tells whether a file's time on this store is the wanted one, as far as the store can keep it.
// The finer time is the file's all the same, and is what travels on.
func (r *Replica) hasTime(info filestore.Info, wanted int64) bool {
	return r.keptTime(info.ModTime) == r.keptTime(wanted)
}

// keptTime is what the store makes of a time.
func (r *Replica) keptTime(ns int64) int64 {
	return ns - ((ns%r.granularity)+r.granularity)%r.granularity
}

// place gives the store's name of a logical path.
func (r *Replica) place(logical string) (string, error) {
	name, rest, _ := strings.Cut(logical, "/")
	for _, root := range r.Roots {
		if root.Name != name {
			continue
		}
		if rest == "" {
			return root.Folder, nil
		}
		return root.Folder + "/" + rest, nil
	}
	return "", fmt.Errorf("%q is not below a folder of %s: %w", logical, r.Module, filestore.ErrName)
}

// skipped names are never copied and never deleted: the conferencing service holds Meeting.Active
// open while a meeting runs.
func skipped(name string) bool { return strings.EqualFold(name, "Meeting.Active") }

// marker checks that the store is the one that the index belongs to. It returns "" when it is, or
// the reason why it is not.
func (r *Replica) marker() (string, error) {
	known, err := r.Index.Meta("store")
	if err != nil {
		return "", err
	}
	raw, err := r.read(r.Base + "/store.json")
	if errors.Is(err, fs.ErrNotExist) {
		if known == nil {
			return "", r.mark()
		}
		return "the store's marker is gone: the file store is not mounted, was emptied, or was replaced", nil
	}
	if err != nil {
		return "", err
	}
	var there, mine identity
	if json.Unmarshal(raw, &there) != nil || !strings.EqualFold(there.Pool, r.Pool) {
		return fmt.Sprintf("the file store belongs to another pool (%q), not to %s; if %[2]s was called so before, run: csbackup store adopt --pool-fqdn %[2]s", there.Pool, r.Pool), nil
	}
	if known == nil {
		return "", r.Index.Update(func(tx *index.Tx) error { return tx.SetMeta("store", raw) })
	}
	if err := json.Unmarshal(known, &mine); err != nil {
		return "", fmt.Errorf("read the store's identity from the index: %w", err)
	}
	switch {
	case there.Store != mine.Store:
		return "the file store was replaced by another one of this pool", nil
	case there.Generation < mine.Generation:
		return "the file store was replaced by an older copy of itself", nil
	case there.Generation > mine.Generation:
		return "", r.behind(raw)
	}
	return "", nil
}

// behind deals with an index that has a lower generation than its store: either a new marker was written
// and a loss of power came before the index knew of it, or the index is an older copy of itself.
func (r *Replica) behind(there []byte) error {
	meant, err := r.Index.Meta("store-next")
	if err != nil {
		return err
	}
	if !bytes.Equal(meant, there) {
		if err := r.Index.Renew(); err != nil {
			return err
		}
	}
	return r.Index.Update(func(tx *index.Tx) error { return tx.SetMeta("store", there) })
}

// mark gives the store a new marker, of the next generation.
func (r *Replica) mark() error {
	var id identity
	known, err := r.Index.Meta("store")
	if err != nil {
		return err
	}
	if known != nil {
		if err := json.Unmarshal(known, &id); err != nil {
			return fmt.Errorf("read the store's identity from the index: %w", err)
		}
	}
	id.Pool, id.Generation = r.Pool, id.Generation+1
	if id.Store == "" {
		id.Store = strconv.FormatUint(uint64(r.Index.Replica()), 16)
	}
	raw, err := json.Marshal(id)
	if err != nil {
		return err
	}
	if err := r.makeOwn("Temp"); err != nil {
		return err
	}
	// The store first: an index that is one generation behind its store, and meant to, is no reason to stop.
	if err := r.Index.Update(func(tx *index.Tx) error { return tx.SetMeta("store-next", raw) }); err != nil {
		return err
	}
	if err := r.overwrite(r.Base+"/store.json", raw); err != nil {
		return err
	}
	return r.Index.Update(func(tx *index.Tx) error { return tx.SetMeta("store", raw) })
}

// Renew raises the store's generation, so that an older copy put in its place is noticed. It does
// nothing while the store is not the one that is known.
func (r *Replica) Renew() error {
	reason, err := r.marker()
	if err != nil || reason != "" {
		return err
	}
	return r.mark()
}

func (r *Replica) read(name string) ([]byte, error) {
	f, err := r.Store.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return raw, nil
}

// makeOwn makes a folder of the replica's own and those above it, durably: else a loss of power would
// take them with all that is kept in them.
func (r *Replica) makeOwn(name string) error { return r.makeLasting(r.Base + "/" + name) }

// makeLasting makes a folder and those above it, durably.
func (r *Replica) makeLasting(folder string) error {
	made, err := r.Store.MakeFolder(folder)
	for _, m := range made {
		if flushErr := r.Store.FlushFolders(r.context(), []string{path.Dir(m)}); flushErr != nil {
			r.owe(path.Dir(m))
			err = errors.Join(err, flushErr, r.rememberOwed())
		}
	}
	return err
}

// overwrite replaces a small file of the replica's own, durably.
func (r *Replica) overwrite(name string, content []byte) error {
	temp := r.temp("own")
	w, err := r.Store.Create(temp)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := r.Store.Flush(r.context(), []string{temp}); err != nil {
		return err
	}
	err = r.Store.Publish(temp, name)
	if errors.Is(err, fs.ErrExist) {
		aside := r.temp("old")
		if err = r.Store.Exchange(temp, name, aside); err == nil {
			err = r.Store.Remove(aside)
		}
	}
	if err != nil {
		return err
	}
	return r.Store.FlushFolders(r.context(), []string{path.Dir(name), r.Base + "/Temp"})
}
