package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net"
	"strings"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/simulation/statedisk"
)

// hostile is a partner that offers whatever it likes.
type hostile struct {
	hello  exchange.Hello
	items  []index.Item
	bodies map[string]string
}

func (h *hostile) offer(path, content string) {
	h.items = append(h.items, index.Item{Path: path, Kind: index.File, Size: int64(len(content)), ModTime: 1000, Hash: sha256.Sum256([]byte(content)),
		Vector: index.Vector{{Replica: 99, Counter: 1}}, Sequence: uint64(len(h.items) + 1)})
	h.bodies[path] = content
}

func (h *hostile) Hello(context.Context) (exchange.Hello, error) { return h.hello, nil }
func (h *hostile) Welcomed(context.Context, exchange.Welcome) (uint64, error) {
	return 0, nil
}
func (h *hostile) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	return h.items[after:], uint64(len(h.items)), nil
}
func (h *hostile) Paths(context.Context, []string) ([]index.Item, error) { return nil, nil }
func (h *hostile) Open(_ context.Context, it index.Item) (exchange.Content, error) {
	return &body{bytes.NewReader([]byte(h.bodies[it.Path]))}, nil
}
func (h *hostile) Sending(exchange.Batch) {}

func (h *hostile) Acknowledged(context.Context, exchange.Batch, exchange.Ack) error { return nil }

type body struct{ *bytes.Reader }

func (b *body) SkipTo(offset int64) error { _, err := b.Seek(offset, io.SeekStart); return err }
func (b *body) Unchanged() error          { return nil }
func (b *body) Close() error              { return nil }

// victim is a pool that a hostile partner talks to.
func victim(t testing.TB, options filestore.MemoryOptions) *side {
	t.Helper()
	w := newWeek(1, false, "")
	s := newSide(w.turns, 0, w.random, options)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		statedisk.Unmount(s.diskName)
	})
	if err := s.store.WriteFile(s.folder+"/CollabContent/m/own", []byte("own"), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := s.replica.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func partnerOf(s *side) *hostile {
	return &hostile{bodies: map[string]string{}, hello: exchange.Hello{Protocol: exchange.Protocol, FromPool: s.partner, ToPool: s.pool,
		Module: "ConfServices.DataConf", Replica: 99, Head: 1}}
}

// attack runs a session of a hostile partner.
func attack(t testing.TB, s *side, h exchange.Source) (imported, exported error) {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		err := exchange.Import(t.Context(), b, s.replica.Importer(), exchange.Options{})
		b.Close()
		done <- err
	}()
	_, exported = exchange.Export(t.Context(), a, h, exchange.Options{})
	a.Close()
	return <-done, exported
}

// outside lists what a store holds besides the replicated folders and the service's own.
func (s *side) outside() (names []string) {
	for name := range s.store.Files() {
		if !strings.HasPrefix(name, s.folder+"/CollabContent/") && !strings.HasPrefix(name, s.folder+"/CollabMetadata/") && !strings.HasPrefix(name, base+"/") {
			names = append(names, name)
		}
	}
	return names
}

// Names that lead out, or that a store cannot hold, put nothing anywhere; what came with them arrives.
func TestP17_P18_NamesOfAHostilePartner(t *testing.T) {
	for _, store := range []struct {
		name    string
		options filestore.MemoryOptions
	}{{"Linux-like", filestore.MemoryOptions{}}, {"Windows-like", filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100}}} {
		for _, name := range []string{
			"../evil", "CollabContent/../evil", "CollabContent/../../evil", "CollabContent/..", "CollabContent/.", "CollabContent//evil",
			"/etc/evil", "CollabContent/\x00evil", "Other/evil", "evil", "collabcontent/evil",
			"C:/evil", "CollabContent/C:/evil", `CollabContent/..\..\evil`, `\\server\share\evil`, "//server/share/evil", "CollabContent/a:stream", "CollabContent/CON",
			"CollabContent/nul.txt", "CollabContent/com1", "CollabContent/dot.", "CollabContent/space ", "CollabContent/tab\t", "CollabContent/a<b>",
			"CollabContent/" + strings.Repeat("n", 40_000),
		} {
			s := victim(t, store.options)
			h := partnerOf(s)
			h.offer(name, "evil")
			h.offer("CollabContent/m/good", "good")
			before := s.live()
			imported, _ := attack(t, s, h)
			if got := s.outside(); len(got) > 0 {
				t.Errorf("%s: %.60q put something at %q", store.name, name, got)
			}
			after := s.live()
			for path, content := range before {
				if after[path] != content {
					t.Errorf("%s: %.60q changed %s", store.name, name, path)
				}
			}
			if imported == nil && after["CollabContent/m/good"] != "good" {
				t.Errorf("%s: beside %.60q a good file did not arrive", store.name, name)
			}
			if store.options.WindowsNames && after[name] == "evil" {
				t.Errorf("%s: the name %.60q was taken", store.name, name)
			}
		}
	}
}

