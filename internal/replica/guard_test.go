package replica_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// crowd is a liar that offers its items in many small batches, all in one session, and has contents for them.
type crowd struct {
	*liar
	atOnce   int
	batches  [][]index.Item // in the place of items and atOnce
	contents map[index.Hash]string
	again    []index.Item // that are offered when they are asked for
}

var errBroken = errors.New("the session breaks off")

func (c *crowd) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	if len(c.batches) > 0 {
		items := c.batches[0]
		c.batches = c.batches[1:]
		return items, after + uint64(len(items)), nil
	}
	n := min(c.atOnce, len(c.items))
	items := c.items[:n]
	c.items = c.items[n:]
	return items, after + uint64(n), nil
}

// Paths offers the same items again that the importer asks for again.
func (c *crowd) Paths(_ context.Context, paths []string) (found []index.Item, err error) {
	for _, it := range c.again {
		if slices.Contains(paths, it.Path) {
			found = append(found, it)
		}
	}
	return found, nil
}

func (c *crowd) Open(_ context.Context, it index.Item) (exchange.Content, error) {
	return &said{rest: c.contents[it.Hash]}, nil
}

// said is a content that somebody made up.
type said struct{ rest string }

func (s *said) Read(p []byte) (int, error) {
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
func (s *said) SkipTo(int64) error { return nil }
func (s *said) Unchanged() error   { return nil }
func (s *said) Close() error       { return nil }

// lieInBatches offers items of the partner's to a side, as production does: a batch is planned while the one before
// it is committed.
func lieInBatches(t *testing.T, from, to *side, c *crowd) error {
	t.Helper()
	c.liar.Exporter, c.again = from.Exporter(false), slices.Clone(c.items)
	a, b := net.Pipe()
	taken := make(chan error, 1)
	go func() {
		importer := to.Importer()
		err := exchange.Import(context.Background(), b, importer, exchange.Options{})
		if err == nil {
			_, err = importer.Ended()
		}
		taken <- err
	}()
	_, err := exchange.Export(t.Context(), a, c, exchange.Options{})
	<-taken
	return err
}

// all gives, for each file that a side's index has, what make makes of it, with one more change of the partner's.
func all(t *testing.T, from, to *side, make func(index.Item) index.Item) []index.Item {
	t.Helper()
	items, err := to.Index.All("", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var made []index.Item
	for _, it := range items {
		if it.Kind == index.File {
			it = make(it)
			it.Vector = it.Vector.Bump(from.Index.Replica())
			made = append(made, it)
		}
	}
	return made
}

func deleted(it index.Item) index.Item {
	return index.Item{Path: it.Path, Kind: index.Tombstone, Vector: it.Vector}
}

// standing counts the files with content of a side.
func standing(s *side) (n int) {
	for _, content := range s.tree() {
		if content != "" {
			n++
		}
	}
	return n
}

// Each way in which a partner may take nearly everything from its place is held back, however it is cut into batches
// and whatever is sent before; what is held back can be confirmed.
func TestP7_P28_WhatTakesNearlyEverythingIsHeldBack(t *testing.T) {
	const files = 120
	empty := index.Hash{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}
	for name, lie := range map[string]func(index.Item) index.Item{
		"as deletions": deleted,
		"as folders": func(it index.Item) index.Item {
			return index.Item{Path: it.Path, Kind: index.Folder, Vector: it.Vector}
		},
		"as empty files": func(it index.Item) index.Item { it.Size, it.Hash = 0, empty; return it },
	} {
		for _, atOnce := range []int{7, 1000} {
			t.Run(fmt.Sprintf("%s, %d at once", name, atOnce), func(t *testing.T) {
				a, b := seededLarge(t, files)
				if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: all(t, a, b, lie)}, atOnce: atOnce}); err != nil {
					t.Fatal(err)
				}
				if left := standing(b); left < files/10 || b.HeldBack() == "" {
					t.Fatalf("%d of %d files are left, held back %q", left, files, b.HeldBack())
				}
				held, ok, err := b.Loss()
				if err != nil || !ok || held.Files == 0 {
					t.Fatalf("Loss = %+v, %v, %v", held, ok, err)
				}
				if err := b.ConfirmLoss(held.Plan); err != nil {
					t.Fatal(err)
				}
				if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: all(t, a, b, lie)}, atOnce: atOnce}); err != nil {
					t.Fatal(err)
				}
				if left := standing(b); left != 0 || b.HeldBack() != "" {
					t.Errorf("after the confirmation %d files are left, held back %q", left, b.HeldBack())
				}
			})
		}
	}
}

// seededLarge is seeded with contents of some size.
func seededLarge(t *testing.T, files int) (a, b *side) {
	t.Helper()
	a, b = pair(t)
	seedLarge(t, a, b, files)
	return a, b
}

