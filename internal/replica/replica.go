package replica

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
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
	Admit         func(filestore.Info) // hears of a store, by its root, before it is taken for the known one; may be nil
	Readers       int                  // files that a look reads at a time; with 0 one follows the other
	Resumable     int64                // as in exchange.Options
	WindowItems   int                  // items of one window; 0 takes what fits
	Turn          func()               // called when somebody goes on who had to wait for a lock; nil but in tests that repeat one course of events
	Retention     Retention            // how long kept versions stay
	Grace         time.Duration        // of the service's running time, how long tombstones stay; 0 stands for DefaultGrace
}

// Replica is one side of one module. Its methods may be called from several goroutines.
type Replica struct {
	Options
	granularity int64  // nanoseconds to which the store keeps times
	life        string // names this replica of all that worked on the store
	start       int64  // service clock, in seconds, when this process began
	saved       int64  // service clock when it was last kept; guarded by looking
	forgotAt    int64  // service clock when old tombstones were last looked for; guarded by looking

	// writing orders everything that changes both disk and index; looking lets one look run at a time.
	writing, looking lock
	follow           follow
	sessions         sessions     // of the partner
	littered         atomic.Bool  // something may be left in Temp
	sweptAt          atomic.Int64 // when Temp was swept last, by Elapsed
	displacements    displacements
	unanswered       unanswered
	// temporary and batches number names that must differ.
	temporary, batches atomic.Uint64
	owing              sync.Mutex
	versions           versions         // that are kept
	unflushed          map[string]error // folders whose entries may not be durable, with what failed last; owing guards it
	allUnflushed       bool             // so may those of all folders of the store that was away when the process began; owing guards it

	state struct {
		sync.Mutex
		store     string            // why the store is not the known one, or ""
		foreign   bool              // it was found not to be the known one ...
		since     time.Duration     // ... and when, for the first time
		root      filestore.Info    // of that store
		holds     map[string]string // why the loss brake holds a root
		heldBack  string            // why something that the partner asks for is held back, or ""
		conflicts int64
		volumes   map[string]bool // folders that are volumes of their own; replaced as a whole
	}
}

// Open prepares a replica: it makes its folders where the store is sound, sweeps what an interrupted
// run left half-written, and reads its clock.
func Open(o Options) (*Replica, error) {
	r := &Replica{Options: o, unflushed: map[string]error{}, life: rand.Text()}
	r.writing, r.looking, r.versions.removing = newLock(o.Turn), newLock(o.Turn), newLock(o.Turn)
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

// read reads a small file of the service's own.
func read(store filestore.Store, name string) ([]byte, error) {
	f, err := store.Open(name)
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

// othersRights are the permission bits of everybody but the owner.
const othersRights = 0o077

// private keeps a folder of the replica's own from everybody else, when it was made just now: what lies in
// it has the rights of its file, but not those of the folders in which the file stood.
func (r *Replica) private(name string, made []string) error {
	if folder := r.Base + "/" + name; slices.Contains(made, folder) {
		return r.Store.Rights(folder, folder, othersRights)
	}
	return nil
}

// makeLasting makes a folder and those above it, durably.
func (r *Replica) makeLasting(folder string) error {
	made, err := r.Store.MakeFolder(folder)
	err = errors.Join(err, r.private("Temp", made))
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
