package simulation

import (
	"fmt"

	"csbackup/internal/index"
)

// displacedAtLeast is how many files must be replaced by others of another kind, or much smaller, to count as lost.
const displacedAtLeast = 10

// guarded wants that no partner, honest or not, took nearly everything from a root of a side in one phase without a
// confirmation there.
func (w *week) guarded(p *phase) error {
	for i, s := range w.sides {
		now := s.live()
		stand := map[string]bool{}
		for _, content := range now {
			stand[content] = true
		}
		for _, root := range roots {
			had, deleted, replaced := int64(0), int64(0), int64(0)
			for path, content := range p.before[i] {
				if name, _, _ := cutRoot(path); name != root || w.model.removed[i][path][content] {
					continue
				}
				had++
				if stand[content] {
					continue // there, or under another name
				}
				switch after, there := now[path]; {
				case there && index.LeavesPlace(sized(content), sized(after)):
					replaced++
				case !there && s.isFolder(path):
					replaced++
				case !there:
					deleted++
				}
			}
			gone := deleted
			if replaced >= displacedAtLeast {
				gone += replaced
			}
			had = max(had, p.known[i][root])
			if had >= 10 && gone*10 > had*9 && !s.confirmed {
				return fmt.Errorf("P7: the partner took %d of %d files of %s from %s, and nobody confirmed it", gone, had, root, s.pool)
			}
		}
		if s.replica == nil || s.replica.HeldBack() == "" {
			s.confirmed = false
		}
	}
	return nil
}

func sized(content string) index.Item { return index.Item{Kind: index.File, Size: int64(len(content))} }

func (s *side) isFolder(path string) bool {
	_, err := s.store.ReadDir(s.folder + "/" + path)
	return err == nil
}
