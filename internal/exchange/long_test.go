package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/index"
)

// endlessSource always has one more file.
type endlessSource struct{ largeFile }

func (endlessSource) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	return []index.Item{{Path: fmt.Sprintf("r/%d", after), Kind: index.File, Size: 1, Sequence: after + 1, Vector: index.Vector{{Replica: 1, Counter: after + 1}}}}, after + 1, nil
}

// slow is a target that takes its time to make a batch durable.
type slow struct{ *target }

func (s *slow) Commit(ctx context.Context, b Batch) (Ack, error) {
	time.Sleep(time.Hour)
	return s.target.Commit(ctx, b)
}

// A session that would never be over is ended in order by its exporter, also within a large content, and the
// next one goes on from there.
func TestALongSessionIsEndedInOrder(t *testing.T) {
	for name, s := range map[string]Source{
		"changes without end": endlessSource{largeFile{files(), 1}},
		"one large content":   largeFile{files(), 1 << 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				var line net.Conn = b
				if name == "one large content" {
					line = &chunked{Conn: b, every: 5 * time.Second}
				}
				to := &slow{newTarget()}
				done := make(chan error, 1)
				go func() { done <- Import(context.Background(), line, to, Options{}) }()
				began := time.Now()
				result, err := Export(t.Context(), a, s, Options{})
				if err = errors.Join(err, <-done); err != nil || result.Drained || result.Acknowledged == 0 {
					t.Errorf("it ended with %+v, %v", result, err)
				}
				if took := time.Since(began); took < longEnough || took > longEnough+3*time.Hour {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// chunked is a line that brings what it brings at intervals.
type chunked struct {
	net.Conn
	every time.Duration
}

func (c *chunked) Read(p []byte) (int, error) {
	time.Sleep(c.every)
	return c.Conn.Read(p)
}

// patient is a wire that is never given up from this end.
func patient(conn net.Conn) *wire {
	w := newWire(conn, 2*longest)
	w.conn.whole.Stop()
	return w
}

// asksAgain answers an exporter as a partner that asks again and again for the same path.
func asksAgain(t *testing.T, conn net.Conn) error {
	w := patient(conn)
	var buffer []byte
	_, _, err := w.receive(&buffer)
	if err == nil {
		err = w.send(frameWelcome, encodeWelcome(Welcome{Protocol: Protocol, Replica: 2, Pending: 1}), true)
	}
	for err == nil {
		var k kind
		var body []byte
		if k, body, err = w.receive(&buffer); err != nil {
			break
		}
		time.Sleep(10 * time.Second)
		switch k {
		case frameRetry:
			err = w.send(frameRetry, encodePaths([]string{"r/a"}), true)
		case frameOffer:
			var offered Batch
			offered, _, err = decodeBatch(body)
			for k != frameItems && err == nil {
				k, _, err = w.receive(&buffer)
			}
			if err == nil {
				err = w.send(frameWants, encodeWants(nil), true)
			}
			for k != frameBatch && err == nil {
				k, _, err = w.receive(&buffer)
			}
			if err == nil {
				// Beside reading: the exporter asks on while this answer is under way, and a pipe holds nothing.
				go func() { _ = w.send(frameAck, encodeAck(Ack{Number: offered.Number, Hash: offered.Hash}), true) }()
			}
		case frameGoodbye:
			return nil
		default:
			t.Errorf("frame %d came", k)
			return nil
		}
	}
	return err
}

// A partner whose steps are all valid, and lead nowhere, is given up in bounded time.
func TestP19_EndlessStepsAreGivenUp(t *testing.T) {
	const every, large = 10 * time.Second, 1 << 30
	var item index.Item
	steps := func(step func(x *export, batch *Batch) error) func(*testing.T, net.Conn) {
		return func(t *testing.T, conn net.Conn) {
			x := &export{wire: patient(conn)}
			err := x.send(frameHello, encodeHello(Hello{Protocol: Protocol}), true)
			if err == nil {
				_, err = x.expect(t.Context(), frameWelcome)
			}
			for batch := (Batch{}); err == nil; time.Sleep(every) {
				err = step(x, &batch)
			}
		}
	}
	for name, peer := range map[string]func(*testing.T, net.Conn){
		"batches of nothing": steps(func(x *export, batch *Batch) error {
			batch.Previous, batch.Number = batch.Hash, batch.Number+1
			seal(batch, nil)
			err := errors.Join(x.send(frameOffer, encodeBatch(*batch, 0), false), x.send(frameItems, nil, true))
			if err == nil {
				_, err = x.expect(context.Background(), frameWants)
			}
			if err == nil {
				err = x.send(frameBatch, nil, true)
			}
			if err == nil {
				_, _, err = x.receive(&x.answer)
			}
			return err
		}),
		"contents that are withdrawn": steps(func(x *export, batch *Batch) error {
			item = sample()
			item.Path, item.Size = fmt.Sprintf("r/%d", batch.Number), large
			batch.Previous, batch.Number, batch.Through = batch.Hash, batch.Number+1, batch.Through+1
			seal(batch, []index.Item{item})
			err := errors.Join(x.send(frameOffer, encodeBatch(*batch, 1), false), x.send(frameItems, putItem(nil, item), true))
			if err == nil {
				_, err = x.expect(context.Background(), frameWants)
			}
			if err == nil {
				err = errors.Join(x.send(frameBegin, binary.AppendUvarint([]byte{0, 0}, large), false), x.send(frameData, make([]byte, 4096), false),
					x.send(frameEnd, []byte{partWithdrawn}, false), x.send(frameBatch, nil, true))
			}
			if err == nil {
				_, _, err = x.receive(&x.answer)
			}
			return err
		}),
		"hours of work before each question": steps(func(x *export, _ *Batch) error {
			for range 20 * 360 {
				if err := x.send(frameWorking, nil, true); err != nil {
					return err
				}
				time.Sleep(every)
			}
			err := x.send(frameRetry, putBytes(nil, nil), true)
			if err == nil {
				_, err = x.expect(context.Background(), frameRetry)
			}
			return err
		}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				var running sync.WaitGroup
				running.Go(func() { peer(t, b) })
				began := time.Now()
				err := Import(context.Background(), a, newTarget(), Options{})
				if took := time.Since(began); err == nil || took > longest+time.Minute || !strings.Contains(err.Error(), "did not come to its end in 72h") {
					t.Errorf("it was given up after %s with %v", took, err)
				}
				running.Wait()
			})
		})
	}
	t.Run("paths that are wanted for ever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- asksAgain(t, b) }()
			began := time.Now()
			result, err := Export(t.Context(), a, files(), Options{})
			if err = errors.Join(err, <-done); err != nil || result.Drained || time.Since(began) > longEnough+time.Hour {
				t.Errorf("it ended after %s with %+v, %v", time.Since(began), result, err)
			}
		})
	})
}
