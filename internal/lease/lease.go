package lease

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
)

// Term is how long a lease holds after it was last renewed, by the clock of whoever watches it.
const Term = 12 * time.Second

const (
	// checkEvery is how long a check is believed; a new holder waits longer than that before it writes.
	checkEvery = time.Second
	grace      = 2 * checkEvery
)

// Holder says who holds a lease. The times are for people and decide nothing.
type Holder struct {
	Host    string
	Process int
	Since   time.Time
	State   string // names the state folder, which one process at a time can hold
	Life    string // names this run of the process
}

// Options say what is leased, and to whom.
type Options struct {
	Store   filestore.Store
	Folder  string // of the lease on the store; it belongs to the lease alone
	Pool    string
	Self    Holder               // without Life
	Elapsed func() time.Duration // a clock that never jumps and goes on while the process stands still
	Now     func() time.Time     // for people
	Sleep   func(time.Duration)  // nil is time.Sleep
}

// Lease is one process's hold on a store. Its methods may be called from several goroutines.
type Lease struct {
	Options
	mu       sync.Mutex
	number   uint64 // held; 0 for none
	beat     int64  // the time that the lease's file was given last
	renewed  time.Duration
	checked  time.Duration
	replaced bool // another one took over from this process at some time
	quiet    time.Duration
	watched  struct { // another holder, and since when it did nothing
		number uint64
		beat   int64
		since  time.Duration
		known  bool
	}
}

// New prepares a lease; nothing is taken yet.
func New(o Options) *Lease {
	o.Self.Life = rand.Text()
	if o.Sleep == nil {
		o.Sleep = time.Sleep
	}
	return &Lease{Options: o}
}

// Acquire takes the lease. It waits for a holder that may be gone, and fails with InstanceRunning as
// soon as that one shows that it is not.
func (l *Lease) Acquire(ctx context.Context) error {
	for {
		l.mu.Lock()
		alive := l.watched.known
		before := l.watched
		err := l.check(true)
		alive = alive && l.watched.known && (l.watched.number != before.number || l.watched.beat != before.beat)
		l.mu.Unlock()
		if err == nil || alive || !failure.IsID(err, failure.InstanceRunning) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(Term / 12):
		}
	}
}

// Check tells whether this process may write now, and takes the lease when nobody has it. It fails
// with InstanceRunning while another process holds it.
func (l *Lease) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.check(true)
}

// Standing tells whether another process holds the lease, without taking or writing anything.
func (l *Lease) Standing() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.check(false)
}

// Keep renews the lease, and watches another holder's, until the context ends.
func (l *Lease) Keep(ctx context.Context) {
	ticker := time.NewTicker(Term / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		l.checked = 0
		// What it finds, the next Check finds, too.
		if err := l.check(false); err == nil && l.number != 0 {
			_ = l.renew()
		}
		l.mu.Unlock()
	}
}

// Release gives the lease back, so that the next holder need not wait.
func (l *Lease) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.number == 0 {
		return nil
	}
	l.checked = 0
	if err := l.check(false); err != nil || l.number == 0 {
		return nil // another one has it: nothing is ours to give back
	}
	w, err := l.Store.Append(l.name(l.number))
	if err != nil {
		return fmt.Errorf("give the lease back: %w", err)
	}
	l.number = 0
	_, err = w.Write([]byte(released))
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("give the lease back: %w", err)
	}
	return nil
}

// released follows the holder's line in the file of a lease that was given back.
const released = "released\n"

func (l *Lease) name(number uint64) string { return fmt.Sprintf("%s/%020d", l.Folder, number) }

// found is the newest lease on the store.
type found struct {
	number uint64
	beat   int64
	holder Holder
	free   bool
}

// newest reads the newest lease; its number is 0 when there is none.
func (l *Lease) newest() (found, error) {
	infos, err := l.Store.ReadDir(l.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return found{free: true}, nil
	}
	if err != nil {
		return found{}, fmt.Errorf("read the store's lease: %w", err)
	}
	f := found{free: true}
	for _, info := range infos {
		if n, err := strconv.ParseUint(info.Name, 10, 64); err == nil && len(info.Name) == 20 && n > f.number {
			f = found{number: n, beat: info.ModTime}
		}
	}
	if f.number == 0 {
		return f, nil
	}
	r, err := l.Store.Open(l.name(f.number))
	if err != nil {
		return f, fmt.Errorf("read the store's lease: %w", err)
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, 4096))
	if err != nil {
		return f, fmt.Errorf("read the store's lease: %w", err)
	}
	line, rest, _ := bytes.Cut(raw, []byte("\n"))
	if json.Unmarshal(line, &f.holder) != nil || len(f.holder.Host) > longestHost || strings.ContainsFunc(f.holder.Host, unprintable) {
		f.holder = Holder{Host: "unknown"} // damaged: it runs out as any other
	}
	f.free = string(rest) == released
	return f, nil
}

