package filestore

import (
	"bytes"
	"io/fs"
	"strings"
)

// Publish implements Store.
func (m *Memory) Publish(from, to string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	source, err := m.existing("publish", from)
	if err != nil {
		return about("publish", from, err)
	}
	target, err := m.slot(to)
	respelled := err == nil && target.folder == source.folder && target.key == source.key && from != to
	if err == nil && target.node != nil && !respelled {
		err = fs.ErrExist
	}
	if err == nil && strings.HasPrefix(m.key(to), m.key(from)+"/") {
		err = fs.ErrInvalid
	}
	if err == nil && target.folder.volume != source.folder.volume {
		err = m.publishAcross(source, target)
	} else if err == nil {
		_, target.name = splitName(to)
		source.node.changed = m.now()
		m.apply(move(source, target))
	}
	if err != nil {
		return about("publish", to, err)
	}
	m.tell(from, to)
	return nil
}

// publishAcross moves a file to another volume: the copy is durable before the file goes.
func (m *Memory) publishAcross(source, target slot) error {
	copied, err := m.copyTo(target, source.node)
	if err != nil {
		return err
	}
	m.apply(assign(target, copied))
	m.flushAbove(target)
	m.apply(assign(source, nil))
	return nil
}

// copyTo gives a durable copy of a file on a place's volume, which no name leads to yet.
func (m *Memory) copyTo(place slot, of *node) (*node, error) {
	if of.kind != File {
		return nil, ErrCrossVolume
	}
	size := int64(len(of.data))
	if m.options.Capacity > 0 && m.used+size > m.options.Capacity {
		return nil, ErrFull
	}
	m.used += size
	copied := m.newNode(File, place.folder.volume)
	copied.data, copied.modTime, copied.withheld = bytes.Clone(of.data), of.modTime, of.withheld
	copied.kept, copied.keptTime, copied.unflushed = bytes.Clone(of.data), of.modTime, false
	return copied, nil
}

// flushAbove makes a place's entry durable, and those of the folders above it.
func (m *Memory) flushAbove(place slot) {
	folders := map[*node]bool{place.folder: true}
	for {
		before := len(folders)
		for _, step := range m.journal {
			for _, set := range step.sets {
				if set.node != nil && folders[set.node] {
					folders[set.folder] = true
				}
			}
		}
		if len(folders) == before {
			break
		}
	}
	m.flushNodes(folders)
}

// Exchange implements Store.
func (m *Memory) Exchange(from, to, aside string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	source, err := m.existing("exchange", from)
	if err == nil && source.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return about("exchange", from, err)
	}
	target, err := m.existing("exchange", to)
	if err != nil {
		return about("exchange", to, err)
	}
	free, err := m.slot(aside)
	if err == nil && free.node != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return about("exchange", aside, err)
	}
	source.node.changed, target.node.changed = m.now(), m.now()
	if source.folder.volume != target.folder.volume || free.folder.volume != target.folder.volume {
		if err := m.exchangeAcross(source, target, free); err != nil {
			return about("exchange", to, err)
		}
	} else if m.options.SlowExchange {
		m.exchangeSlowly(source, target, free)
	} else {
		m.apply(move(source, free))
		free.node = source.node
		m.apply(swap(free, target))
	}
	m.tell(from, to, aside)
	return nil
}

// exchangeSlowly does it in two steps; a folder, which can have no second name, is moved away first.
func (m *Memory) exchangeSlowly(source, target, free slot) {
	if target.node.kind != File {
		m.apply(move(target, free))
		m.apply(move(source, target))
		return
	}
	m.apply(assign(free, target.node))
	// The second name, noted again: such a store keeps its steps in their order.
	m.apply(change{sets: append(move(source, target).sets, assign(free, target.node).sets...)})
}

// exchangeAcross copies what has to lie on another volume: what is displaced is durable under its new
// name before it goes from its old one.
func (m *Memory) exchangeAcross(source, target, free slot) error {
	fresh, old := source.node, target.node
	var err error
	if source.folder.volume != target.folder.volume {
		if fresh, err = m.copyTo(target, source.node); err != nil {
			return err
		}
	}
	if free.folder.volume != target.folder.volume {
		if old, err = m.copyTo(free, target.node); err != nil {
			return err
		}
		m.apply(assign(free, old))
		m.flushAbove(free)
		m.apply(assign(target, fresh))
	} else {
		m.apply(change{sets: []assignment{
			{target.folder, target.key, entry{target.name, fresh}}, {free.folder, free.key, entry{free.name, old}}}})
	}
	m.apply(assign(source, nil))
	return nil
}

// Rights implements Store. Only the bits that are withheld are remembered; a folder withholds none.
func (m *Memory) Rights(name, as string, withheld uint32) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.existing("rights", name)
	if err == nil && (place.node.kind == Other || place.node.kind == Folder && name != as) {
		err = ErrNotRegular
	}
	if err != nil {
		return about("set the rights of", name, err)
	}
	like, err := m.slot(as)
	if err != nil {
		return about("set the rights of", name, err)
	}
	if like.node != nil && like.node.kind == place.node.kind {
		withheld |= like.node.withheld
	}
	n := place.node.seen()
	if n.withheld != withheld {
		n.withheld, n.changed = withheld, m.now()
	}
	return nil
}
