package filestore

import "io/fs"

// volume is one volume of a store in memory. Its number changes when it is mounted anew.
type volume struct{ number uint64 }

func (m *Memory) newVolume() *volume {
	m.volumes++
	return &volume{m.volumes}
}

// seen is what stands where a node is: the root of the volume that is mounted there, or the node.
func (n *node) seen() *node {
	if n.mounted != nil {
		return n.mounted
	}
	return n
}

// inUse tells whether another program has a file open, or one that lies in a folder.
func (n *node) inUse() bool {
	if n.users > 0 {
		return true
	}
	for _, one := range n.entries {
		if one.node.inUse() {
			return true
		}
	}
	return n.mounted != nil && n.mounted.inUse()
}

// mountPoint finds the folder itself on which a volume is, or was, mounted; "." is the root.
func (m *Memory) mountPoint(name string) (*node, error) {
	if name == "." {
		return m.root, nil
	}
	place, err := m.slot(name)
	switch {
	case err != nil:
		return nil, err
	case place.node == nil:
		return nil, fs.ErrNotExist
	case place.node.kind != Folder:
		return nil, ErrNotRegular
	}
	return place.node, nil
}

// Mount mounts an empty volume on a folder, which becomes durable with it: what is in the folder cannot be
// seen until Unmount. fs.ErrExist when a volume is mounted there already.
func (m *Memory) Mount(name string) error {
	return m.onMountPoint("mount", name, func(point *node) error {
		if point.mounted != nil {
			return fs.ErrExist
		}
		if place, err := m.slot(name); err == nil {
			m.flushAbove(place)
		}
		point.mounted = m.newNode(Folder, m.newVolume())
		return nil
	})
}

// Unmount takes a volume away from a folder: its content vanishes, and what was in the folder before is
// seen again. fs.ErrInvalid when none is mounted there.
func (m *Memory) Unmount(name string) error {
	return m.onMountPoint("unmount", name, func(point *node) error {
		if point.mounted == nil {
			return fs.ErrInvalid
		}
		point.mounted, point.away = nil, point.mounted
		return nil
	})
}

// Remount mounts the volume that Unmount took away from a folder again: its content returns, and it has
// another number than before. fs.ErrInvalid when there is none.
func (m *Memory) Remount(name string) error {
	return m.onMountPoint("remount", name, func(point *node) error {
		if point.away == nil || point.mounted != nil {
			return fs.ErrInvalid
		}
		point.mounted, point.away = point.away, nil
		m.volumes++
		point.mounted.volume.number = m.volumes
		return nil
	})
}

func (m *Memory) onMountPoint(what, name string, do func(point *node) error) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	point, err := m.mountPoint(name)
	if err == nil {
		err = do(point)
	}
	if err != nil {
		return about(what, name, err)
	}
	if name == "." {
		for w := range m.watches {
			w.end(ErrAnotherStore) // as a store that follows its path does
		}
		return nil
	}
	m.tell(name)
	return nil
}
