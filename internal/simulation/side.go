package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/index/indextest"
	"csbackup/internal/replica"
	"csbackup/internal/simulation/statedisk"
)

// The errors that simulated hardware gives.
var (
	errPower     = errors.New("the power is gone")
	errUnmounted = errors.New("the volume is not mounted")
	errTransient = errors.New("input/output error")
)

// roots are the replicated folders of a module.
var roots = []string{"CollabContent", "CollabMetadata"}

const moduleName = "ConfServices.DataConf"

const base = "backup/BackupStore/DataConf"

// The sizes of production, made small: contents of this size come in parts, in frames of that one.
const (
	resumable = 24
	chunk     = 16
)

// settling is how long a path must be gone before its deletion travels.
const settling = 5 * time.Second

// side is one pool: its file store, the disk of its host, and the service that runs there or not.
type side struct {
	number        int
	pool, partner string
	folder        string // the pool's own folder in its store
	random        *rand.Rand

	turns    *turns // of the week
	store    *filestore.Memory
	bare     *filestore.Memory // the empty mount point
	taken    filestore.Info    // the root of a store that an order took for this side's
	away     bool              // nothing is mounted: the mount point stands under the path
	disk     *statedisk.Disk
	diskName string

	index   *index.Index
	replica *replica.Replica // nil while the service does not run
	elapsed time.Duration
	clock   time.Time // the host's clock, which may be wrong by years

	steps   int // operations on the store, the disk and the line since the last start
	crashAt int // the step at which the power goes; 0 for never
	dead    bool
	left    *filestore.Memory // what the crash left
	drive   *statedisk.Disk

	held                       []string // files that programs hold
	windowItems                int
	acting                     atomic.Int32 // goroutines that act for this side
	full, stateFull, unmounted bool
	failing                    func(op, name string) error // says which operation fails, beside the others; may be nil
	flaky                      int                         // one operation in so many fails; 0 for none
	confirmed                  bool                        // an administrator confirmed what the partner asks for
	down                       error                       // why the service did not come up the last time
	within                     error                       // an operation on the store was called within an update of the index
	meddle                     func(op string)
	faulty                     func()               // hears of each operation that fails; may be nil
	trace                      func(string, ...any) // hears each operation; may be nil
}

var diskNumber atomic.Uint64

