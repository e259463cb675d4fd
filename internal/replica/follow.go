package replica

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/filestore"
)

const (
	// What the store tells about changes is believed for scanPace times as long as a full look takes without what it
	// reads, so that these cost two hundredths of the time at most; but for fullLookLeast at least and fullLookMost at
	// most. A look at a million files takes 5 s where the system has their names at hand, and all is then looked at
	// every 5 minutes; where it takes 60 s, every 50 minutes.
	scanPace      = 50
	fullLookLeast = 5 * time.Minute
	fullLookMost  = 12 * time.Hour
	// rememberedAtMost bounds the names that wait; beyond, the next look is a full one.
	rememberedAtMost = 50_000
	// rememberedBytes bounds the bytes of these names and of the reasons.
	rememberedBytes = 16 << 20
	// untakenAtMost is how many of them are named of each kind.
	untakenAtMost = 100
)

// follow is what a replica knows between two looks. The looking lock guards it.
type follow struct {
	watcher filestore.Watcher // nil while the store cannot tell about changes
	blind   error             // why it cannot
	whole   bool              // a full look came to its end since the watcher began
	fullAt  time.Duration
	every   time.Duration // how long after that the next full look is due
	again   remembered    // paths to look at again, with the reason
	skipped remembered    // paths that are not replicated, with the reason
	linked  remembered    // files with several names: of a change through one that is not watched nothing is told
	unknown bool          // there are more of these
	head    uint64        // of the index when the last look began
	// now are the arrivals of this look, before those of the one before.
	now, before arrivals
	// fullBegan is when the last full look began that came to its end.
	fullBegan time.Time
}

// remembered are paths with the reason why they were not taken, as many as there is room for.
type remembered struct {
	reasons map[string]string
	bytes   int
}

// add remembers a path, or says that there is no room for it.
func (m *remembered) add(path, reason string) bool {
	m.forget(path)
	if len(m.reasons) >= rememberedAtMost || m.bytes+len(path)+len(reason) > rememberedBytes {
		return false
	}
	m.reasons[path] = reason
	m.bytes += len(path) + len(reason)
	return true
}

func (m *remembered) forget(path string) {
	if reason, ok := m.reasons[path]; ok {
		m.bytes -= len(path) + len(reason)
		delete(m.reasons, path)
	}
}

// first gives the first paths in order, at most so many.
func (m *remembered) first(most int) []Untaken {
	var least []string
	for p := range m.reasons {
		at, _ := slices.BinarySearch(least, p)
		if at == most {
			continue
		}
		least = slices.Insert(least[:min(len(least), most-1)], at, p)
	}
	named := make([]Untaken, len(least))
	for i, p := range least {
		named[i] = Untaken{p, m.reasons[p]}
	}
	return named
}

func (f *follow) defers(path string, why error) {
	reason := why.Error()
	if errors.Is(why, fs.ErrPermission) {
		reason = "the service's account has no right to read it; give it that right"
	}
	if !f.again.add(path, reason) {
		f.whole = false
	}
}

// link remembers a file that has several names.
func (f *follow) link(path string) {
	if !f.linked.add(path, "") {
		f.unknown = true
	}
}

func (f *follow) skip(path, reason string) { f.skipped.add(path, reason) }

// untaken names paths that wait, and then some that are not replicated.
func (f *follow) untaken() []Untaken {
	waiting := f.again.first(untakenAtMost)
	return append(waiting, f.skipped.first(untakenAtMost)...)
}

// startFollowing begins a full look: from here on the store tells what changes.
func (r *Replica) startFollowing() {
	f := &r.follow
	f.whole = false
	f.again, f.skipped = remembered{reasons: map[string]string{}}, remembered{reasons: map[string]string{}}
	f.linked, f.unknown = remembered{reasons: map[string]string{}}, false
	if f.watcher != nil {
		if _, _, err := f.watcher.Take(); err == nil {
			return // what it told until now is looked at anyway
		}
		r.stopFollowing()
	}
	folders := make([]string, len(r.Roots))
	for i, root := range r.Roots {
		folders[i] = root.Folder
	}
	f.watcher, f.blind = r.Store.Watch(folders)
	if f.blind != nil {
		f.watcher = nil
	}
}

func (r *Replica) stopFollowing() {
	if r.follow.watcher != nil {
		// Whatever it says, nothing more is read from it.
		_ = r.follow.watcher.Close()
	}
	r.follow.watcher = nil
}

// Blind tells why the store cannot say what changed, so that every look has to be a full one; nil
// when it can.
func (r *Replica) Blind() error {
	r.looking.Lock()
	defer r.looking.Unlock()
	return r.follow.blind
}

// Close lets go of what the replica holds apart from its store and index.
func (r *Replica) Close() error {
	r.looking.Lock()
	defer r.looking.Unlock()
	r.stopFollowing()
	return nil
}

