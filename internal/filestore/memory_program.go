package filestore

import (
	"bytes"
	"errors"
	"io/fs"
)

// What other programs, and people, do to a store in memory.

// WriteFile puts a file under a name, over what is there, making the folders above it; another
// program's doing, with another identity. ErrNotRegular when a folder stands there.
func (m *Memory) WriteFile(name string, data []byte, modTime int64) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	above, _ := splitName(name)
	if _, err := m.makeFolder(above); err != nil {
		return err
	}
	place, err := m.anySlot(name)
	if err == nil && place.node != nil && place.node.kind != File {
		err = ErrNotRegular
	}
	if err != nil {
		return about("write", name, err)
	}
	made := m.newNode(File, place.folder.volume)
	made.data, made.modTime = bytes.Clone(data), m.truncate(modTime)
	m.used += int64(len(data))
	m.apply(assign(place, made))
	m.tell(name)
	return nil
}

// ReadFile returns the content of a file, also of a locked one.
func (m *Memory) ReadFile(name string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.file(name)
	if err != nil {
		return nil, about("read", name, err)
	}
	return bytes.Clone(place.node.data), nil
}

// RemoveAll removes a name and all below it, volumes apart; an absent name is no error.
func (m *Memory) RemoveAll(name string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if name == "." {
		return m.removeBelow("", m.root.seen())
	}
	place, err := m.anySlot(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && place.node == nil {
		return nil
	}
	if err == nil {
		err = m.removeBelow(name+"/", place.node)
	}
	if err == nil {
		err = m.removeHere(name, place)
	}
	return err
}

func (m *Memory) removeBelow(prefix string, folder *node) error {
	for _, key := range sortedKeys(folder.entries) {
		place := slot{folder, key, folder.entries[key]}
		if err := m.removeBelow(prefix+place.name+"/", place.node.seen()); err != nil {
			return err
		}
		if err := m.removeHere(prefix+place.name, place); err != nil {
			return err
		}
	}
	return nil
}

func (m *Memory) removeHere(name string, place slot) error {
	if m.locked[m.key(name)] || place.node.inUse() {
		return about("remove", name, ErrLocked)
	}
	return about("remove", name, m.remove(name, place))
}

// Files returns all files' content by name; folders are left out.
func (m *Memory) Files() map[string]string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	files := map[string]string{}
	collect(m.root.seen(), "", files)
	return files
}

func collect(folder *node, above string, into map[string]string) {
	for _, one := range folder.entries {
		if one.node.kind == Folder {
			collect(one.node.seen(), above+one.name+"/", into)
		} else {
			into[above+one.name] = string(one.node.data)
		}
	}
}

// Lock makes a name answer ErrLocked when it is opened, moved or removed, as if another program
// held it.
func (m *Memory) Lock(name string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.locked[m.key(name)] = true
}

// Rot changes one bit of a file's content, as a disk may: nothing else of it changes and nothing is told.
func (m *Memory) Rot(name string, bit int) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.file(name)
	if err == nil && bit >= 8*len(place.node.data) {
		err = fs.ErrInvalid
	}
	if err != nil {
		return about("change", name, err)
	}
	place.node.data[bit/8] ^= 1 << (bit % 8)
	return nil
}

// Unlock ends Lock.
func (m *Memory) Unlock(name string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.locked, m.key(name))
}

// Use makes another program have a file open that shares nothing but reading: the file can be read, and
// neither it nor a folder above it can be moved, removed or written until release is called.
func (m *Memory) Use(name string) (release func(), err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.file(name)
	if err != nil {
		return nil, about("use", name, err)
	}
	place.node.users++
	return func() {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		place.node.users--
	}, nil
}

// file finds a regular file.
func (m *Memory) file(name string) (slot, error) {
	place, err := m.anySlot(name)
	if err == nil && place.node == nil {
		err = fs.ErrNotExist
	} else if err == nil && place.node.kind != File {
		err = ErrNotRegular
	}
	return place, err
}

// Link gives a file a second name in the store, on the same volume.
func (m *Memory) Link(from, to string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	source, err := m.file(from)
	if err != nil {
		return about("link", from, err)
	}
	target, err := m.slot(to)
	if err == nil && target.node != nil {
		err = fs.ErrExist
	} else if err == nil && target.folder.volume != source.folder.volume {
		err = ErrCrossVolume
	}
	if err != nil {
		return about("link", to, err)
	}
	source.node.changed = m.now()
	m.apply(assign(target, source.node))
	m.tell(to)
	return nil
}

// Withhold takes permission bits away from a file or folder, as chmod(1) does.
func (m *Memory) Withhold(name string, bits uint32) error { return m.Rights(name, name, bits) }

// LinkOutside gives a file one more name outside of the store, of which the store tells nothing.
func (m *Memory) LinkOutside(name string) error { return m.linkOutside(name, 1) }

// UnlinkOutside takes such a name away.
func (m *Memory) UnlinkOutside(name string) error { return m.linkOutside(name, -1) }

func (m *Memory) linkOutside(name string, more int) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.file(name)
	if err == nil && place.node.outside+more < 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return about("link", name, err)
	}
	place.node.outside += more
	place.node.changed = m.now()
	return nil
}

// WriteUntold changes a file's content in place, as a program does through a name outside of the store or
// through memory that the file is mapped to: the store tells nobody.
func (m *Memory) WriteUntold(name string, data []byte, modTime int64) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	place, err := m.file(name)
	if err != nil {
		return about("write", name, err)
	}
	m.used += int64(len(data) - len(place.node.data))
	place.node.data, place.node.modTime = bytes.Clone(data), m.truncate(modTime)
	place.node.changed, place.node.unflushed = m.now(), true
	return nil
}