func newSide(t *turns, number int, random *rand.Rand, options filestore.MemoryOptions) *side {
	mountPoint := options
	mountPoint.Volume = 1000 // what is mounted on it is another one
	s := &side{turns: t, windowItems: 1 + random.IntN(8), bare: filestore.NewMemory(mountPoint), number: number, pool: fmt.Sprintf("pool%d.example", number+1), partner: fmt.Sprintf("pool%d.example", 2-number),
		folder: fmt.Sprintf("%d-WebServices-%d", number+1, number+1), random: random,
		store: filestore.NewMemory(options), disk: statedisk.New(),
		clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.diskName = fmt.Sprintf("disk-%d", diskNumber.Add(1))
	s.use(s.disk)
	return s
}

func (s *side) use(d *statedisk.Disk) {
	s.disk = d
	d.Step = func() error {
		if err := s.step(""); err != nil {
			return sqlite3.IOERR
		}
		if s.stateFull {
			return sqlite3.FULL
		}
		return nil
	}
	statedisk.Mount(s.diskName, d)
}

// step counts an operation, and lets happen what is to happen at it.
func (s *side) step(op string) error {
	if s.dead {
		return errPower
	}
	s.steps++
	if s.steps == s.crashAt {
		s.left, s.drive = s.store.Crash(s.random.Uint64()), s.disk.Crash(s.random)
		s.dead = true
		return errPower
	}
	if op != "" && s.meddle != nil {
		s.meddle(op)
	}
	return nil
}

// standing is what stands under the store's path.
func (s *side) standing() *filestore.Memory {
	if s.away {
		return s.bare
	}
	return s.store
}

// admits tells, as the service does, whether a store that came under the path may be changed.
func (s *side) admits(store filestore.Store) error {
	knows, recognized, err := replica.Recognizes(s.index, store, base)
	if err != nil || recognized {
		s.taken = filestore.Info{}
		return err
	}
	root, err := store.Lstat(".")
	if err != nil || !knows || s.taken.Kind != 0 && s.taken.Identity == root.Identity && s.taken.Volume == root.Volume {
		return err
	}
	return errors.New("it is not the one that was there until now")
}

// decide is what the file store's wrapper asks before each operation.
func (s *side) decide(op, name string) error {
	if indextest.WithinUpdate() { // nobody who waits for the index may wait for a turn
		s.within = fmt.Errorf("P24: %s of %q within an update of the index", op, name)
		return s.outcome(op, name)
	}
	return s.turns.take(s.pool+" "+op+" "+name, nil, func() error { return s.outcome(op, name) })
}

// outcome says how an operation goes.
func (s *side) outcome(op, name string) error {
	if s.trace != nil {
		s.trace("  %s %s %s", s.pool, op, name)
	}
	if err := s.step(op); err != nil {
		return err
	}
	if s.failing != nil {
		if err := s.failing(op, name); err != nil {
			return err
		}
	}
	err := s.trouble(op, name)
	if err != nil && s.faulty != nil {
		s.faulty()
	}
	return err
}

// trouble is the error with which an operation fails, nil for none.
func (s *side) trouble(op, name string) error {
	switch {
	case s.unmounted:
		return errUnmounted
	case s.full && (op == "create" || op == "write" || op == "makefolder"):
		return fmt.Errorf("%s %q: %w", op, name, filestore.ErrFull)
	case s.flaky > 0 && s.random.IntN(s.flaky) == 0:
		return fmt.Errorf("%s %q: %w", op, name, errTransient)
	}
	return nil
}

// start runs the service as the program does: it opens the index, which must be sound, and the replica.
func (s *side) start() error {
	s.steps, s.crashAt, s.dead, s.elapsed, s.taken = 0, 0, false, 0, filestore.Info{}
	x, err := index.Open(s.diskName+"/index", index.Options{VFS: statedisk.System,
		NewReplica: func() index.Replica { return index.Replica(s.random.Uint64()) }})
	if err != nil {
		if s.stateFull {
			return nil
		}
		return fmt.Errorf("%s: open the index: %w", s.pool, err)
	}
	s.index = x
	store := filestore.NewFaulty(&following{now: s.standing, admit: s.admits}, s.decide)
	var places []replica.Root
	for _, name := range roots {
		places = append(places, replica.Root{Name: name, Folder: s.folder + "/" + name})
	}
	r, err := replica.Open(replica.Options{
		Pool: s.pool, Partner: s.partner, Module: moduleName, Version: "simulation", Store: store, Index: x,
		Roots: places, Base: base, Elapsed: func() time.Duration { return s.elapsed }, Now: func() time.Time { return s.clock },
		Settle: func() time.Duration { return settling }, Settings: func() []byte { return nil },
		Offered: func([]byte) {}, Guard: func() error { return nil },
		Admit: func(root filestore.Info) { s.taken = root }, Resumable: resumable, WindowItems: s.windowItems,
		Turn: func() { _ = s.turns.take(s.pool+" goes on", nil, func() error { return nil }) },
	})
	if err == nil {
		err = r.Renew()
	}
	if s.down = err; err != nil { // the service does not come up; it is tried again later
		return x.Close()
	}
	s.replica = r
	return nil
}

// stop ends the service in good order.
func (s *side) stop() error {
	if s.replica == nil {
		return nil
	}
	s.replica = nil
	return s.index.Close()
}

// crash takes the power away between two operations, or finds what a crash at an operation left.
func (s *side) crash() {
	if !s.dead {
		s.left, s.drive = s.store.Crash(s.random.Uint64()), s.disk.Crash(s.random)
		s.dead = true
	}
	if s.replica != nil {
		s.replica = nil
		_ = s.index.Close() // its writes go nowhere: the power is gone
	}
	s.store = s.left
	s.use(s.drive)
	s.left, s.drive, s.dead, s.crashAt, s.meddle = nil, nil, false, 0, nil
}

// live gives the replicated files: content by path below the pool's folder.
func (s *side) live() map[string]string {
	found := map[string]string{}
	for name, content := range s.store.Files() {
		if rest, ok := strings.CutPrefix(name, s.folder+"/"); ok {
			found[rest] = content
		}
	}
	return found
}

// kept gives the contents of the kept versions.
func (s *side) kept() map[string]bool {
	found := map[string]bool{}
	for name, content := range s.store.Files() {
		if strings.HasPrefix(name, base+"/Versions/") {
			found[content] = true
		}
	}
	return found
}

// reachable gives every content that a person can get at on this side: the replicated files and the
// kept versions.
func (s *side) reachable() map[string]bool {
	found := s.kept()
	for _, content := range s.live() {
		found[content] = true
	}
	return found
}
