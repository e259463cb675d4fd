package service

import (
	"fmt"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/module"
	"csbackup/internal/replica"
)

// admits tells whether anything may be written to a store that stands under the pool's path for the first time: to
// one that a module knows, to any while none knows one, and to one that an order takes for the pool's. Below a mount
// that is gone, nothing is written.
func (s *service) admits(store filestore.Store) error {
	known := false
	for _, m := range module.All() {
		x := s.indexes[m.Identity]
		if x == nil {
			continue
		}
		knows, recognized, err := replica.Recognizes(x, store, s.Pool.BackupStore()+"/"+m.Short)
		if err != nil {
			return err
		}
		if recognized {
			s.takeOver(filestore.Info{}) // what an order took before is the known one, or no more
			return nil
		}
		known = known || knows
	}
	root, err := store.Lstat(".")
	if err != nil || !known || s.tookOver(root) {
		return err
	}
	return failure.New(failure.StoreUnavailable, s.Pool.FileStore,
		fmt.Sprintf("The folder %s is not the file store that %s had until now: nothing is written to it", s.Pool.FileStore, s.Pool.FQDN),
		fmt.Sprintf("Mount the file store; the service goes on by itself. To restore onto what stands there now, run: csbackup sync --pool-fqdn %s.", s.partner.FQDN))
}

// takeOver hears that the store with this root is taken for the pool's; the zero root ends that.
func (s *service) takeOver(root filestore.Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = root
}

func (s *service) tookOver(root filestore.Info) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken.Kind != 0 && s.taken.Identity == root.Identity && s.taken.Volume == root.Volume
}
