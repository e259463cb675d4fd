package index

import "github.com/ncruces/go-sqlite3"

// Origins tells whether anything that was renamed is known. It costs no query.
func (x *Index) Origins() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.origins
}

// OriginsOf lists the paths under which the content of the item with a sequence number stood before, sorted.
func (x *Index) OriginsOf(sequence uint64) (paths []string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err = x.query("SELECT source FROM origin WHERE sequence=? ORDER BY source", []any{int64(sequence)}, func(stmt *sqlite3.Stmt) error {
		paths = append(paths, string(stmt.ColumnRawBlob(0)))
		return nil
	})
	return paths, err
}

// MovedTo gives the item to which the content of a path was moved; ok is false when that is not known, or when
// the item has become another one since.
func (x *Index) MovedTo(path string) (it Item, ok bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	items, err := x.items("SELECT "+columns+" FROM item WHERE sequence=(SELECT sequence FROM origin WHERE source=?)", path)
	if err != nil || len(items) == 0 {
		return Item{}, false, err
	}
	return items[0], true, nil
}

func (x *Index) hasOrigins() (has bool, err error) {
	err = x.query("SELECT 1 FROM origin LIMIT 1", nil, func(*sqlite3.Stmt) error { has = true; return nil })
	return has, err
}

// PutOrigin remembers that the content of an item, as it stood under its path, is now that of another one. What the
// content was called before that counts as its origin, too, and it is as old as it was. Nothing is remembered when
// the other item has changed since it was read.
func (tx *Tx) PutOrigin(before, to Item) error {
	now, ok, err := tx.Get(to.Path)
	if err != nil || !ok || now.Sequence != to.Sequence {
		return err
	}
	if err := tx.Inherit(to.Path, before); err != nil {
		return err
	}
	if err := tx.moveOrigins(before.Sequence, to.Sequence); err != nil {
		return err
	}
	tx.x.origins = true
	return tx.x.query("INSERT OR REPLACE INTO origin(source, sequence) VALUES(?,?)", []any{before.Path, int64(to.Sequence)}, nil)
}

// Inherit lets a path count as old as an item, whose content it holds.
func (tx *Tx) Inherit(path string, from Item) error {
	it, ok, err := tx.Get(path)
	if err != nil || !ok || it.Born <= from.Born {
		return err
	}
	it.Born = from.Born
	return tx.write(it)
}

// moveOrigins lets an item keep its origins under another sequence number.
func (tx *Tx) moveOrigins(from, to uint64) error {
	if !tx.x.origins {
		return nil
	}
	return tx.x.query("UPDATE origin SET sequence=? WHERE sequence=?", []any{int64(to), int64(from)}, nil)
}

// DropOrigins forgets the origins of all items up to a sequence number.
func (tx *Tx) DropOrigins(through uint64) error {
	if !tx.x.origins {
		return nil
	}
	tx.dropped = true
	return tx.x.query("DELETE FROM origin WHERE sequence<=?", []any{int64(through)}, nil)
}