// CatchUp brings the index up to date with what the store told about changes since the last look,
// and reads nothing else. Where the store tells nothing, where it lost count, when it may be another
// one, while the brake holds or would hold, and from time to time, it is a full look.
func (r *Replica) CatchUp(ctx context.Context) (Look, error) {
	r.looking.Lock()
	defer r.looking.Unlock()
	began := r.Now()
	names, err := r.told()
	if err != nil {
		return Look{}, err
	}
	if names == nil {
		return r.fullLook(ctx, filestore.Info{})
	}
	total := Look{Began: began}
	if err := r.lookBegins(); err != nil {
		r.follow.whole = false
		return total, err
	}
	for _, root := range r.Roots {
		l := r.newLook(ctx, root)
		l.spelled = r.newSpelling()
		if err := l.names(names[root.Name]); err != nil {
			r.follow.whole = false
			return total, err
		}
		l.evidence.Missing = r.Index.RootCounts(root.Name).MissingFiles // those of earlier looks, too
		held, err := l.weigh()
		if err == nil && held != "" {
			return r.fullLook(ctx, filestore.Info{}) // a few names are no evidence for that
		}
		if err == nil {
			err = l.judge("")
		}
		if err != nil {
			r.follow.whole = false
			return total, err
		}
		total.add(l.found)
	}
	r.follow.whole = r.follow.whole && !total.broken
	if r.follow.unknown {
		total.Began = r.follow.fullBegan // since then not every file was looked at that may have changed untold
	}
	return r.conclude(total)
}

// fullLookDue tells how long after a full look the next one is due.
func fullLookDue(took time.Duration) time.Duration {
	return min(max(took*scanPace, fullLookLeast), fullLookMost)
}

// told gives, for each root, the paths to look at, in order; nil when everything must be looked at.
func (r *Replica) told() (map[string][]string, error) {
	f := &r.follow
	if f.watcher == nil || !f.whole || r.Held() != "" || r.Elapsed()-f.fullAt > f.every {
		return nil, nil
	}
	if err := r.reachable(); err != nil {
		return nil, err
	}
	if reason, err := r.marker(); err != nil || reason != "" {
		return nil, err
	}
	for _, root := range r.Roots {
		if same, err := r.rootStands(root); err != nil || !same {
			return nil, err
		}
	}
	names, lost, err := f.watcher.Take()
	if err != nil {
		r.stopFollowing()
	}
	if err != nil || lost {
		return nil, nil
	}
	paths := map[string][]string{}
	for _, name := range names {
		for _, root := range r.Roots {
			if name == root.Folder || strings.HasPrefix(name, root.Folder+"/") {
				paths[root.Name] = append(paths[root.Name], within(root.Name+strings.TrimPrefix(name, root.Folder)))
			}
		}
	}
	for _, more := range []remembered{f.again, f.linked} {
		for p := range more.reasons {
			root, _, _ := strings.Cut(p, "/")
			paths[root] = append(paths[root], p)
		}
	}
	for _, one := range paths {
		slices.Sort(one)
	}
	return paths, nil
}

// rootStands tells whether a root is there, or away, as it was at the last look.
func (r *Replica) rootStands(root Root) (bool, error) {
	info, err := r.Store.Lstat(root.Folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		counts := r.Index.RootCounts(root.Name)
		return counts.Files+counts.Folders == 0, nil
	case err != nil || info.Kind != filestore.Folder:
		return false, nil // the full look says what is wrong
	}
	known, err := r.Index.Meta("root-" + root.Name)
	return string(known) == strconv.FormatUint(info.Identity, 10) || info.Identity == 0, err
}

// names looks at single paths; a folder among them is looked at with all that is below.
func (l *look) names(paths []string) error {
	// Before any is looked at: what a folder's look covers waits no longer, unless that look defers it anew.
	for _, p := range paths {
		l.follow.again.forget(p)
		l.follow.skipped.forget(p)
		l.follow.linked.forget(p)
	}
	whole := ""
	for i, p := range paths {
		if i > 0 && p == paths[i-1] || whole != "" && strings.HasPrefix(p, whole+"/") || slices.ContainsFunc(strings.Split(p, "/"), skipped) {
			continue
		}
		folder, err := l.path(p)
		if err != nil {
			return err
		}
		if folder {
			whole = p
		}
	}
	if err := l.commit(); err != nil {
		return err
	}
	return l.missing()
}

func (l *look) path(p string) (folder bool, err error) {
	l.follow.again.forget(p)
	l.follow.skipped.forget(p)
	place, err := l.place(p)
	if err != nil {
		return false, err
	}
	it, known, err := l.Index.Get(p)
	if err != nil {
		return false, err
	}
	info, err := l.Store.Lstat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if known {
			return false, l.vanished(it)
		}
		return false, nil
	case errors.Is(err, filestore.ErrNotRegular):
		return false, nil // below a link, which is named itself
	case errors.Is(err, fs.ErrPermission) && p != l.root.Name:
		l.closed(p, place, err)
		return false, nil
	case err != nil:
		l.incomplete("look at "+place, err)
		return false, nil
	}
	if p == l.root.Name {
		_, err := l.folder(p, place)
		return true, err
	}
	exact, err := l.spelled.exact(place)
	if err != nil {
		l.incomplete("look at "+place, err)
		return false, nil
	}
	if !exact { // it was renamed to another spelling, which is told, too
		if known {
			return false, l.vanished(it)
		}
		return false, nil
	}
	return info.Kind == filestore.Folder, l.entry(p, place, info, it)
}
