package index

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/ncruces/go-sqlite3"
)

// Tx is a change of the index under way. It is valid within its Update only.
type Tx struct {
	x     *Index
	known map[string]row // what it has read and written so far
	// settled: an intent was forgotten, perhaps the last one; dropped: the same of origins.
	settled, dropped bool
}

// row is what the index has under one path; there is false for nothing.
type row struct {
	item  Item
	there bool
}

// Update runs fn; what it wrote is durable when Update returns nil, and gone when it does not.
func (x *Index) Update(fn func(tx *Tx) error) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	head, sums := x.head, x.sums.clone()
	x.sums.changed = false
	if err := x.connection.Exec("BEGIN IMMEDIATE"); err != nil {
		return damage("change the index", err)
	}
	committed := false
	defer func() { // also when fn panics: a transaction left open would refuse every later Update
		if committed {
			return
		}
		x.head, x.sums = head, sums
		if !x.connection.GetAutocommit() {
			err = errors.Join(err, damage("undo a change of the index", x.connection.Exec("ROLLBACK")))
		}
	}()
	tx := &Tx{x: x, known: map[string]row{}}
	if err := fn(tx); err != nil {
		return err
	}
	if x.head != head {
		if err := tx.SetMeta("head", strconv.AppendUint(nil, x.head, 10)); err != nil {
			return err
		}
	}
	if x.sums.changed {
		raw, err := json.Marshal(x.sums)
		if err != nil {
			return err
		}
		if err := tx.SetMeta("sums", raw); err != nil {
			return err
		}
	}
	intents, origins := x.intents, x.origins
	if tx.settled {
		if intents, err = x.hasIntents(); err != nil {
			return err
		}
	}
	if tx.dropped {
		if origins, err = x.hasOrigins(); err != nil {
			return err
		}
	}
	err = damage("make a change of the index durable", x.connection.Exec("COMMIT"))
	if committed = err == nil; committed {
		x.intents, x.origins = intents, origins
	}
	return err
}

// Get gives what is known of a path, with what this Update wrote.
func (tx *Tx) Get(path string) (Item, bool, error) {
	if r, ok := tx.known[path]; ok {
		return r.item, r.there, nil
	}
	it, there, err := tx.x.get(path)
	if err == nil {
		tx.known[path] = row{it, there}
	}
	return it, there, err
}

// Children lists every item directly in a folder, with what this Update wrote.
func (tx *Tx) Children(folder string) ([]Item, error) { return tx.x.children(folder) }

// Intent gives what an interrupted batch was about to put under a path.
func (tx *Tx) Intent(path string) (Item, bool, error) {
	if !tx.x.intents {
		return Item{}, false, nil
	}
	return tx.x.intent(path)
}

// Put writes an item with the next sequence number, which it returns in it.
func (tx *Tx) Put(it Item) (Item, error) { return tx.put(it, math.MaxUint64) }

// PutMoved is Put for an item whose content stood on this side under another name: it is as old as it was there.
func (tx *Tx) PutMoved(it, from Item) (Item, error) { return tx.put(it, from.Born) }

func (tx *Tx) put(it Item, born uint64) (Item, error) {
	tx.x.head++
	it.Sequence = tx.x.head
	before, ok, err := tx.Get(it.Path)
	if err != nil {
		return it, err
	}
	if it.Born = it.Sequence; ok && before.Kind == it.Kind && !LeavesPlace(before, it) {
		it.Born = before.Born
	}
	it.Born = min(it.Born, born)
	if ok && it.Kind == File && before.Kind == File && before.Hash == it.Hash {
		if err := tx.moveOrigins(before.Sequence, it.Sequence); err != nil {
			return it, err
		}
	}
	return it, tx.write(it)
}

// LeavesPlace tells whether the content of a file goes when another item takes its path: it is deleted, its place
// is taken by something of another kind, or by a file that is less than a tenth as large.
func LeavesPlace(before, after Item) bool {
	tenth := before.Size/10 + min(before.Size%10, 1)
	return before.Kind == File && (after.Kind != File || after.Size < tenth)
}

// Refresh writes an item under the sequence number that it has: only this side's own evidence changed.
func (tx *Tx) Refresh(it Item) error {
	before, ok, err := tx.Get(it.Path)
	if err != nil {
		return err
	}
	if ok {
		it.Born = before.Born
	}
	return tx.write(it)
}

// upsert replaces the row of the same path only. A sequence number that another path has is an error:
// INSERT OR REPLACE would remove that other path without a word.
const upsert = "INSERT INTO item(" + columns + `) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)
ON CONFLICT(folder, name) DO UPDATE SET kind=excluded.kind, size=excluded.size, modtime=excluded.modtime,
  hash=excluded.hash, vector=excluded.vector, sequence=excluded.sequence, state=excluded.state,
  changetime=excluded.changetime, identity=excluded.identity, since=excluded.since, born=excluded.born, withheld=excluded.withheld`

