package service

import (
	"context"

	"csbackup/internal/admin"
	"csbackup/internal/module"
)

// LeftOut tells what the modules left out in their last cycle, with the first paths by name.
func (s *service) LeftOut(_ context.Context, modules []string) ([]admin.LeftOut, error) {
	w, err := s.working()
	if err != nil {
		return nil, err
	}
	all := []admin.LeftOut{}
	for _, m := range module.All() {
		e := w.engines[m.Identity]
		if e == nil || !s.enabled(m) || len(modules) > 0 && !contains(modules, m.Identity) {
			continue
		}
		e.mu.Lock()
		p := e.progress
		e.mu.Unlock()
		one := admin.LeftOut{Module: m.Identity, Files: p.look.Deferred + p.look.Skipped, Paths: []string{},
			PartnerFqdn: s.partner.FQDN, PartnerFiles: int64(p.partnerPending), PartnerPaths: []string{}}
		for _, u := range p.look.Untaken {
			one.Paths = append(one.Paths, readable(u.String()))
		}
		for _, path := range p.partnerWaiting {
			one.PartnerPaths = append(one.PartnerPaths, readable(path))
		}
		if one.Files+one.PartnerFiles > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}