func seedLarge(t *testing.T, a, b *side, files int) {
	t.Helper()
	for i := range files {
		a.write(t, fmt.Sprintf("m%d/s%d", i%7, i), fmt.Sprintf("content %d of some length", i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
}

// What the partner sends first, in this session or in earlier ones, makes a loss no smaller.
func TestP7_P28_WhatIsSentFirstHidesNoLoss(t *testing.T) {
	for _, sessions := range []int{1, 4} {
		for _, hours := range []int{0, 5} {
			t.Run(fmt.Sprintf("%d sessions, %d hours", sessions, hours), func(t *testing.T) {
				const files = 50
				a, b := seededLarge(t, files)
				removed := all(t, a, b, deleted)
				added := make([]index.Item, 1000)
				for i := range added {
					added[i] = index.Item{Path: fmt.Sprintf("CollabContent/new%d", i), Kind: index.Folder, Vector: index.Vector{{Replica: a.Index.Replica(), Counter: 1}}}
					if i%2 == 0 {
						added[i].Kind, added[i].Size, added[i].Hash = index.File, 3, index.Hash{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad}
					}
				}
				contents := map[index.Hash]string{added[0].Hash: "abc"}
				for part := range slices.Chunk(added, len(added)/sessions) {
					items := part
					if sessions == 1 {
						items = slices.Concat(part, removed)
					}
					if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: items}, atOnce: 100, contents: contents}); err != nil {
						t.Fatal(err)
					}
					b.elapsed += time.Duration(hours) * time.Hour
				}
				if sessions > 1 {
					if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: removed}, atOnce: 10}); err != nil {
						t.Fatal(err)
					}
				}
				left := 0
				for name := range b.tree() {
					if len(name) > len("CollabContent/new") && name[:len("CollabContent/new")] != "CollabContent/new" {
						left++
					}
				}
				if left < files/10 || b.HeldBack() == "" {
					t.Errorf("%d of %d files are left, held back %q", left, files, b.HeldBack())
				}
			})
		}
	}
}

// A file that is touched, or changed a little, before it is deleted counts as what it was.
func TestP7_P28_ATouchBeforeADeletionHidesNothing(t *testing.T) {
	const files = 50
	a, b := seededLarge(t, files)
	if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: all(t, a, b, func(it index.Item) index.Item { it.ModTime += 5; return it })}, atOnce: 10}); err != nil {
		t.Fatal(err)
	}
	if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: all(t, a, b, deleted)}, atOnce: 10}); err != nil {
		t.Fatal(err)
	}
	if left := standing(b); left < files/10 || b.HeldBack() == "" {
		t.Errorf("%d of %d files are left, held back %q", left, files, b.HeldBack())
	}
}

// Sessions that break off have done nothing, and count for nothing: what is allowed stays allowed.
func TestP7_BrokenSessionsCountForNothing(t *testing.T) {
	const files = 50
	a, b := seededLarge(t, files)
	removed := all(t, a, b, deleted)[:files*6/10]
	for broken := range 6 {
		c := &crowd{liar: &liar{items: slices.Clone(removed)}, atOnce: len(removed)}
		c.liar.Exporter = a.Exporter(false)
		client, server := net.Pipe()
		taken := make(chan error, 1)
		go func() {
			taken <- exchange.Import(context.Background(), &cutConn{Conn: server, left: 1200 + 400*broken}, b.Importer(), exchange.Options{})
		}()
		_, _ = exchange.Export(t.Context(), client, c, exchange.Options{}) // it breaks off
		<-taken
		if b.HeldBack() != "" {
			t.Fatalf("after %d broken sessions: %s", broken+1, b.HeldBack())
		}
	}
	if err := lieInBatches(t, a, b, &crowd{liar: &liar{items: removed}, atOnce: 10}); err != nil {
		t.Fatal(err)
	}
	if left := standing(b); left != files-len(removed) || b.HeldBack() != "" {
		t.Errorf("%d of %d files are left, held back %q", left, files, b.HeldBack())
	}
}

// cutConn breaks after so many bytes were read.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errBroken
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// Deletions of all, in several windows of the honest protocol: a batch is planned while the one before it is
// committed, and both count.
func TestP7_BatchesInFlightCount(t *testing.T) {
	const files = 4500 // more than one window
	a, b := pair(t)
	for i := range files {
		a.write(t, fmt.Sprintf("m%d/s%d", i%50, i), fmt.Sprint(i), 1000)
	}
	cycle(t, a, b)
	cycle(t, a, b)
	before := b.tree()
	a.store.RemoveAll(a.root + "/CollabContent")
	a.store.MakeFolder(a.root + "/CollabContent")
	a.look(t)
	loss, held, err := a.Loss()
	if err != nil || !held {
		t.Fatal(held, err)
	}
	if err := a.ConfirmLoss(loss.Plan); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	if b.HeldBack() == "" || len(b.tree()) < files/10 {
		t.Errorf("%d of %d files are left, held back %q", len(b.tree()), files, b.HeldBack())
	}
	again, held, err := b.Loss()
	if err != nil || !held {
		t.Fatal(held, err)
	}
	if err := b.ConfirmLoss(again.Plan); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		cycle(t, a, b)
	}
	wantAlike(t, a, b)
	if kept, err := b.Versions("", "", 10_000); err != nil || len(kept) != len(before) {
		t.Errorf("%d of %d deleted files are kept (%v)", len(kept), len(before), err)
	}
}
