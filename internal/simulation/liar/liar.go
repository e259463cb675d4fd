package liar

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"sync"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// Knowledge is what a liar knows of the two pools. A thief of a certificate learns most of it from what he is told.
type Knowledge struct {
	Hello   exchange.Hello // an honest one, of the pool whose certificate he has
	Victim  index.Replica  // of the pool that he talks to
	Store   string         // names that pool's file store
	Items   []index.Item   // what that pool has
	Offered uint64         // up to which sequence number the other pool may have offered what it has
	Roots   []string       // the replicated folders
	Content func() string  // gives a content that nobody had before
	Orders  bool           // he may call for a full comparison, as an administrator's order does
	// Claimed hears each path about which he claims something; holds says that a file's content is what he says of it:
	// it may come to stand at the victim's.
	Claimed func(path, content string, holds bool)
}

// Liar tells lies in one session.
type Liar struct {
	Knowledge
	mu      sync.Mutex // batches are planned beside the commit of others, and frames are written beside both
	random  *rand.Rand
	told    map[string]int
	bodies  map[string]string // what he sends for a path
	ordered bool
	rough   bool // what he says may have a form that is refused
}

// New makes a liar.
func New(random *rand.Rand, knows Knowledge) *Liar {
	return &Liar{Knowledge: knows, random: random, rough: random.IntN(4) == 0, told: map[string]int{}, bodies: map[string]string{}}
}

// Told gives the names of the lies that were told, and how often each was.
func (l *Liar) Told() map[string]int { return l.told }

// Ordered tells whether he called for a full comparison.
func (l *Liar) Ordered() bool { return l.ordered }

func (l *Liar) tells(lie string) { l.told[lie]++ }

func (l *Liar) chance(percent int) bool { return l.random.IntN(100) < percent }

// maybe tells a lie in so many of a hundred cases.
func (l *Liar) maybe(percent int, lie string) bool {
	if !l.chance(percent) {
		return false
	}
	l.tells(lie)
	return true
}

// number is a sequence number or a count that may do harm.
func (l *Liar) number() uint64 {
	of := []uint64{0, 1, l.Offered, l.Offered + 1, l.Hello.Head, 1 << 20, 1<<31 + 1, 1 << 53, 1<<63 - 1, 1 << 63, 1<<64 - 2, 1<<64 - 1}
	if l.Offered > 1 {
		of = append(of, l.random.Uint64N(l.Offered))
	}
	return of[l.random.IntN(len(of))]
}

// plain is a change as an honest partner makes it: of a file that the victim has, or of a new one.
func (l *Liar) plain() (index.Item, string) {
	content := l.Content()
	it := index.Item{Path: l.newPath(), Kind: index.File}
	if len(l.Items) > 0 && l.chance(70) {
		it.Path, it.Vector = l.one().Path, l.vectorOf(it.Path)
	}
	it.Vector = it.Vector.Bump(l.Hello.Replica)
	it.ModTime = int64(l.random.IntN(1 << 30))
	return filled(it, content), content
}

// one is one of the victim's items.
func (l *Liar) one() index.Item { return l.Items[l.random.IntN(len(l.Items))] }

func (l *Liar) vectorOf(path string) index.Vector {
	for _, it := range l.Items {
		if it.Path == path {
			return slices.Clone(it.Vector)
		}
	}
	return nil
}

func (l *Liar) newPath() string {
	p := l.Roots[l.random.IntN(len(l.Roots))]
	for range 1 + l.random.IntN(3) {
		p += "/" + string(rune('a'+l.random.IntN(4)))
	}
	return p
}

// filled gives an item the size and the hash of a content.
func filled(it index.Item, content string) index.Item {
	it.Size, it.Hash = int64(len(content)), sha256.Sum256([]byte(content))
	return it
}

// claim notes what he offers.
func (l *Liar) claim(it index.Item, content string) {
	l.bodies[it.Path] = content
	l.Claimed(it.Path, content, it.Kind == index.File && it.Size == int64(len(content)) && it.Hash == sha256.Sum256([]byte(content)))
}
