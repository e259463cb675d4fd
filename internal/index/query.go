package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

const columns = "folder, name, kind, size, modtime, hash, vector, sequence, state, changetime, identity, since, born, withheld"

// query runs a kept statement; the caller holds the lock.
func (x *Index) query(sql string, bind []any, row func(*sqlite3.Stmt) error) error {
	stmt := x.statements[sql]
	if stmt == nil {
		var err error
		if stmt, _, err = x.connection.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return damage("use the index", err)
		}
		x.statements[sql] = stmt
	}
	defer stmt.Reset()
	for i, value := range bind {
		var err error
		switch v := value.(type) {
		case string: // paths are bytes, not text: they need not be UTF-8
			err = stmt.BindBlob(i+1, []byte(v))
			if v == "" {
				err = stmt.BindZeroBlob(i+1, 0)
			}
		case text:
			err = stmt.BindText(i+1, string(v))
		case []byte:
			err = stmt.BindBlob(i+1, v)
		case int64:
			err = stmt.BindInt64(i+1, v)
		default:
			err = fmt.Errorf("a value of type %T cannot be bound", value)
		}
		if err != nil {
			return damage("use the index", err)
		}
	}
	for stmt.Step() {
		if row == nil {
			continue
		}
		if err := row(stmt); err != nil {
			return err
		}
	}
	return damage("use the index", stmt.Err())
}

// text is bound as TEXT, where a plain string is bound as BLOB.
type text string

func scan(stmt *sqlite3.Stmt) (Item, error) {
	folder, name := stmt.ColumnRawBlob(0), stmt.ColumnRawBlob(1)
	it := Item{Path: join(string(folder), string(name))}
	it.Kind = Kind(stmt.ColumnInt64(2))
	it.Size, it.ModTime = stmt.ColumnInt64(3), stmt.ColumnInt64(4)
	copy(it.Hash[:], stmt.ColumnRawBlob(5))
	var err error
	if it.Vector, err = decodeVector(stmt.ColumnRawBlob(6)); err != nil {
		return it, err
	}
	it.Sequence, it.State = uint64(stmt.ColumnInt64(7)), State(stmt.ColumnInt64(8))
	it.ChangeTime, it.Identity, it.Since = stmt.ColumnInt64(9), uint64(stmt.ColumnInt64(10)), stmt.ColumnInt64(11)
	it.Born, it.Withheld = uint64(stmt.ColumnInt64(12)), uint32(stmt.ColumnInt64(13))
	if it.Kind < File || it.Kind > Tombstone || it.State > Suspect {
		return it, fmt.Errorf("%w: %q is of no known kind", ErrDamaged, it.Path)
	}
	return it, nil
}

func split(path string) (folder, name string) {
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return "", path
	}
	return path[:at], path[at+1:]
}

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

func encodeVector(v Vector) []byte {
	raw := make([]byte, 0, 16*len(v))
	for _, e := range v {
		raw = binary.BigEndian.AppendUint64(raw, uint64(e.Replica))
		raw = binary.BigEndian.AppendUint64(raw, e.Counter)
	}
	return raw
}

func decodeVector(raw []byte) (Vector, error) {
	if len(raw)%16 != 0 {
		return nil, fmt.Errorf("%w: a version vector is cut short", ErrDamaged)
	}
	var v Vector
	for ; len(raw) > 0; raw = raw[16:] {
		v = append(v, Entry{Replica(binary.BigEndian.Uint64(raw)), binary.BigEndian.Uint64(raw[8:])})
	}
	return v, nil
}

func (x *Index) items(sql string, bind ...any) ([]Item, error) {
	var all []Item
	err := x.query(sql, bind, func(stmt *sqlite3.Stmt) error {
		it, err := scan(stmt)
		all = append(all, it)
		return err
	})
	return all, err
}

func (x *Index) get(path string) (Item, bool, error) {
	folder, name := split(path)
	items, err := x.items("SELECT "+columns+" FROM item WHERE folder=? AND name=?", folder, name)
	if err != nil || len(items) == 0 {
		return Item{}, false, err
	}
	return items[0], true, nil
}