// refresh takes the same values, and leaves the sequence number (?8), and with it the index over these
// numbers, as it is.
const refresh = `UPDATE item SET kind=?3, size=?4, modtime=?5, hash=?6, vector=?7, state=?9, changetime=?10, identity=?11, since=?12, born=?13,
  withheld=?14
WHERE folder=?1 AND name=?2`

func (tx *Tx) write(it Item) error {
	before, ok, err := tx.Get(it.Path)
	if err != nil {
		return err
	}
	if ok {
		tx.x.sums.add(before, -1)
	}
	tx.x.sums.add(it, 1)
	tx.known[it.Path] = row{it, true}
	folder, name := split(it.Path)
	statement := upsert
	if ok && before.Sequence == it.Sequence {
		statement = refresh
	}
	return tx.x.query(statement, []any{
		folder, name, int64(it.Kind), it.Size, it.ModTime, it.Hash[:], encodeVector(it.Vector), int64(it.Sequence),
		int64(it.State), it.ChangeTime, int64(it.Identity), it.Since, int64(it.Born),
		int64(it.Withheld)}, nil)
}

// Forget removes a path's row.
func (tx *Tx) Forget(path string) error {
	before, ok, err := tx.Get(path)
	if err != nil || !ok {
		return err
	}
	tx.x.sums.add(before, -1)
	tx.known[path] = row{}
	if tx.x.origins {
		tx.dropped = true
		if err := tx.x.query("DELETE FROM origin WHERE source=?", []any{path}, nil); err != nil {
			return err
		}
	}
	folder, name := split(path)
	return tx.x.query("DELETE FROM item WHERE folder=? AND name=?", []any{folder, name}, nil)
}

// PutIntent remembers what a batch is about to put under a path.
func (tx *Tx) PutIntent(it Item) error {
	tx.x.intents = true
	return tx.x.query("INSERT OR REPLACE INTO intent(path, item) VALUES(?,?)", []any{it.Path, encodeIntent(it)}, nil)
}

// DropIntent forgets an intent; it is no error when there is none.
func (tx *Tx) DropIntent(path string) error {
	if !tx.x.intents {
		return nil
	}
	tx.settled = true
	return tx.x.query("DELETE FROM intent WHERE path=?", []any{path}, nil)
}

// PutPending remembers a path that could not be applied; of a path that is known already, the reason
// is renewed and the attempts are counted on.
func (tx *Tx) PutPending(p Pending) error {
	known, err := tx.pending(p.Path)
	if err != nil {
		return err
	}
	if !known {
		tx.x.sums.Total.Pending++
		tx.x.sums.changed = true
	}
	return tx.x.query("INSERT INTO pending(path, reason, since, attempts, code) VALUES(?,?,?,1,?) ON CONFLICT(path) DO UPDATE SET reason=excluded.reason, code=excluded.code, attempts=attempts+1",
		[]any{p.Path, text(p.Reason), p.Since, int64(p.Code)}, nil)
}

// DropPending forgets a pending path; it is no error when there is none.
func (tx *Tx) DropPending(path string) error {
	if tx.x.sums.Total.Pending == 0 {
		return nil
	}
	known, err := tx.pending(path)
	if err != nil || !known {
		return err
	}
	tx.x.sums.Total.Pending--
	tx.x.sums.changed = true
	return tx.x.query("DELETE FROM pending WHERE path=?", []any{path}, nil)
}

func (tx *Tx) pending(path string) (known bool, err error) {
	err = tx.x.query("SELECT 1 FROM pending WHERE path=?", []any{path}, func(*sqlite3.Stmt) error {
		known = true
		return nil
	})
	return known, err
}

// Meta reads a value that SetMeta kept; nil when there is none.
func (tx *Tx) Meta(key string) ([]byte, error) { return tx.x.meta(key) }

// SetMeta keeps a value under a key.
func (tx *Tx) SetMeta(key string, value []byte) error {
	if len(value) == 0 {
		return tx.x.query("INSERT OR REPLACE INTO meta(key, value) VALUES(?, zeroblob(0))", []any{text(key)}, nil)
	}
	return tx.x.query("INSERT OR REPLACE INTO meta(key, value) VALUES(?,?)", []any{text(key), value}, nil)
}

// Metas gives all values whose keys begin with a prefix, by key.
func (tx *Tx) Metas(prefix string) (map[string][]byte, error) { return tx.x.metas(prefix) }

// DropMeta forgets a key; it is no error when there is none.
func (tx *Tx) DropMeta(key string) error {
	return tx.x.query("DELETE FROM meta WHERE key=?", []any{text(key)}, nil)
}
