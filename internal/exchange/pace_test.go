package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/index"
)

// dripping is a connection on which each byte that is written takes its time, and each that is read where
// it says so.
type dripping struct {
	net.Conn
	every time.Duration
	reads bool
}

func (d *dripping) Write(p []byte) (int, error) {
	for i := range p {
		time.Sleep(d.every)
		if _, err := d.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func (d *dripping) Read(p []byte) (int, error) {
	if !d.reads {
		return d.Conn.Read(p)
	}
	time.Sleep(d.every)
	return d.Conn.Read(p[:1])
}

// largeFile offers one file of a size that is made up while it is sent.
type largeFile struct {
	source
	size int64
}

func (s largeFile) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	if after > 0 {
		return nil, after, nil
	}
	return []index.Item{{Path: "r/a", Kind: index.File, Size: s.size, Sequence: 1, Vector: index.Vector{{Replica: 1, Counter: 1}}}}, 1, nil
}

func (s largeFile) Open(context.Context, index.Item) (Content, error) {
	return &zeros{io.LimitReader(endless{}, s.size)}, nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type zeros struct{ io.Reader }

func (z *zeros) SkipTo(int64) error { return nil }
func (z *zeros) Unchanged() error   { return nil }
func (z *zeros) Close() error       { return nil }

// offered goes through a session by hand until the content of a file of a size is wanted.
func offered(t *testing.T, conn net.Conn, size int64) *export {
	t.Helper()
	x := &export{wire: newWire(conn, DefaultIdle)}
	item := sample()
	item.Size = size
	batch := Batch{Number: 1, Through: 9}
	seal(&batch, []index.Item{item})
	err := x.send(frameHello, encodeHello(Hello{Protocol: Protocol}), true)
	if err == nil {
		_, err = x.expect(t.Context(), frameWelcome)
	}
	if err == nil {
		err = errors.Join(x.send(frameOffer, encodeBatch(batch, 1), false), x.send(frameItems, putItem(nil, item), true))
	}
	if err == nil {
		_, err = x.expect(t.Context(), frameWants)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// A peer that sends one byte every few seconds, in frames that are valid, is given up in bounded time, as
// is one that takes what it asked for so slowly; the clock is not the machine's.
func TestP19_APeerThatDripsIsGivenUp(t *testing.T) {
	const every, large = 3 * time.Second, 1 << 30
	taking := func(_ *testing.T, conn net.Conn) error {
		return Import(context.Background(), conn, newTarget(), Options{})
	}
	sending := func(t *testing.T, conn net.Conn) error {
		_, err := Export(t.Context(), conn, largeFile{files(), large}, Options{})
		return err
	}
	for name, row := range map[string]struct {
		within time.Duration
		run    func(t *testing.T, conn net.Conn) error
		peer   func(t *testing.T, conn net.Conn)
	}{
		"an exporter, within a frame": {2 * time.Minute, taking, func(_ *testing.T, conn net.Conn) {
			_, _ = (&dripping{Conn: conn, every: every}).Write(append([]byte{0, 0, 1, 0, byte(frameHello)}, make([]byte, 256)...))
		}},
		"an exporter, in contents of one byte a frame": {2 * time.Minute, taking, func(t *testing.T, conn net.Conn) {
			x := offered(t, conn, large)
			for err := x.send(frameBegin, binary.AppendUvarint([]byte{0, 0}, large), true); err == nil; err = x.send(frameData, []byte{1}, true) {
				time.Sleep(every)
			}
		}},
		"an exporter that says it is at work": {DefaultIdle + longestWork, taking, func(t *testing.T, conn net.Conn) {
			for x := offered(t, conn, large); x.send(frameWorking, nil, true) == nil; {
				time.Sleep(every)
			}
		}},
		"an importer, in its answer": {2 * time.Minute, sending, func(t *testing.T, conn net.Conn) {
			var buffer []byte
			if _, _, err := newWire(conn, DefaultIdle).receive(&buffer); err != nil {
				t.Error(err)
			}
			_, _ = (&dripping{Conn: conn, every: every}).Write(append([]byte{0, 0, 0, 200, byte(frameWelcome)}, make([]byte, 200)...))
		}},
		"an importer that says it is at work": {DefaultIdle + longestWork, sending, func(t *testing.T, conn net.Conn) {
			w := newWire(conn, DefaultIdle)
			var buffer []byte
			if _, _, err := w.receive(&buffer); err != nil {
				t.Error(err)
			}
			for w.send(frameWorking, nil, true) == nil {
				time.Sleep(every)
			}
		}},
		"an importer, in what it takes": {10 * time.Minute, sending, func(t *testing.T, conn net.Conn) {
			w := newWire(conn, DefaultIdle)
			var buffer []byte
			_, _, err := w.receive(&buffer)
			if err == nil {
				err = w.send(frameWelcome, encodeWelcome(Welcome{Protocol: Protocol, Replica: 2}), true)
			}
			for range 2 { // the offer and its items
				if err == nil {
					_, _, err = w.receive(&buffer)
				}
			}
			if err == nil {
				err = w.send(frameWants, encodeWants([]Want{{}}), true)
			}
			if err != nil {
				t.Error(err)
			}
			for slow := (&dripping{Conn: conn, every: every, reads: true}); err == nil; {
				_, err = slow.Read(buffer)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				var peer sync.WaitGroup
				peer.Go(func() { row.peer(t, b) })
				begun := time.Now()
				err := row.run(t, a)
				took := time.Since(begun)
				a.Close()
				peer.Wait()
				if err == nil || took > row.within {
					t.Errorf("it was given up after %s with %v", took, err)
				}
				if row.within < longestWork && (err == nil || !strings.Contains(err.Error(), "slower than 1024 bytes a second")) {
					t.Errorf("the reason is %v", err)
				}
			})
		})
	}
}

// A line that is slow, and a partner that works for hours but says so, are waited for.
func TestP12_ASlowLineIsWaitedFor(t *testing.T) {
	const size = 400 << 10
	for name, slow := range map[string]func(b net.Conn) net.Conn{
		"a line of 2 KiB a second": func(b net.Conn) net.Conn { return &dripping{Conn: b, every: time.Second / 2048, reads: true} },
		"a line as it is":          func(b net.Conn) net.Conn { return b },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				to := newTarget()
				done := make(chan error, 1)
				go func() { done <- Import(context.Background(), slow(b), &thorough{to}, Options{}) }()
				result, err := Export(t.Context(), a, largeFile{files(), size}, Options{})
				if err = errors.Join(err, <-done); err != nil || !result.Drained || len(to.got["r/a"]) != size {
					t.Errorf("%+v, %v", result, err)
				}
			})
		})
	}
}

// thorough is a target that works for hours at each step.
type thorough struct{ *target }

func (s *thorough) Welcome(ctx context.Context, h Hello) (Welcome, error) {
	time.Sleep(12 * time.Hour)
	return s.target.Welcome(ctx, h)
}

func (s *thorough) Plan(ctx context.Context, b Batch, items []index.Item) ([]Want, error) {
	time.Sleep(3 * time.Hour)
	return s.target.Plan(ctx, b, items)
}

func (s *thorough) Commit(ctx context.Context, b Batch) (Ack, error) {
	time.Sleep(3 * time.Hour)
	return s.target.Commit(ctx, b)
}

func TestP19_ContentsOfEmptyFramesAreRefused(t *testing.T) {
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Import(context.Background(), b, newTarget(), Options{}) }()
	x := offered(t, a, 1)
	defer x.close()
	if err := errors.Join(x.send(frameBegin, []byte{0, 0, 1}, false), x.send(frameData, nil, true)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrFrame) {
		t.Errorf("the importer ended with %v", err)
	}
}
