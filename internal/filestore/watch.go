package filestore

import (
	"fmt"
	"sync"
)

// maxRemembered bounds how many changed names a watcher keeps for its caller.
const maxRemembered = 100_000

// changes is what a watcher has seen and its caller not yet taken.
type changes struct {
	signal chan struct{}
	mutex  sync.Mutex
	names  map[string]struct{}
	lost   bool
	ended  error
}

func newChanges() *changes {
	return &changes{signal: make(chan struct{}, 1), names: map[string]struct{}{}}
}

func (c *changes) tell(name string) {
	c.mutex.Lock()
	if len(c.names) >= maxRemembered {
		c.names, c.lost = map[string]struct{}{}, true
	}
	if !c.lost {
		c.names[name] = struct{}{}
	}
	c.mutex.Unlock()
	c.wake()
}

func (c *changes) lose() {
	c.mutex.Lock()
	c.lost = true
	c.mutex.Unlock()
	c.wake()
}

// end notes why nothing more will be told.
func (c *changes) end(why error) {
	c.mutex.Lock()
	if c.ended == nil {
		c.ended = fmt.Errorf("%w: %w", ErrNoWatch, why)
	}
	c.mutex.Unlock()
	c.wake()
}

func (c *changes) wake() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

// Take implements Watcher.
func (c *changes) Take() ([]string, bool, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	names, lost := sortedKeys(c.names), c.lost
	c.names, c.lost = map[string]struct{}{}, false
	return names, lost, c.ended
}

// Signal implements Watcher.
func (c *changes) Signal() <-chan struct{} { return c.signal }

// below tells whether name lies inside folder.
func below(name, folder string) bool {
	return folder == "." && name != "." || len(name) > len(folder) && name[:len(folder)] == folder && name[len(folder)] == '/'
}

// within tells whether a name is one of the folders or lies inside one.
func within(name string, folders []string) bool {
	for _, folder := range folders {
		if name == folder || below(name, folder) {
			return true
		}
	}
	return false
}
