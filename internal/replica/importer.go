package replica

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// Importer is the side of a replica that takes what the partner offers: it is an exchange.Target.
// One is made per session.
type Importer struct {
	*Replica
	from    index.Replica
	full    bool
	head    uint64              // the newest change that the partner announced
	reached uint64              // how far its offers have come
	began   map[string]baseline // what each root held when the session began; the displacements' lock guards it

	// elsewhere has each content of which the deletion is held back, and whether it stands under another
	// name; nil until that is asked.
	elsewhere map[index.Hash]bool

	stop    context.CancelCauseFunc // ends the session
	running bool                    // it is the one session that may run

	mu       sync.Mutex
	incoming map[uint64]*incoming
	asked    []string // paths that this side asked for again, until the batch that answers is planned
}

// incoming is one batch on its way in.
type incoming struct {
	asked   []string // paths that this side asked for again, which this batch answers
	batch   exchange.Batch
	steps   []*step
	at      map[string]*step
	moves   bool          // some contents are moved from one path to another
	spelled *spelling     // while it is committed
	rivals  rivals        // likewise
	ended   chan struct{} // closed once it is committed or discarded
}

// position is how far this side has taken the changes of one replica of the partner.
type position struct {
	Acknowledged uint64
	Number       uint64
	Hash         []byte
	Heard        int64 // service clock when it was last written
	// Before is up to which number this side took the partner's changes before it was set back; 0 when it was
	// not, and while nothing was forgotten. SetBack says that this very replica was, which goes on under its
	// name; Anew is how far it is with comparing all that it has.
	Before  uint64
	SetBack bool
	Anew    int
}

// Importer prepares one session from the partner. Of several, the newest runs.
func (r *Replica) Importer() *Importer {
	return &Importer{Replica: r, incoming: map[uint64]*incoming{}}
}

// Welcome checks who calls and answers how far this side is. A full comparison looks at the whole
// disk first, and is the one way in while the loss brake holds.
func (im *Importer) Welcome(ctx context.Context, h exchange.Hello) (exchange.Welcome, error) {
	if !strings.EqualFold(h.ToPool, im.Pool) || !strings.EqualFold(h.FromPool, im.Partner) || h.Module != im.Module {
		return exchange.Welcome{}, failure.New(failure.PeerNotTrusted, h.FromPool,
			fmt.Sprintf("%s offered %s to %s, but this is %s, paired with %s", h.FromPool, h.Module, h.ToPool, im.Pool, im.Partner),
			"Give every host the same topology file.")
	}
	if h.Replica == im.Index.Replica() {
		return exchange.Welcome{}, failure.New(failure.StateUnusable, im.Pool,
			fmt.Sprintf("%s and %s work with copies of one state folder", h.FromPool, im.Pool),
			"Stop one of the two services and start it with an empty --state-dir: everything is compared anew, and nothing is deleted for it.")
	}
	if err := im.sessions.admit(ctx, im); err != nil {
		return exchange.Welcome{}, err
	}
	im.Offered(h.Settings)
	if h.Full {
		if err := im.lookBefore(ctx, h); err != nil {
			return exchange.Welcome{}, err
		}
	} else if reason, err := im.lookOnce(ctx); err != nil {
		return exchange.Welcome{}, err
	} else if reason = cmp.Or(reason, im.Held()); reason != "" {
		return exchange.Welcome{}, im.heldError(reason)
	}
	if err := errors.Join(im.remember(), im.renewBaselines()); err != nil {
		return exchange.Welcome{}, err
	}
	im.begin()
	im.from, im.full, im.head = h.Replica, h.Full, h.Head
	p, err := im.position()
	if err != nil {
		return exchange.Welcome{}, err
	}
	store, err := im.welcomes(h)
	if err != nil {
		return exchange.Welcome{}, err
	}
	w := exchange.Welcome{Protocol: exchange.Protocol, Version: im.Version, Replica: im.Index.Replica(), Store: store,
		Acknowledged: p.Acknowledged, Pending: uint64(im.Index.PendingCount()), Settings: im.Settings()}
	w.Position.Number = p.Number
	copy(w.Position.Hash[:], p.Hash)
	return w, nil
}

// lookOnce sees to it that everything was looked at once before the partner sends: what a person put there in
// advance need not come over the wire. It tells why the store is not the known one, "" when it is.
func (im *Importer) lookOnce(ctx context.Context) (string, error) {
	looked, err := im.lookedOnce()
	if err == nil && !looked {
		err = im.lookFirst(ctx)
	}
	if err != nil {
		return "", err
	}
	return im.stands()
}