// longestHost is the longest name that a host may have in the DNS.
const longestHost = 253

// unprintable runes of a file would reach terminals and logs.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// check finds out how the lease stands; the caller holds the lock.
func (l *Lease) check(take bool) error {
	now := l.Elapsed()
	if l.number != 0 && l.checked != 0 && now-l.checked < checkEvery && now-l.renewed < Term {
		return nil
	}
	f, err := l.newest()
	if err != nil {
		return err
	}
	if f.number != 0 && !f.free && f.holder.Life == l.Self.Life {
		l.number = f.number // also when the store was away for a while
		return l.believe(now)
	}
	if l.number != 0 {
		// Replaced while this process stood still, or gone with the store that it was on.
		l.replaced = l.replaced || f.number > l.number
		l.number = 0
	}
	switch {
	case f.free, f.holder.Host == l.Self.Host && f.holder.State == l.Self.State && !l.replaced:
		// Nobody's, or of an earlier run on the state folder that this process alone holds now.
		l.watched.known, l.quiet = false, 0
	case !l.watched.known || l.watched.number != f.number || l.watched.beat != f.beat:
		l.watched.number, l.watched.beat, l.watched.since, l.watched.known = f.number, f.beat, now, true
		return l.held(f.holder)
	case now-l.watched.since < Term:
		return l.held(f.holder)
	default:
		l.quiet = grace // it may only be slow: it has this long to notice
	}
	if !take {
		return nil
	}
	return l.take(f)
}

// believe notes that the lease is still this process's; one that was not renewed in time is renewed
// first, before somebody takes it for given up.
func (l *Lease) believe(now time.Duration) error {
	l.checked = now
	if now-l.renewed < Term {
		return nil
	}
	return l.renew()
}

func (l *Lease) held(by Holder) error {
	return failure.New(failure.InstanceRunning, l.Pool,
		fmt.Sprintf("Another Backup Service holds the file store of %s: process %d on %s, since %s", l.Pool, by.Process, by.Host, by.Since.UTC().Format(time.RFC3339)),
		fmt.Sprintf("Stop it there. If it is gone already, its lease runs out %d seconds after its last sign of life.", int(Term/time.Second)))
}

// take makes the next lease; of several that try, the store lets one through.
func (l *Lease) take(f found) error {
	self := l.Self
	self.Since = l.Now().UTC().Truncate(time.Second)
	raw, err := json.Marshal(self)
	if err != nil {
		return fmt.Errorf("take the store's lease: %w", err)
	}
	if _, err := l.Store.MakeFolder(l.Folder); err != nil {
		return fmt.Errorf("take the store's lease: %w", err)
	}
	temp := l.Folder + "/new-" + rand.Text()
	w, err := l.Store.Create(temp)
	if err != nil {
		return fmt.Errorf("take the store's lease: %w", err)
	}
	_, err = w.Write(append(raw, '\n'))
	if err = errors.Join(err, w.Close()); err == nil {
		err = l.Store.Flush(context.Background(), []string{temp})
	}
	if err == nil {
		err = l.Store.Publish(temp, l.name(f.number+1))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("take the store's lease: %w", err), l.Store.Remove(temp))
	}
	l.number = f.number + 1
	if l.quiet > 0 {
		l.Sleep(l.quiet)
		l.quiet = 0
		if again, err := l.newest(); err != nil || again.number != l.number {
			l.number = 0
			return errors.Join(err, l.held(again.holder))
		}
	}
	l.checked = l.Elapsed()
	l.renewed = l.checked
	l.sweep()
	return nil
}

// sweep removes what earlier holders left. What cannot be removed is in nobody's way.
func (l *Lease) sweep() {
	infos, err := l.Store.ReadDir(l.Folder)
	if err != nil {
		return
	}
	for _, info := range infos {
		n, err := strconv.ParseUint(info.Name, 10, 64)
		if err == nil && n < l.number || strings.HasPrefix(info.Name, "new-") {
			_ = l.Store.Remove(l.Folder + "/" + info.Name)
		}
	}
}

// renew gives the lease's file another time, which is all that others look at.
func (l *Lease) renew() error {
	w, err := l.Store.Append(l.name(l.number))
	if err != nil {
		return fmt.Errorf("renew the store's lease: %w", err)
	}
	// Never the same time twice, whatever this host's clock does; some stores keep even seconds only.
	const apart = int64(4 * time.Second)
	beat := l.Now().UnixNano()
	if between := beat - l.beat; between < apart && between > -apart {
		beat = l.beat + apart
	}
	l.beat = beat
	err = w.SetModTime(beat)
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("renew the store's lease: %w", err)
	}
	l.renewed = l.Elapsed()
	return nil
}
