package filestore

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
)

// change is one step on folder entries that happens as a whole or not at all.
type change struct {
	sets    []assignment
	durable bool
}

// assignment gives a folder's entry a node; nil takes the entry away.
type assignment struct {
	folder *node
	key    string
	entry
}

func assign(place slot, to *node) change {
	return change{sets: []assignment{{place.folder, place.key, entry{place.name, to}}}}
}

func move(from, to slot) change {
	return change{sets: []assignment{
		{from.folder, from.key, entry{from.name, nil}}, {to.folder, to.key, entry{to.name, from.node}}}}
}

func swap(one, other slot) change {
	return change{sets: []assignment{
		{one.folder, one.key, entry{one.name, other.node}}, {other.folder, other.key, entry{other.name, one.node}}}}
}

// apply makes a change visible, and remembers it until it is durable.
func (m *Memory) apply(step change) {
	var before []*node
	for _, set := range step.sets {
		if was := set.folder.entries[set.key].node; was != nil {
			was.names--
			before = append(before, was)
		}
		put(set.folder.entries, set)
		set.folder.modTime = m.truncate(m.now())
		if set.node != nil {
			set.node.names++
		}
	}
	for _, was := range before {
		if was.names+was.outside == 0 {
			m.used -= int64(len(was.data))
		}
	}
	m.journal = append(m.journal, step)
}

func put(entries map[string]entry, set assignment) {
	if set.node == nil {
		delete(entries, set.key)
	} else {
		entries[set.key] = set.entry
	}
}

// spot identifies an entry across changes.
type spot struct {
	folder *node
	key    string
}

// Flush implements Store.
func (m *Memory) Flush(ctx context.Context, names []string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return flushOneByOne(ctx, names, func(name string) error {
		place, err := m.slot(name)
		if err == nil && place.node == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return about("flush", name, err)
		}
		place.node.kept, place.node.keptTime = bytes.Clone(place.node.data), place.node.modTime
		place.node.unflushed = false
		return nil
	})
}

// FlushFolders implements Store. A change that touches a flushed folder becomes durable as a
// whole, with the earlier changes that it rests on, and none besides.
func (m *Memory) FlushFolders(ctx context.Context, names []string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	flushed := map[*node]bool{}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if name != "." {
			if err := CheckName(name, m.options.WindowsNames); err != nil {
				return about("flush folder", name, err)
			}
		}
		folder, err := m.folder(name)
		if err != nil {
			return about("flush folder", name, err)
		}
		flushed[folder] = true
	}
	m.flushNodes(flushed)
	return nil
}

// flushNodes makes the entries of folders durable.
func (m *Memory) flushNodes(flushed map[*node]bool) {
	spots, nodes := map[spot]bool{}, map[*node]bool{}
	for number, step := range slices.Backward(m.journal) {
		durable := touches(step, spots, nodes)
		for _, set := range step.sets {
			durable = durable || flushed[set.folder]
		}
		if durable {
			m.journal[number].durable = true
			mark(step, spots, nodes)
		}
	}
	rest := make([]change, 0, len(m.journal))
	for _, step := range m.journal {
		if !step.durable {
			rest = append(rest, step)
			continue
		}
		for _, set := range step.sets {
			put(set.folder.durable, set)
		}
	}
	m.journal = rest
}

func touches(step change, spots map[spot]bool, nodes map[*node]bool) bool {
	for _, set := range step.sets {
		if spots[spot{set.folder, set.key}] || nodes[set.folder] || set.node != nil && nodes[set.node] {
			return true
		}
	}
	return false
}

func mark(step change, spots map[spot]bool, nodes map[*node]bool) {
	for _, set := range step.sets {
		spots[spot{set.folder, set.key}] = true
		if set.node != nil {
			nodes[set.node] = true
		}
	}
}

// Crash returns the store as it may be after a loss of power now: all that was flushed, and of
// what was not, a part that seed decides. A change of names is there or not as a whole, and never
// without those before it that it rests on; unflushed content may be old, cut short or zeroed.
// The store itself goes on unchanged.
func (m *Memory) Crash(seed uint64) *Memory {
	random := rand.New(rand.NewPCG(seed, 0))
	return m.crash(random.IntN)
}

// Durable returns the store as it is after the worst loss of power: without anything that was not
// flushed.
func (m *Memory) Durable() *Memory { return m.crash(func(int) int { return 0 }) }

// crash asks draw for each number below a bound that decides what is left; 0 stands for the least.
func (m *Memory) crash(draw func(int) int) *Memory {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	after := NewMemory(m.options)
	survived := map[*node]map[string]entry{}
	entriesOf := func(folder *node) map[string]entry {
		if survived[folder] == nil {
			survived[folder] = maps.Clone(folder.durable)
		}
		return survived[folder]
	}
	spots, nodes := map[spot]bool{}, map[*node]bool{}
	for _, step := range m.journal {
		if touches(step, spots, nodes) || draw(2) == 0 {
			mark(step, spots, nodes)
			continue
		}
		for _, set := range step.sets {
			put(entriesOf(set.folder), set)
		}
	}
	mirrored, volumes := map[*node]*node{}, map[*volume]*volume{}
	var mirror func(from *node) *node
	mirror = func(from *node) *node {
		if made := mirrored[from]; made != nil {
			return made // another name of the same file
		}
		if volumes[from.volume] == nil {
			volumes[from.volume] = &volume{from.volume.number}
		}
		made := after.newNode(from.kind, volumes[from.volume])
		mirrored[from] = made
		made.identity, made.outside, made.withheld = from.identity, from.outside, from.withheld
		made.unflushed, made.modTime = false, from.modTime
		if from.kind != Folder {
			made.data, made.modTime = remains(from, draw)
			made.kept, made.keptTime = bytes.Clone(made.data), made.modTime
			after.used += int64(len(made.data))
			return made
		}
		entries := entriesOf(from)
		for _, key := range sortedKeys(entries) {
			below := mirror(entries[key].node)
			below.names++
			made.entries[key] = entry{entries[key].name, below}
			made.durable[key] = made.entries[key]
		}
		if from.mounted != nil {
			made.mounted = mirror(from.mounted)
		}
		if from.away != nil {
			made.away = mirror(from.away)
		}
		return made
	}
	after.root = mirror(m.root)
	after.objects, after.volumes = m.objects, m.volumes
	return after
}

// remains is what a loss of power leaves of a file.
func remains(file *node, draw func(int) int) ([]byte, int64) {
	data := bytes.Clone(file.data)
	if !file.unflushed {
		return data, file.modTime
	}
	cut := 0
	if len(data) > 0 {
		cut = draw(len(data))
	}
	switch draw(4) {
	case 0:
		return bytes.Clone(file.kept), file.keptTime
	case 1:
		return data[:max(cut, min(len(file.kept), len(data)))], file.modTime
	case 2:
		clear(data[max(cut, min(len(file.kept), len(data))):])
	}
	return data, file.modTime
}