// lookFirst looks at everything unless a look under way does so.
func (im *Importer) lookFirst(ctx context.Context) error {
	im.looking.Lock()
	defer im.looking.Unlock()
	if looked, err := im.lookedOnce(); err != nil || looked {
		return err
	}
	_, err := im.fullLook(ctx, filestore.Info{})
	return err
}

// stands tells why the store is not the known one, "" when it is: before the first look nobody else has
// found out, and what is received goes to a temporary file on it.
func (im *Importer) stands() (string, error) {
	im.writing.Lock()
	defer im.writing.Unlock()
	reason, err := im.marker()
	if err != nil {
		return "", fmt.Errorf("read the store's marker: %w", err)
	}
	return reason, nil
}

// lookBefore compares everything before a full comparison begins.
func (im *Importer) lookBefore(ctx context.Context, h exchange.Hello) error {
	im.looking.Lock()
	defer im.looking.Unlock()
	takeOver, err := im.mayTakeOver(h)
	if err != nil {
		return err
	}
	if _, err := im.fullLook(ctx, takeOver); takeOver.Kind != 0 && errors.Is(err, filestore.ErrAnotherStore) {
		return im.orderRefused() // it came while this was decided
	} else if err != nil {
		return err
	}
	if reason := im.foreignStore(); reason != "" {
		return im.heldError(reason)
	}
	// The roots are part of what is compared, and no item says so: one may be empty on both sides.
	for _, root := range im.Roots {
		if err := im.makeLasting(root.Folder); err != nil {
			return fmt.Errorf("make the folder %s: %w", root.Folder, err)
		}
	}
	return nil
}

