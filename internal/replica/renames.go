package replica

import (
	"maps"
	"path"
	"slices"
	"strings"

	"csbackup/internal/index"
)

// A look finds out what was renamed by contents: one is gone under one name, or another one stands there, and it
// arrived under another name. Such a file is no loss and no older copy, whatever its time.

// arrivalsAtMost bounds what is remembered of contents that arrived or left in one look. What is not remembered is sent
// and weighed as if it had not been renamed.
const arrivalsAtMost = 1 << 16

// arrival is a file that arrived under a new name.
type arrival struct {
	hash     index.Hash
	identity uint64
}

// arrivals are those of one look.
type arrivals struct {
	came map[arrival]bool
	head uint64 // of the index when the look began
}

// comes notes a content that arrived in a place.
func (l *look) comes(next index.Item) {
	if l.evidence.Known == 0 {
		return
	}
	l.arrived[next.Hash]++
	if came := l.follow.now.came; next.Identity != 0 && len(came) < arrivalsAtMost {
		came[arrival{next.Hash, next.Identity}] = true
	}
}

// leaves notes a file that is there no more, or in another state, although something is under its name.
func (l *look) leaves(it index.Item) {
	if it.Kind == index.File && it.State == index.Present && len(l.left) < arrivalsAtMost {
		it.Vector = nil
		l.left[it.Path] = it
	}
}

// renames are files that have another name than they had.
type renames struct {
	gone    []index.Item                // that are missing, in the order of the index
	left    []index.Item                // in the place of which something else is
	folders []string                    // that are missing, and of which the files are among gone
	back    map[string]bool             // paths of files that look older than they were, and came from elsewhere
	spelled map[string]index.Item       // folders in another spelling than one of folders, by folded path
	to      map[index.Hash][]index.Item // what has the content now
}

// paths lists the names of the missing files.
func (m *renames) paths() map[string]bool {
	paths := make(map[string]bool, len(m.gone))
	for _, it := range m.gone {
		paths[it.Path] = true
	}
	return paths
}

// moves finds the files of the root that were renamed. In a root that is held nothing counts as renamed: the new name
// may be no more than what somebody brought back of a loss.
func (l *look) moves() (*renames, error) {
	m := &renames{back: map[string]bool{}}
	arrived := len(l.arrived) + len(l.regressed) + len(l.follow.before.came)
	if l.holding || arrived == 0 || l.evidence.Missing == 0 && len(l.left) == 0 {
		return m, nil
	}
	free, stood := maps.Clone(l.arrived), map[index.Hash]int{}
	folders := emptiedFolders{emptied: map[string]bool{}, kept: map[string]bool{}}
	for _, o := range l.regressed {
		free[o.after.Hash]++
	}
	for it, err := range l.allMissing() {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(it.Path, l.root.Name+"/") {
			continue
		}
		if it.Kind != index.File {
			folders.missing = append(folders.missing, it.Path)
			continue
		}
		stood[it.Hash]++
		moved := free[it.Hash] > 0
		if moved {
			free[it.Hash]--
		} else {
			moved = l.follow.before.came[arrival{it.Hash, it.Identity}]
		}
		if moved {
			m.gone = append(m.gone, it)
		}
		folders.holds(it.Path, moved)
	}
	m.folders = folders.renamed()
	for _, p := range slices.Sorted(maps.Keys(l.left)) {
		it := l.left[p]
		stood[it.Hash]++
		if free[it.Hash] > 0 {
			free[it.Hash]--
			m.left = append(m.left, it)
		}
	}
	for _, o := range l.regressed {
		if stood[o.after.Hash] > 0 {
			stood[o.after.Hash]--
			m.back[o.after.Path] = true
		}
	}
	return m, nil
}

// emptiedFolders finds the missing folders that went with files which were renamed, and with nothing else.
type emptiedFolders struct {
	missing       []string
	emptied, kept map[string]bool // folders with renamed files in them, and with something else
}

// holds notes what was in a folder: a file that was renamed, or something else.
func (f *emptiedFolders) holds(p string, renamed bool) {
	marked := f.kept
	if renamed {
		marked = f.emptied
	}
	for above := path.Dir(p); above != "." && !marked[above]; above = path.Dir(above) {
		marked[above] = true
	}
}

func (f *emptiedFolders) renamed() []string {
	for _, p := range f.missing {
		if !f.emptied[p] {
			f.holds(p, false)
		}
	}
	return slices.DeleteFunc(f.missing, func(p string) bool { return !f.emptied[p] || f.kept[p] })
}

// find looks for the new names among what the index took in after a sequence number.
func (m *renames) find(x *index.Index, after uint64) error {
	m.to = map[index.Hash][]index.Item{}
	for _, it := range append(m.gone, m.left...) {
		m.to[it.Hash] = nil
	}
	m.spelled = map[string]index.Item{}
	went := map[string]bool{}
	for _, p := range m.folders {
		went[fold(p)] = true
	}
	for {
		items, err := x.Since(after, childrenAtOnce)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, it := range items {
			after = it.Sequence
			if it.Kind == index.Folder && it.State == index.Present && went[fold(it.Path)] {
				m.spelled[fold(it.Path)] = it
			}
			if known, wanted := m.to[it.Hash]; wanted && it.Kind == index.File && it.State == index.Present {
				m.to[it.Hash] = append(known, it)
			}
		}
	}
}

// keep remembers where the content of an item went, or which folder differs from it in case only. It does nothing where
// nothing was renamed.
func (m *renames) keep(tx *index.Tx, before index.Item) error {
	if m == nil {
		return nil
	}
	if before.Kind == index.Folder {
		if to, ok := m.spelled[fold(before.Path)]; ok {
			return tx.PutOrigin(before, to)
		}
		return nil
	}
	if len(m.to[before.Hash]) == 0 {
		return nil
	}
	to := m.to[before.Hash][0]
	m.to[before.Hash] = m.to[before.Hash][1:]
	return tx.PutOrigin(before, to)
}

// renamed writes tombstones for the missing files that were renamed and for the folders that went with them, and remembers where the contents went.
func (l *look) renamed(m *renames) error {
	if len(m.gone)+len(m.left) == 0 {
		return nil
	}
	after := l.follow.head
	if len(l.follow.before.came) > 0 {
		after = l.follow.before.head
	}
	if err := m.find(l.Index, after); err != nil {
		return err
	}
	if _, err := l.bury(slices.AppendSeq(m.folders, maps.Keys(m.paths())), m); err != nil {
		return err
	}
	for chunk := range slices.Chunk(m.left, observationsAtOnce) {
		err := l.Index.Update(func(tx *index.Tx) error {
			for _, it := range chunk {
				if err := m.keep(tx, it); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// again looks at a root a second time: what was renamed while the first look went on may have been found under
// neither name.
func (l *look) again() (*look, error) {
	second := l.newLook(l.ctx, l.root)
	second.evidence.Known, second.arrived, second.left = l.evidence.Known, l.arrived, l.left
	second.found.Full, second.found.Changed = l.found.Full, l.found.Changed
	return second, second.walk()
}