// Who is not the partner, or speaks for another pair or module, changes nothing.
func TestP19_AWrongPairIsRefused(t *testing.T) {
	for name, change := range map[string]func(*exchange.Hello){
		"another pool calls":          func(h *exchange.Hello) { h.FromPool = "pool9.example" },
		"another pool is meant":       func(h *exchange.Hello) { h.ToPool = "pool9.example" },
		"another module":              func(h *exchange.Hello) { h.Module = "CentralMgmt.CMSMaster" },
		"another version of the wire": func(h *exchange.Hello) { h.Protocol++ },
	} {
		s := victim(t, filestore.MemoryOptions{})
		h := partnerOf(s)
		h.offer("CollabContent/m/evil", "evil")
		change(&h.hello)
		before := s.store.Files()
		imported, exported := attack(t, s, h)
		if imported == nil || !failure.IsID(exported, failure.PeerNotTrusted) && !failure.IsID(exported, failure.ProtocolMismatch) {
			t.Errorf("%s: answered with %v and %v", name, imported, exported)
		}
		if !maps.Equal(before, s.store.Files()) {
			t.Errorf("%s: something was written", name)
		}
	}
}

// A content that is not what was promised never stands under its name.
func TestP1_P19_ContentsThatLie(t *testing.T) {
	for name, lie := range map[string]func(h *hostile){
		"another content": func(h *hostile) { h.bodies["CollabContent/m/f"] = "other content!" },
		"shorter":         func(h *hostile) { h.bodies["CollabContent/m/f"] = "short" },
		"longer":          func(h *hostile) { h.bodies["CollabContent/m/f"] += "and more" },
		"an immense size": func(h *hostile) { h.items[0].Size = 1 << 62 },
		"over one's own":  func(h *hostile) { h.items[0].Path = "CollabContent/m/own"; h.bodies["CollabContent/m/own"] = "evil" },
	} {
		s := victim(t, filestore.MemoryOptions{})
		h := partnerOf(s)
		h.offer("CollabContent/m/f", "what is said")
		lie(h)
		attack(t, s, h)
		if content, there := s.live()["CollabContent/m/f"]; there && content != "what is said" {
			t.Errorf("%s: %q stands there", name, content)
		}
		if s.live()["CollabContent/m/own"] != "own" {
			t.Errorf("%s: this side's own file is %q", name, s.live()["CollabContent/m/own"])
		}
	}
}

// recorder keeps what an exporter sent.
type recorder struct {
	io.ReadWriteCloser
	sent *bytes.Buffer
}

func (r recorder) Write(p []byte) (int, error) {
	n, err := r.ReadWriteCloser.Write(p)
	r.sent.Write(p[:n])
	return n, err
}

// said plays bytes to an importer and takes its answers.
type said struct {
	*bytes.Reader
}

func (said) Write(p []byte) (int, error) { return len(p), nil }
func (said) Close() error                { return nil }

// session records a whole session of a partner.
func recorded(t testing.TB, s *side) []byte {
	t.Helper()
	h := partnerOf(s)
	h.offer("CollabContent/m/f", "a content")
	h.offer("CollabContent/m/own", "another content")
	h.items = append(h.items, index.Item{Path: "CollabContent/m/gone", Kind: index.Tombstone, Vector: index.Vector{{Replica: 99, Counter: 2}}, Sequence: 3})
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		err := exchange.Import(t.Context(), b, s.replica.Importer(), exchange.Options{})
		b.Close()
		done <- err
	}()
	var sent bytes.Buffer
	_, err := exchange.Export(t.Context(), recorder{a, &sent}, h, exchange.Options{})
	a.Close()
	if err = errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	return sent.Bytes()
}

// A session that is played again, whole, changes nothing.
func TestP20_AReplayedSessionIsRefused(t *testing.T) {
	s := victim(t, filestore.MemoryOptions{})
	sent := recorded(t, s)
	before := s.live()
	if err := exchange.Import(t.Context(), said{bytes.NewReader(sent)}, s.replica.Importer(), exchange.Options{}); !errors.Is(err, exchange.ErrGap) {
		t.Errorf("a replayed session ends with %v", err)
	}
	if !maps.Equal(before, s.live()) {
		t.Error("a replayed session changed something")
	}
}

// Whatever bytes a partner sends, a session ends, without a panic, with nothing outside the folders, with
// every file whole, and with what this side had still there or kept.
func FuzzP19_ASession(f *testing.F) {
	first := victim(f, filestore.MemoryOptions{})
	sent := recorded(f, first)
	f.Add(sent)
	f.Add(sent[:len(sent)/2])
	f.Add(append(bytes.Clone(sent), sent...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := victim(t, filestore.MemoryOptions{})
		_ = exchange.Import(t.Context(), said{bytes.NewReader(raw)}, s.replica.Importer(), exchange.Options{})
		if got := s.outside(); len(got) > 0 {
			t.Errorf("something stands at %q", got)
		}
		if !s.reachable()["own"] {
			t.Error("this side's own content is gone")
		}
		for path, content := range s.live() {
			it, ok, err := s.replica.Index.Get(path)
			if err != nil || !ok || it.Hash != sha256.Sum256([]byte(content)) {
				t.Errorf("%s is not what its hash says (%v, %v)", path, ok, err)
			}
		}
	})
}
