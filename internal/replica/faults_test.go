package replica_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// counted is an exporter that counts how often each content is sent.
type counted struct {
	*replica.Exporter
	sent map[string]int
}

func (c counted) Open(ctx context.Context, it index.Item) (exchange.Content, error) {
	c.sent[it.Path]++
	return c.Exporter.Open(ctx, it)
}

// Where one request in some hundred fails, what it was about waits or is tried again; everything else arrives, and no
// content is sent more than twice.
func TestP10_OneRequestInSomeHundredFails(t *testing.T) {
	for _, one := range []int{200, 500, 1000} {
		for _, only := range []string{"", "flush"} {
			a, b := pair(t)
			const files = 1000
			for i := range files {
				a.write(t, fmt.Sprintf("m%d/s%d", i/50, i), fmt.Sprint(i), 1000)
			}
			a.look(t)
			b.look(t)
			random, failed := rand.New(rand.NewPCG(uint64(one), 1)), 0
			var mu sync.Mutex
			options := b.Options
			options.Store = filestore.NewFaulty(b.store, func(op, name string) error {
				mu.Lock()
				defer mu.Unlock()
				if (only == "" || op == only) && random.IntN(one) == 0 {
					failed++
					return fmt.Errorf("%s %q: input/output error", op, name)
				}
				return nil
			})
			to, err := replica.Open(options)
			if err != nil {
				t.Fatal(err)
			}
			sent, sessions := map[string]int{}, 0
			for ; len(b.tree()) < files && sessions < 30; sessions++ {
				out, in := begin(counted{a.Exporter(false), sent}, to.Importer())
				_ = errors.Join(<-out, <-in) // what fails is tried again in the next one
				_, _ = to.Look(t.Context())
			}
			wantAlike(t, a, b)
			contents, most := 0, 0
			for _, times := range sent {
				contents, most = contents+times, max(most, times)
			}
			t.Logf("1 in %d (%s): %d failed, %d sessions, %d contents sent for %d files, one at most %d times", one, only, failed, sessions, contents, files, most)
			if failed == 0 || most > 2 {
				t.Errorf("1 in %d (%s): %d failed, a content was sent %d times", one, only, failed, most)
			}
		}
	}
}
