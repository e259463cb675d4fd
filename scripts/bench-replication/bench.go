package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// contender is one way to make a tree at one place like a tree at another.
type contender interface {
	name() string
	// begin makes it ready to carry the tree at source to target, which does not exist yet.
	begin(ctx context.Context, at places) error
	// seed fills the empty target, catchUp carries what changed since, restore fills a target that was
	// lost. Each tells how long it took until all is durable, or errNotOffered.
	seed(ctx context.Context) (time.Duration, error)
	catchUp(ctx context.Context) (time.Duration, error)
	restore(ctx context.Context) (time.Duration, error)
	// processorTime is what all its processes have used so far, on both sides.
	processorTime() (time.Duration, error)
	end() error
}

// places are where a contender works: trees of the same content, and a folder for its own things.
type places struct{ source, target, own string }

var errNotOffered = errors.New("it does not offer this")

// bench is one store and the contenders that copy it.
type bench struct {
	dir        string
	data       *data
	contenders []contender
}

func newBench(ctx context.Context, dir string, files int, bytes int64, contenders []contender) (*bench, error) {
	b := &bench{dir: dir, data: &data{root: filepath.Join(dir, "pool1", "1-WebServices-1"), files: files, bytes: bytes}, contenders: contenders}
	say("making %d files, %d MB", files, bytes/1_000_000)
	if err := b.data.make(ctx); err != nil {
		return nil, err
	}
	for _, c := range contenders {
		own := filepath.Join(dir, "own", c.name())
		if err := os.MkdirAll(own, 0o755); err != nil {
			return nil, err
		}
		if err := c.begin(ctx, places{source: b.data.root, target: b.target(c), own: own}); err != nil {
			b.end()
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	return b, nil
}

func (b *bench) target(c contender) string {
	return filepath.Join(b.dir, c.name(), "1-WebServices-2")
}

func (b *bench) end() {
	for _, c := range b.contenders {
		if err := c.end(); err != nil {
			say("%s did not end well: %v", c.name(), err)
		}
	}
}

// measure lets one contender after the other do a work, each from warm caches with nothing left to be
// written, and checks what came of it.
func (b *bench) measure(ctx context.Context, what string, work func(contender, context.Context) (time.Duration, error)) (map[string]time.Duration, error) {
	took := map[string]time.Duration{}
	for _, c := range b.contenders {
		if err := b.settle(ctx); err != nil {
			return nil, err
		}
		before, err := c.processorTime()
		if err != nil {
			return nil, err
		}
		elapsed, err := work(c, ctx)
		if errors.Is(err, errNotOffered) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.name(), what, err)
		}
		after, err := c.processorTime()
		if err != nil {
			return nil, err
		}
		say("%s: %s: %.3f s, processor time %.3f s", c.name(), what, elapsed.Seconds(), (after - before).Seconds())
		took[c.name()] = elapsed
		if err := b.data.sameAs(b.target(c)); err != nil {
			return nil, fmt.Errorf("%s: after %s: %w", c.name(), what, err)
		}
	}
	return took, nil
}

// settle writes what waits to be written and reads the source once.
func (b *bench) settle(ctx context.Context) error {
	if err := command(ctx, "sync", "-f", b.dir); err != nil {
		return err
	}
	return b.data.warm()
}

// idle measures cycles in which nothing changed: how long they take, and how much processor time on
// both sides together.
func (b *bench) idle(ctx context.Context, times int) (elapsed, processor map[string]time.Duration, err error) {
	elapsed, processor = map[string]time.Duration{}, map[string]time.Duration{}
	for _, c := range b.contenders {
		if err := b.settle(ctx); err != nil {
			return nil, nil, err
		}
		var all, used []time.Duration
		for range times {
			before, err := c.processorTime()
			if err != nil {
				return nil, nil, err
			}
			took, err := c.catchUp(ctx)
			if errors.Is(err, errNotOffered) {
				break
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s: idle: %w", c.name(), err)
			}
			after, err := c.processorTime()
			if err != nil {
				return nil, nil, err
			}
			all, used = append(all, took), append(used, after-before)
		}
		if len(all) > 0 {
			elapsed[c.name()], processor[c.name()] = middle(all), middle(used)
			say("%s: idle: %.4f s, processor time %.3f s", c.name(), elapsed[c.name()].Seconds(), processor[c.name()].Seconds())
		}
	}
	return elapsed, processor, nil
}

func middle(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// lose takes the content away from every target, to a place where it is not in the way.
func (b *bench) lose() error {
	lost := filepath.Join(b.dir, "lost")
	if err := os.MkdirAll(lost, 0o755); err != nil {
		return err
	}
	for _, c := range b.contenders {
		for _, root := range roots {
			if err := os.Rename(filepath.Join(b.target(c), root), filepath.Join(lost, c.name()+"-"+root)); err != nil {
				return err
			}
		}
	}
	return nil
}

// proveEqual compares the contents that csbackup brought, byte for byte.
func (b *bench) proveEqual() error {
	for _, root := range roots {
		if err := command(context.Background(), "diff", "-r", filepath.Join(b.data.root, root), filepath.Join(b.target(b.contenders[0]), root)); err != nil {
			return fmt.Errorf("the contents differ: %w", err)
		}
	}
	say("both trees of csbackup are equal, byte for byte")
	return nil
}
