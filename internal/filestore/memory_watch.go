package filestore

// memoryWatcher hears of every change of a store in memory, in the order in which they are made.
type memoryWatcher struct {
	*changes
	store  *Memory
	wanted []string
}

// Watch implements Store. Unless it was made to tell nothing, a store in memory tells at once.
func (m *Memory) Watch(folders []string) (Watcher, error) {
	if m.options.NoWatch {
		return nil, ErrNoWatch
	}
	if err := checkAll(m.options.WindowsNames, folders...); err != nil {
		return nil, err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	w := &memoryWatcher{newChanges(), m, folders}
	m.watches[w] = true
	return w, nil
}

// tell passes names on to the watchers; the caller holds the lock.
func (m *Memory) tell(names ...string) {
	for w := range m.watches {
		for _, name := range names {
			name = nearest(name)
			if within(name, w.wanted) {
				w.changes.tell(name)
			}
			for _, folder := range w.wanted {
				if below(folder, name) {
					w.changes.tell(folder)
				}
			}
		}
	}
}

// Close implements Watcher.
func (w *memoryWatcher) Close() error {
	w.store.mutex.Lock()
	defer w.store.mutex.Unlock()
	delete(w.store.watches, w)
	return nil
}
