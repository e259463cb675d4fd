package exchange

import (
	"context"
	"errors"
	"io"
	"math"

	"csbackup/internal/index"
)

// Protocol is the version of the wire that this program speaks.
const Protocol = 2

// Errors that callers decide on.
var (
	// ErrWithdrawn: the exporter found that a file changed, vanished or is held while it was sent. The
	// file is left for a later cycle; nothing else is disturbed.
	ErrWithdrawn = errors.New("the file changed while it was sent")
	// ErrGap: the batch does not follow the last one that this side took. The exporter compares in full.
	ErrGap = errors.New("a batch is missing or out of order")
)

// Hello opens a session: the exporter says who it is and what it has.
type Hello struct {
	Protocol uint32
	Version  string // of the program, for people
	FromPool string
	ToPool   string
	Module   string // full identity: "ConfServices.DataConf"
	Replica  index.Replica
	Head     uint64 // the newest sequence number of Replica
	Full     bool   // compare everything: the importer looks at its whole disk before it answers
	// Order names the accepted sync that a full comparison carries out, and OrderStore the importer's store that it
	// is for, "" for one that the importer never welcomed. Another store is taken for the importer's only then.
	Order      uint64
	OrderStore string
	OrderAge   uint64 // how long ago it was accepted, in milliseconds, or AgeUnknown
	Settings   []byte // the exporter's settings, for the importer to compare with its own
}

// AgeUnknown stands in the place of an order's age that nobody knows.
const AgeUnknown = math.MaxUint64

// Position is the last batch that an importer took from one replica of an exporter.
type Position struct {
	Number uint64
	Hash   [32]byte
}

// Welcome is the importer's answer to Hello.
type Welcome struct {
	Protocol     uint32
	Version      string
	Replica      index.Replica
	Store        string // names the importer's store
	Acknowledged uint64 // everything of the exporter's replica up to here is settled on this side
	Position     Position
	Pending      uint64 // paths that could not be applied yet and are asked for again
	Settings     []byte
}

// Want asks for the content of one offered item, from Offset on.
type Want struct {
	Item   int // index into the offered window
	Offset int64
}

// Part is one stretch of a file's content on its way.
type Part struct {
	Item   index.Item
	Offset int64
	Length int64 // the part is the file's last when Offset+Length == Item.Size
}

// Batch names one batch: its number follows Position.Number, Previous is Position.Hash.
type Batch struct {
	Number   uint64
	Previous [32]byte
	Hash     [32]byte // over Number, Previous and all items of the window
	After    uint64   // the window covers the exporter's items after this sequence number ...
	Through  uint64   // ... up to this one; both 0 for a window of retried paths
}

// Ack tells what became of a batch, after it is durable on the importer's side.
type Ack struct {
	Number       uint64
	Hash         [32]byte
	Acknowledged uint64
	Pending      uint64
	Conflicts    uint64 // conflicts that this batch settled
	Applied      uint64 // items that changed something on the importer's side
}

// Content is one file being read for sending.
type Content interface {
	// Read's errors are ErrWithdrawn where the file cannot be read, and else end the session.
	io.ReadCloser
	// SkipTo sets where the next Read begins.
	SkipTo(offset int64) error
	// Unchanged returns nil when the file still is what was offered, ErrWithdrawn otherwise. It is
	// called after the last Read.
	Unchanged() error
}

// Rewinder is a content that can be read from its beginning again.
type Rewinder interface{ Rewind() }

// Source is what an exporter's side provides. Its methods are called from one goroutine at a time,
// except Acknowledged, which may be called while others run.
type Source interface {
	Hello(ctx context.Context) (Hello, error)
	// Welcomed hears the importer's answer and says after which sequence number to begin.
	Welcomed(ctx context.Context, w Welcome) (after uint64, err error)
	// Window returns the next items after a sequence number, in its order, until their contents pass
	// budget bytes, their names half of OfferedBytes, or a bounded count, and the number that the window reaches. No items and through ==
	// after when there is nothing left.
	Window(ctx context.Context, after uint64, budget int64) (items []index.Item, through uint64, err error)
	// Paths returns what this side has now under paths that the importer asks for again.
	Paths(ctx context.Context, paths []string) ([]index.Item, error)
	// Open opens an item's file; ErrWithdrawn when it is not what the item says, or cannot be read. Any other error
	// is one of the store, and ends the session.
	Open(ctx context.Context, item index.Item) (Content, error)
	// Sending hears of a batch before its last frame goes: from then on the partner may have it.
	Sending(batch Batch)
	// Acknowledged hears that a batch is durable at the partner.
	Acknowledged(ctx context.Context, batch Batch, ack Ack) error
}

// Target is what an importer's side provides. Plan, Receive and Commit of one batch are called in
// this order; Plan and Receive of the next batch run while Commit of the one before does. Each batch
// that was planned is either committed or discarded.
type Target interface {
	// Opened is called first, with what ends the session from this side whatever it waits for. A batch that
	// came whole is committed all the same.
	Opened(stop context.CancelCauseFunc)
	// Closed is called last: nothing of the session runs any more.
	Closed()
	// Welcome answers a Hello; with Hello.Full it may take long, while the wire keeps the peer waiting.
	Welcome(ctx context.Context, h Hello) (Welcome, error)
	// Retries returns paths that are still wanted, sorted, after a given one, at most limit, and of RetriedBytes at most
	// together.
	Retries(ctx context.Context, after string, limit int) ([]string, error)
	// Plan decides what to do with each item of a window and which contents are wanted.
	Plan(ctx context.Context, batch Batch, items []index.Item) ([]Want, error)
	// Receive takes one part. Reading it ends with io.EOF after Length bytes, or with ErrWithdrawn, or
	// with the connection's error. An error that concerns this file alone is remembered by the target
	// and not returned; what Receive leaves unread is skipped. It is called for several parts at a time,
	// never twice for one item of a batch. A small content is a Rewinder.
	Receive(ctx context.Context, batch Batch, part Part, content io.Reader) error
	// Commit makes the batch durable and answers for it.
	Commit(ctx context.Context, batch Batch) (Ack, error)
	// Discard drops a planned batch that will not be committed.
	Discard(batch Batch)
}
