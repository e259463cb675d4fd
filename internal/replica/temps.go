package replica

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
)

// partPrefix marks a large transfer that was cut and can go on; every other temporary file is swept.
const partPrefix = "part-"

var temporary atomic.Uint64

// temp gives a name for a new temporary file that nothing else uses.
func (r *Replica) temp(use string) string {
	return fmt.Sprintf("%s/Temp/%s-%x-%d", r.Base, use, uint64(r.Index.Replica()), temporary.Add(1))
}

// context bounds the store's own housekeeping, which no caller may cut half-way.
func (r *Replica) context() context.Context { return context.Background() }

// sweep removes what an interrupted run left in Temp, except transfers that can go on.
func (r *Replica) sweep() error {
	infos, err := r.Store.ReadDir(r.Base + "/Temp")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep temporary files: %w", err)
	}
	for _, info := range infos {
		if strings.HasPrefix(info.Name, partPrefix) || strings.HasPrefix(info.Name, "aside-") {
			continue
		}
		if err := r.Store.Remove(r.Base + "/Temp/" + info.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep temporary files: %w", err)
		}
	}
	return nil
}