// Get gives what is known of a path.
func (x *Index) Get(path string) (Item, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.get(path)
}

// Children lists every item directly in a folder, tombstones too, sorted by name; "" lists the
// module's roots.
func (x *Index) Children(folder string) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.children(folder)
}

func (x *Index) children(folder string) ([]Item, error) {
	return x.items("SELECT "+columns+" FROM item WHERE folder=? ORDER BY name", folder)
}

// ChildrenAfter lists at most limit items directly in a folder, tombstones too, after a name, sorted.
func (x *Index) ChildrenAfter(folder, after string, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.items("SELECT "+columns+" FROM item WHERE folder=? AND name>? ORDER BY name LIMIT ?", folder, after, int64(limit))
}

// Since lists at most limit items with a sequence number after the given one, in its order.
func (x *Index) Since(after uint64, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.items("SELECT "+columns+" FROM item WHERE sequence>? ORDER BY sequence LIMIT ?", int64(after), int64(limit))
}

// InState lists at most limit items of a state other than Present, after a path, in a stable order.
func (x *Index) InState(s State, after string, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	folder, name := split(after)
	return x.items("SELECT "+columns+" FROM item WHERE state<>0 AND state=? AND (folder,name)>(?,?) ORDER BY folder, name LIMIT ?", int64(s), folder, name, int64(limit))
}

// MissingBefore lists at most limit missing items whose paths come before the given one in the order of folders
// and names, from the last one on: what is in a folder before the folder. "" lists from the end.
func (x *Index) MissingBefore(before string, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if before == "" {
		return x.items("SELECT "+columns+" FROM item WHERE state<>0 AND state=1 ORDER BY folder DESC, name DESC LIMIT ?", int64(limit))
	}
	folder, name := split(before)
	return x.items("SELECT "+columns+" FROM item WHERE state<>0 AND state=1 AND (folder,name)<(?,?) ORDER BY folder DESC, name DESC LIMIT ?", folder, name, int64(limit))
}

// MissingSince tells when the first and the last of the missing items went; ok is false when none is missing.
func (x *Index) MissingSince() (first, last int64, ok bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, one := range []struct {
		order string
		into  *int64
	}{{"ASC", &first}, {"DESC", &last}} {
		err = errors.Join(err, x.query("SELECT since FROM item INDEXED BY item_missing WHERE state=1 ORDER BY since "+one.order+" LIMIT 1", nil, func(stmt *sqlite3.Stmt) error {
			*one.into, ok = stmt.ColumnInt64(0), true
			return nil
		}))
	}
	return first, last, ok, err
}

// MissingUntil counts the missing files below a root that have a sequence number up to the given one.
func (x *Index) MissingUntil(root string, sequence uint64) (files int64, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	// "0" is the byte after "/".
	err = x.query("SELECT count(*) FROM item INDEXED BY item_missing_file WHERE state=1 AND kind=1 AND folder>=? AND folder<? AND (folder=? OR folder>=?) AND sequence<=?",
		[]any{root, root + "0", root, root + "/", int64(min(sequence, math.MaxInt64))}, func(stmt *sqlite3.Stmt) error {
			files = stmt.ColumnInt64(0)
			return nil
		})
	return files, err
}

// All lists at most limit items after a path, in a stable order.
func (x *Index) All(after string, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	folder, name := split(after)
	return x.items("SELECT "+columns+" FROM item WHERE (folder,name)>(?,?) ORDER BY folder, name LIMIT ?", folder, name, int64(limit))
}

// Tombstones lists at most limit tombstones that were made until a service clock and have a sequence number up
// to the given one, the oldest first, from the one after an item on (the zero item for the first).
func (x *Index) Tombstones(after Item, until int64, through uint64, limit int) ([]Item, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	folder, name := split(after.Path)
	return x.items("SELECT "+columns+" FROM item INDEXED BY item_tombstone WHERE kind=3 AND (since,folder,name)>(?,?,?) AND since<=? AND sequence<=? ORDER BY since, folder, name LIMIT ?",
		after.Since, folder, name, until, int64(through), int64(limit))
}

