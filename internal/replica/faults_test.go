package replica_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
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

// A store that goes while it is read ends the session with its own error, on both sides; nothing is said of the files. A
// file that alone cannot be read delays only itself.
func TestP24_WhoseErrorItIs(t *testing.T) {
	gone := func(string, string) error { return fs.ErrNotExist }
	broken := func(string, string) error { return errors.New("input/output error") }
	for name, c := range map[string]struct {
		fails   func(op, name string) error
		session bool // ends with it
		left    int
	}{
		"the share gives errors":         {broken, true, 20},
		"the share is not mounted":       {gone, true, 20},
		"one file cannot be read":        {only("m/s7", broken), false, 1},
		"one file is gone":               {only("m/s7", gone), false, 1},
		"one file may not be read":       {only("m/s7", func(string, string) error { return fs.ErrPermission }), false, 1},
		"one file breaks within reading": {only("m/s7", func(op, _ string) error { return map[bool]error{true: errors.New("bad sector")}[op == "read"] }), false, 1},
	} {
		a, b := pair(t)
		for i := range 20 {
			a.write(t, fmt.Sprintf("m/s%d", i), fmt.Sprint(i), 1000)
		}
		sending := false
		options := a.Options
		options.Where = "/srv/pool1"
		options.Store = filestore.NewFaulty(a.store, func(op, name string) error {
			if sending {
				return c.fails(op, name)
			}
			return nil
		})
		from, err := replica.Open(options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := from.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.look(t)
		out, in := begin(opening{from.Exporter(false), func() { sending = true }}, b.Importer())
		exported, imported := <-out, <-in
		for side, err := range map[string]error{"exporter": exported, "importer": imported} {
			told := failure.IsID(err, failure.StoreUnavailable) && strings.Contains(err.Error(), "The file store /srv/pool1 of pool1 could not be read")
			if told != c.session || !c.session && err != nil {
				t.Errorf("%s: the %s hears %v", name, side, err)
			}
		}
		if left := 20 - len(b.tree()); left != c.left || int(b.Index.PendingCount()) != map[bool]int{true: 0, false: 1}[c.session] {
			t.Errorf("%s: %d files did not arrive, %d paths wait", name, left, b.Index.PendingCount())
		}
	}
}

// only lets a fault concern one name.
func only(path string, fails func(op, name string) error) func(op, name string) error {
	return func(op, name string) error {
		if strings.HasSuffix(name, path) {
			return fails(op, name)
		}
		return nil
	}
}

// opening is an exporter that tells when the first content is opened.
type opening struct {
	*replica.Exporter
	first func()
}

func (o opening) Open(ctx context.Context, it index.Item) (exchange.Content, error) {
	o.first()
	return o.Exporter.Open(ctx, it)
}
