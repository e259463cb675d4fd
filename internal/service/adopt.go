package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
)

// Adoption tells what adopting the pool's file store would mean: for a store whose marker names a pool that is
// called otherwise now.
func (s *service) Adoption(context.Context) (admin.Adoption, error) {
	a, _, err := s.adoption()
	return a, err
}

// adoption gives the plan over all modules, and that of each engine that has one.
func (s *service) adoption() (admin.Adoption, map[*engine]string, error) {
	w, err := s.working()
	if err != nil {
		return admin.Adoption{}, nil, err
	}
	a := admin.Adoption{PoolFqdn: s.Pool.FQDN, FileStore: s.Pool.FileStore}
	plans := map[*engine]string{}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(w.engines)) {
		e := w.engines[name]
		one, ok, err := e.replica.Adoption()
		if err != nil {
			return admin.Adoption{}, nil, s.explain(err)
		}
		if !ok {
			continue
		}
		plans[e], a.FormerPoolFqdn = one.Plan, one.Former
		a.Files, a.Bytes = a.Files+one.Files, a.Bytes+one.Bytes
		fmt.Fprintln(sum, one.Plan)
	}
	if len(plans) == 0 {
		return admin.Adoption{}, nil, failure.New(failure.StoreNotForeign, s.Pool.FileStore, "The file store "+s.Pool.FileStore+" belongs to "+s.Pool.FQDN+" already",
			"There is nothing to adopt.")
	}
	if other, err := s.Topology.Pool(a.FormerPoolFqdn); err == nil {
		return admin.Adoption{}, nil, failure.New(failure.StoreHeld, s.Pool.FileStore,
			fmt.Sprintf("The file store %s belongs to %s, which is another pool of the topology", s.Pool.FileStore, other.FQDN), "Correct fileStore in the topology file, and restart the service.")
	}
	a.Plan = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, plans, nil
}

// AdoptStore takes the file store over as the named plan says. What the service knows of it stays.
func (s *service) AdoptStore(_ context.Context, plan string) error {
	a, plans, err := s.adoption()
	if err != nil {
		return err
	}
	if a.Plan != plan {
		return failure.New(failure.StorePlanStale, plan, fmt.Sprintf("The plan %q is no longer true: the marker of the file store has changed since it was shown", plan),
			"Look again: csbackup store adopt --pool-fqdn "+s.Pool.FQDN+".")
	}
	for e, plan := range plans {
		if err := e.replica.Adopt(plan); err != nil {
			return s.explain(err)
		}
		e.nudge()
	}
	return nil
}