// Intent gives what an interrupted batch was about to put under a path. It may be called within an
// Update through Tx.Intent.
func (x *Index) Intent(path string) (Item, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.intent(path)
}

// HasIntents tells whether a batch was interrupted.
func (x *Index) HasIntents() (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.hasIntents()
}

func (x *Index) hasIntents() (has bool, err error) {
	err = x.query("SELECT 1 FROM intent LIMIT 1", nil, func(*sqlite3.Stmt) error { has = true; return nil })
	return has, err
}

func (x *Index) intent(path string) (it Item, ok bool, err error) {
	err = x.query("SELECT item FROM intent WHERE path=?", []any{path}, func(stmt *sqlite3.Stmt) error {
		ok = true
		it, err = decodeIntent(path, stmt.ColumnRawBlob(0))
		return err
	})
	return it, ok, err
}

func encodeIntent(it Item) []byte {
	raw := []byte{byte(it.Kind)}
	raw = binary.BigEndian.AppendUint64(raw, uint64(it.Size))
	raw = binary.BigEndian.AppendUint64(raw, uint64(it.ModTime))
	raw = append(raw, it.Hash[:]...)
	return append(raw, encodeVector(it.Vector)...)
}

func decodeIntent(path string, raw []byte) (Item, error) {
	if len(raw) < 49 {
		return Item{}, fmt.Errorf("%w: an intent is cut short", ErrDamaged)
	}
	it := Item{Path: path, Kind: Kind(raw[0]), Size: int64(binary.BigEndian.Uint64(raw[1:])), ModTime: int64(binary.BigEndian.Uint64(raw[9:]))}
	copy(it.Hash[:], raw[17:49])
	var err error
	it.Vector, err = decodeVector(raw[49:])
	return it, err
}

// Pending lists at most limit paths that could not be applied yet, after a path, sorted.
func (x *Index) Pending(after string, limit int) ([]Pending, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []Pending
	err := x.query("SELECT path, reason, since, attempts, code FROM pending WHERE path>? ORDER BY path LIMIT ?", []any{after, int64(limit)}, func(stmt *sqlite3.Stmt) error {
		all = append(all, Pending{Path: string(stmt.ColumnRawBlob(0)), Reason: stmt.ColumnText(1), Since: stmt.ColumnInt64(2), Attempts: stmt.ColumnInt(3), Code: Code(stmt.ColumnInt(4))})
		return nil
	})
	return all, err
}

// PendingAt gives a path that could not be applied yet; ok is false when it is none.
func (x *Index) PendingAt(path string) (p Pending, ok bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err = x.query("SELECT reason, since, attempts, code FROM pending WHERE path=?", []any{path}, func(stmt *sqlite3.Stmt) error {
		p, ok = Pending{Path: path, Reason: stmt.ColumnText(0), Since: stmt.ColumnInt64(1), Attempts: stmt.ColumnInt(2), Code: Code(stmt.ColumnInt(3))}, true
		return nil
	})
	return p, ok, err
}

// PendingCount is the number of paths that could not be applied yet.
func (x *Index) PendingCount() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sums.Total.Pending
}

// Meta gives the value that was kept under a key, nil when there is none.
func (x *Index) Meta(key string) ([]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.meta(key)
}

func (x *Index) meta(key string) (value []byte, err error) {
	err = x.query("SELECT value FROM meta WHERE key=?", []any{text(key)}, func(stmt *sqlite3.Stmt) error {
		value = append([]byte{}, stmt.ColumnRawBlob(0)...)
		return nil
	})
	return value, err
}

// Metas gives all values whose keys begin with a prefix, by key.
func (x *Index) Metas(prefix string) (map[string][]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.metas(prefix)
}

func (x *Index) metas(prefix string) (map[string][]byte, error) {
	all := map[string][]byte{}
	err := x.query("SELECT key, value FROM meta WHERE key>=? AND key<?", []any{text(prefix), text(prefix + "\xf4\x8f\xbf\xbf")}, func(stmt *sqlite3.Stmt) error {
		all[stmt.ColumnText(0)] = append([]byte{}, stmt.ColumnRawBlob(1)...)
		return nil
	})
	return all, err
}
