package exchange

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/index"
)

func sample() index.Item {
	return index.Item{Path: "r/a/\xff.bin", Kind: index.File, Size: 7, ModTime: -5, Hash: index.Hash{1, 2}, Sequence: 9,
		Vector: index.Vector{{Replica: 1, Counter: 2}, {Replica: 1 << 63, Counter: 1 << 40}}}
}

func TestItemsSurviveTheWire(t *testing.T) {
	f := &fields{rest: putItem(nil, sample())}
	got, want := f.item(), sample()
	if err := f.end(); err != nil || got.Path != want.Path || got.ModTime != want.ModTime || got.Hash != want.Hash ||
		got.Sequence != want.Sequence || got.Vector.Compare(want.Vector) != index.Equal {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
}

func TestP18_PathsThatLeadOutsideAreRefused(t *testing.T) {
	for _, path := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a\x00b"} {
		it := sample()
		it.Path = path
		f := &fields{rest: putItem(nil, it)}
		f.item()
		if f.end() == nil {
			t.Errorf("the path %q was taken", path)
		}
	}
}

// Whatever a peer sends, a decoder returns in bounded time and memory and without a panic, and what it
// takes is what it would send.
func FuzzDecoders(f *testing.F) {
	f.Add(putItem(nil, sample()))
	f.Add(encodeHello(Hello{Protocol: 1, FromPool: "a", ToPool: "b", Module: "m", Settings: []byte("{}")}))
	f.Add(encodeWelcome(Welcome{Protocol: 1, Replica: 5}))
	f.Add(encodeAck(Ack{Number: 1}))
	f.Add(encodeBatch(Batch{Number: 1}, 3))
	f.Add(encodePaths([]string{"r/a"}))
	f.Add(encodeRefusal(failure.New(failure.StoreHeld, "t", "m", "h")))
	f.Add(binary.AppendUvarint(nil, 1<<63))
	items := []index.Item{sample(), sample()}
	f.Add(encodeWants([]Want{{Item: 1, Offset: 3}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		if h, err := decodeHello(body); err == nil && len(h.Settings) > maxSettings {
			t.Error("settings beyond the limit were taken")
		}
		_, _ = decodeWelcome(body)
		_, _ = decodeAck(body)
		if err := decodeRefusal(body); err == nil {
			t.Error("a refusal is never nil")
		}
		if _, n, err := decodeBatch(body); err == nil && n > maxItems {
			t.Error("a count beyond the limit was taken")
		}
		if wants, err := decodeWants(body, items); err == nil {
			for _, w := range wants {
				if w.Item >= len(items) || w.Offset < 0 || w.Offset > items[w.Item].Size {
					t.Errorf("a want outside the offer was taken: %+v", w)
				}
			}
		}
		if paths, err := decodePaths(body); err == nil {
			for _, p := range paths {
				if !validPath(p) {
					t.Errorf("the path %q was taken", p)
				}
			}
		}
		in := &fields{rest: body}
		if it := in.item(); in.end() == nil && (!validPath(it.Path) || it.Size < 0) {
			t.Errorf("the item %+v was taken", it)
		}
	})
}

// target takes everything into memory.
type target struct {
	mu       sync.Mutex
	position Position
	ack      uint64
	got      map[string]string
	items    map[uint64][]index.Item
}

func newTarget() *target {
	return &target{got: map[string]string{}, items: map[uint64][]index.Item{}}
}

func (t *target) Welcome(context.Context, Hello) (Welcome, error) {
	return Welcome{Protocol: Protocol, Replica: 2, Acknowledged: t.ack, Position: t.position}, nil
}
func (t *target) Opened(context.CancelCauseFunc)                         {}
func (t *target) Closed()                                                {}
func (t *target) Retries(context.Context, string, int) ([]string, error) { return nil, nil }
func (t *target) Plan(_ context.Context, b Batch, items []index.Item) ([]Want, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items[b.Number] = items
	var wants []Want
	for i, it := range items {
		if _, have := t.got[it.Path]; !have {
			wants = append(wants, Want{Item: i})
		}
	}
	return wants, nil
}
func (t *target) Receive(_ context.Context, _ Batch, p Part, content io.Reader) error {
	raw, err := io.ReadAll(content)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && p.Offset+p.Length == p.Item.Size {
		t.got[p.Item.Path] = string(raw)
	}
	return err
}
func (t *target) Commit(_ context.Context, b Batch) (Ack, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.position, t.ack = Position{b.Number, b.Hash}, b.Through
	return Ack{Number: b.Number, Hash: b.Hash, Acknowledged: b.Through, Applied: uint64(len(t.items[b.Number]))}, nil
}

func (t *target) Discard(b Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.items, b.Number)
}

// source offers files that are kept in memory.
type source map[string]string

