package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"csbackup/internal/index"
)

// gated holds its commits back until the next batch was received, and may fail one.
type gated struct {
	*target
	received chan uint64 // hears each batch of which a content came
	failing  uint64
	commits  []uint64
}

func (g *gated) Plan(ctx context.Context, b Batch, items []index.Item) ([]Want, error) {
	g.received <- b.Number
	return g.target.Plan(ctx, b, items)
}

func (g *gated) Commit(ctx context.Context, b Batch) (Ack, error) {
	if b.Number == 1 {
		// Only an importer that goes on receiving lets this come to its end.
		for n := range g.received {
			if n == 2 {
				break
			}
		}
	}
	g.commits = append(g.commits, b.Number)
	if b.Number == g.failing {
		return Ack{}, errors.New("the disk said no")
	}
	return g.target.Commit(ctx, b)
}

func session(t *testing.T, s Source, to Target) (Result, error, error) {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Import(context.Background(), b, to, Options{IdleTimeout: 30 * time.Second}) }()
	result, err := Export(t.Context(), a, s, Options{IdleTimeout: 30 * time.Second})
	return result, err, <-done
}

// The next batch is planned and received while the one before is made durable.
func TestBatchesOverlap(t *testing.T) {
	s, to := files(), &gated{target: newTarget(), received: make(chan uint64, 16)}
	result, err, importErr := session(t, s, to)
	if err != nil || importErr != nil {
		t.Fatal(err, importErr)
	}
	if !result.Drained || result.Acknowledged != uint64(len(s)) || len(to.got) != len(s) {
		t.Errorf("the result is %+v, and %d of %d contents came", result, len(to.got), len(s))
	}
}

// After a batch that could not be made durable none follows, and what was received of it is dropped.
func TestP2_NoBatchFollowsOneThatFailed(t *testing.T) {
	to := &gated{target: newTarget(), received: make(chan uint64, 16), failing: 1}
	result, err, importErr := session(t, files(), to)
	if err == nil || importErr == nil || !strings.Contains(importErr.Error(), "the disk said no") {
		t.Errorf("the exporter heard %v, the importer ended with %v", err, importErr)
	}
	if len(to.commits) != 1 || result.Acknowledged != 0 {
		t.Errorf("the batches %v were committed, and %d was acknowledged", to.commits, result.Acknowledged)
	}
	if _, left := to.items[2]; left {
		t.Error("the batch that followed was not dropped")
	}
}

// A content that comes twice is refused: two writers of one file would tear it.
func TestP19_AContentComesOnce(t *testing.T) {
	items := []index.Item{{Path: "r/a", Kind: index.File, Size: 10}}
	head := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, 0), 0), 10)
	wanted := map[int]int64{0: 0}
	if part, err := partOf(head, items, wanted); err != nil || part.Length != 10 {
		t.Fatalf("the part is %+v, %v", part, err)
	}
	if _, err := partOf(head, items, wanted); !errors.Is(err, ErrFrame) {
		t.Errorf("the second one: %v", err)
	}
}
