package service

import (
	"slices"
	"sync"
	"sync/atomic"
)

// What a partner can make this service hold at once: connections, which cost little before they are sessions, and
// sessions, of which one runs a module; the others wait to be welcomed.
const (
	mostConnections = 256
	mostCallers     = 8
)

// caller is one connection for a session.
type caller struct {
	end      func()
	welcomed atomic.Bool
}

// callers are the connections for sessions, in the order in which they came.
type callers struct {
	mu  sync.Mutex
	all []*caller
}

// enter takes a caller in. Where there are too many, the one that has waited longest to be welcomed is ended.
func (c *callers) enter(one *caller) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= mostCallers {
		for _, other := range c.all {
			if !other.welcomed.Load() {
				other.end()
				c.all = slices.DeleteFunc(c.all, func(o *caller) bool { return o == other })
				break
			}
		}
	}
	c.all = append(c.all, one)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = slices.DeleteFunc(c.all, func(o *caller) bool { return o == one })
	}
}
