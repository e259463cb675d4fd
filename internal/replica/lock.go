package replica

// lock is a mutex that may be held while the store works. It is a channel, so that a test that runs in a bubble of
// testing/synctest sees who waits for it.
type lock struct {
	held chan struct{}
	turn func()
}

func newLock(turn func()) lock { return lock{make(chan struct{}, 1), turn} }

// Lock waits until nobody holds the lock, and takes it.
func (l *lock) Lock() {
	select {
	case l.held <- struct{}{}:
		return
	default:
	}
	l.held <- struct{}{}
	if l.turn != nil {
		l.turn()
	}
}

// Unlock lets the next one have it.
func (l *lock) Unlock() { <-l.held }