// Ended hears that the session came to its end in order. It lets the brake go where all is back; after
// a full comparison of which nothing is left to take, also where files are missing on both sides, and
// tells how many.
func (im *Importer) Ended() (nowhere int64, err error) {
	if im.HeldBack() != "" {
		if err := im.loadHeldBack(); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(im.tookAll(), im.beginAnew()); err != nil || im.Held() == "" {
		return 0, err
	}
	everywhere := im.full && im.reached >= im.head
	for it, err := range im.allMissing() {
		if err != nil {
			return 0, err
		}
		_, waits, err := im.Index.PendingAt(it.Path)
		if err != nil {
			return 0, err
		}
		if everywhere = everywhere && !waits; !everywhere {
			break
		}
	}
	return im.relieve(everywhere)
}

// positionPrefix begins the keys under which the index keeps positions.
const positionPrefix = "from-"

func positionKey(of index.Replica) string { return fmt.Sprintf("%s%x", positionPrefix, uint64(of)) }

func (im *Importer) key() string { return positionKey(im.from) }

func (im *Importer) position() (position, error) {
	var p position
	raw, err := im.Index.Meta(im.key())
	if err != nil {
		return p, err
	}
	if raw == nil {
		if p.Before, err = im.takenBefore(); p.Before > 0 {
			p.Anew = anewBegun
		}
		return p, err
	}
	return p, json.Unmarshal(raw, &p)
}

// Retries lists the paths that could not be applied before.
func (im *Importer) Retries(_ context.Context, after string, limit int) ([]string, error) {
	pending, err := im.Index.Pending(after, limit)
	var paths []string
	bytes := 0
	for _, p := range pending {
		if beyond(p.Path) != "" {
			continue // an earlier version took it
		}
		if bytes += len(p.Path); bytes > exchange.RetriedBytes {
			break
		}
		paths = append(paths, p.Path)
	}
	im.asked = paths
	return paths, err
}

// Plan decides each item of a window and tells which contents are wanted.
func (im *Importer) Plan(ctx context.Context, batch exchange.Batch, items []index.Item) ([]exchange.Want, error) {
	if err := im.apart(ctx, items); err != nil {
		return nil, err
	}
	in := &incoming{batch: batch, at: make(map[string]*step, len(items)), ended: make(chan struct{})}
	between := plan.Between{Mine: im.Index.Replica(), Theirs: im.from, Head: im.Index.Head()}
	position, err := im.position()
	if err != nil {
		return nil, err
	}
	var wants []exchange.Want
	for _, theirs := range items {
		if err := im.replicates(theirs.Path); err != nil {
			return nil, err
		}
		if in.at[theirs.Path] != nil {
			return nil, failure.New(failure.ProtocolMismatch, theirs.Path, fmt.Sprintf("%s offered %q twice in one batch", im.Partner, theirs.Path),
				"Install the same version of csbackup on both sides; if it stays so, see who holds the partner's certificate.")
		}
		mine, ok, err := im.Index.Get(theirs.Path)
		if err != nil {
			return nil, err
		}
		s := &step{theirs: theirs}
		if ok {
			s.mine = &mine
		}
		if s.decision, err = between.Decide(s.mine, theirs); err != nil {
			s.failed = err.Error()
		}
		if !ok && im.bringsBack(position, theirs) {
			s.failed, s.code = reasonForgotten+im.Partner, index.Forgotten
		}
		if a := s.decision.Action; theirs.Kind == index.File && (a == plan.Adopt || a == plan.Retime) {
			s.theirs.ModTime = s.decision.ModTime
		}
		in.steps = append(in.steps, s)
		in.at[theirs.Path] = s
	}
	im.pairFolders(in)
	if err := im.pair(in); err != nil {
		return nil, err
	}
	if err := im.guardDisplacing(in); err != nil {
		return nil, err
	}
	in.unpair()
	need := int64(0)
	parts := map[index.Hash]bool{} // contents whose part file a step of this batch has
	for i, s := range in.steps {
		theirs := s.theirs
		if s.failed == "" && s.source == nil && s.decision.Action == plan.Copy && theirs.Kind == index.File {
			if s.stands, err = im.standsAlready(ctx, s); err != nil {
				return nil, err
			}
			if s.stands {
				continue
			}
			want := exchange.Want{Item: i}
			if theirs.Size >= cmp.Or(im.Resumable, exchange.Resumable) && !parts[theirs.Hash] {
				parts[theirs.Hash], s.part = true, true
				if info, err := im.Store.Lstat(im.partName(theirs)); err == nil && info.Size <= theirs.Size {
					want.Offset = info.Size
				}
			}
			wants = append(wants, want)
			need += theirs.Size - want.Offset
		}
	}
	if err := im.room(need); err != nil {
		return nil, err
	}
	if batch.Through == 0 {
		in.asked, im.asked = im.asked, nil
	}
	im.reached = max(im.reached, batch.Through)
	im.mu.Lock()
	im.incoming[batch.Number] = in
	im.mu.Unlock()
	return wants, nil
}

// standsAlready tells whether a new file's content stands in its place: a batch put it there of which the folder could
// not be made durable. It need not come again.
func (im *Importer) standsAlready(ctx context.Context, s *step) (bool, error) {
	if s.mine != nil {
		return false, nil
	}
	intent, ok, err := im.Index.Intent(s.theirs.Path)
	if err != nil || !ok || intent.Hash != s.theirs.Hash {
		return false, err
	}
	place, err := im.place(s.theirs.Path)
	if err != nil {
		return false, err
	}
	hash, info, err := im.hash(ctx, place)
	return err == nil && hash == s.theirs.Hash && im.hasTime(info, s.theirs.ModTime), nil
}

// replicates refuses a path that no partner of this version offers: one that lies in none of the module's
// folders, is one of them itself, or is never replicated. What the exporter leaves out is a rule here as well.
func (im *Importer) replicates(logical string) error {
	_, err := im.place(logical)
	if err == nil && strings.Contains(logical, "/") && beyond(logical) == "" && !slices.ContainsFunc(strings.Split(logical, "/"), skipped) {
		return nil
	}
	return failure.Wrap(failure.ProtocolMismatch, logical, fmt.Sprintf("%s offered %q, which is never replicated", im.Partner, logical),
		"Install the same version of csbackup on both sides; if it stays so, see who holds the partner's certificate.", err)
}

// apart waits for batches under way that are about one of the same paths: what follows is planned on
// what they leave.
func (im *Importer) apart(ctx context.Context, items []index.Item) error {
	im.mu.Lock()
	under := slices.Collect(maps.Values(im.incoming))
	im.mu.Unlock()
	for _, in := range under {
		if !slices.ContainsFunc(items, func(it index.Item) bool { return in.at[it.Path] != nil }) {
			continue
		}
		select {
		case <-in.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// end takes a batch off the list of those under way and removes the temporary files of what was not
// put in its place.
func (im *Importer) end(in *incoming) {
	for _, s := range in.steps {
		if s.temp != "" && (!s.done || s.failed != "") {
			_ = im.discard(s.temp)
		}
	}
	im.displacements.release(in)
	im.mu.Lock()
	delete(im.incoming, in.batch.Number)
	im.mu.Unlock()
	close(in.ended)
}

// of gives the batch under way that has a number, nil when there is none.
func (im *Importer) of(batch exchange.Batch) *incoming {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.incoming[batch.Number]
}

// Discard drops a batch that was planned. Large transfers that are not complete stay, to go on later.
func (im *Importer) Discard(batch exchange.Batch) {
	if in := im.of(batch); in != nil {
		im.end(in)
	}
}