func (s source) list() []index.Item {
	var items []index.Item
	for i := range len(s) {
		path := "r/" + string(rune('a'+i))
		items = append(items, index.Item{Path: path, Kind: index.File, Size: int64(len(s[path])), Sequence: uint64(i + 1), Vector: index.Vector{{Replica: 1, Counter: 1}}})
	}
	return items
}
func (s source) Hello(context.Context) (Hello, error) {
	return Hello{Protocol: Protocol, FromPool: "a", ToPool: "b", Module: "m", Replica: 1}, nil
}
func (s source) Welcomed(_ context.Context, w Welcome) (uint64, error) { return w.Acknowledged, nil }
func (s source) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	all := s.list()
	if after >= uint64(len(all)) {
		return nil, after, nil
	}
	end := min(after+2, uint64(len(all)))
	return all[after:end], end, nil
}
func (s source) Paths(context.Context, []string) ([]index.Item, error) { return nil, nil }
func (s source) Open(_ context.Context, it index.Item) (Content, error) {
	return &memory{bytes.NewReader([]byte(s[it.Path]))}, nil
}
func (s source) Sending(Batch) {}

func (s source) Acknowledged(context.Context, Batch, Ack) error { return nil }

type memory struct{ *bytes.Reader }

func (m *memory) SkipTo(offset int64) error { _, err := m.Seek(offset, io.SeekStart); return err }
func (m *memory) Unchanged() error          { return nil }
func (m *memory) Close() error              { return nil }

// cut ends a connection after so many bytes were written to it.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if len(p) > c.left {
		n, _ := c.Conn.Write(p[:c.left])
		c.left = 0
		c.Conn.Close()
		return n, errors.New("the line was cut")
	}
	c.left -= len(p)
	return c.Conn.Write(p)
}

func files() source {
	s := source{}
	for i := range 5 {
		s["r/"+string(rune('a'+i))] = strings.Repeat(string(rune('a'+i)), 100*i)
	}
	return s
}

// A connection that is cut anywhere, any number of times, ends in the same state.
func TestP3_CutConnectionsConverge(t *testing.T) {
	s, to := files(), newTarget()
	for k := 0; ; k += 37 {
		a, b := net.Pipe()
		done := make(chan struct{})
		go func() { defer close(done); _ = Import(context.Background(), b, to, Options{}) }()
		result, err := Export(t.Context(), &cut{a, k}, s, Options{})
		<-done
		if err == nil {
			if !result.Drained {
				t.Error("the session ended with something left")
			}
			break
		}
		if k > 100_000 {
			t.Fatal(err)
		}
	}
	if len(to.got) != len(s) {
		t.Fatalf("%d of %d files came", len(to.got), len(s))
	}
	for path, content := range s {
		if to.got[path] != content {
			t.Errorf("%s came as %d bytes, want %d", path, len(to.got[path]), len(content))
		}
	}
}

// A batch that does not follow the last one, or whose items do not fit its hash, changes nothing.
func TestP20_BatchesOutOfOrderAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Batch){
		"dropped":  func(b *Batch) { b.Number += 1 },
		"repeated": func(b *Batch) { b.Number = 0 },
		"forked":   func(b *Batch) { b.Previous[0] ^= 1 },
		"altered":  func(b *Batch) { b.Hash[0] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			to := newTarget()
			a, b := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- Import(context.Background(), b, to, Options{IdleTimeout: time.Minute}) }()
			w := &export{wire: newWire(a, time.Minute)}
			defer w.close()
			if err := w.send(frameHello, encodeHello(Hello{Protocol: Protocol}), true); err != nil {
				t.Fatal(err)
			}
			if _, err := w.expect(t.Context(), frameWelcome); err != nil {
				t.Fatal(err)
			}
			items := []index.Item{sample()}
			batch := Batch{Number: 1, Through: 9}
			seal(&batch, items)
			change(&batch)
			if err := errors.Join(w.send(frameOffer, encodeBatch(batch, 1), false), w.send(frameItems, putItem(nil, items[0]), true)); err != nil {
				t.Fatal(err)
			}
			if _, err := w.expect(t.Context(), frameWants); !failure.IsID(err, failure.ProtocolMismatch) {
				t.Errorf("the answer was %v", err)
			}
			if err := <-done; !errors.Is(err, ErrGap) || len(to.items) != 0 {
				t.Errorf("the importer ended with %v and planned %d batches", err, len(to.items))
			}
		})
	}
}

func TestP19_HostilePeers(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a length of 4 GiB":     {0xff, 0xff, 0xff, 0xff, byte(frameHello)},
		"no hello":              {0, 0, 0, 0, byte(frameGoodbye)},
		"an unknown frame":      {0, 0, 0, 0, 200},
		"a hello that is noise": {0, 0, 0, 3, byte(frameHello), 0xff, 0xff, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- Import(context.Background(), b, newTarget(), Options{IdleTimeout: time.Minute}) }()
			if _, err := a.Write(raw); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, ErrFrame) {
				t.Errorf("the importer ended with %v", err)
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		_, b := net.Pipe()
		if err := Import(t.Context(), b, newTarget(), Options{IdleTimeout: 50 * time.Millisecond}); err == nil {
			t.Error("a silent peer was waited for to the end")
		}
	})
}
