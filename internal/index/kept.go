package index

import "github.com/ncruces/go-sqlite3"

// KeptBatch is what one batch of kept versions holds. Its name begins with the service clock.
type KeptBatch struct {
	Batch        string
	Files, Bytes int64
}

// KeptAfter lists at most limit batches of kept versions whose names come after the given one, oldest first.
func (x *Index) KeptAfter(after string, limit int) ([]KeptBatch, error) {
	const sql = "SELECT batch, files, bytes FROM kept WHERE batch>? ORDER BY batch LIMIT ?"
	return x.keptBatches(sql, after, int64(limit))
}

// KeptUntil lists at most limit batches whose names come before the given one or are it, newest first; "" lists
// from the newest one on.
func (x *Index) KeptUntil(until string, limit int) ([]KeptBatch, error) {
	if until == "" {
		return x.keptBatches("SELECT batch, files, bytes FROM kept ORDER BY batch DESC LIMIT ?", int64(limit))
	}
	const sql = "SELECT batch, files, bytes FROM kept WHERE batch<=? ORDER BY batch DESC LIMIT ?"
	return x.keptBatches(sql, until, int64(limit))
}

func (x *Index) keptBatches(sql string, bind ...any) ([]KeptBatch, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []KeptBatch
	err := x.query(sql, bind, func(stmt *sqlite3.Stmt) error {
		all = append(all, KeptBatch{string(stmt.ColumnRawBlob(0)), stmt.ColumnInt64(1), stmt.ColumnInt64(2)})
		return nil
	})
	return all, err
}

// PutKept sets what a batch of kept versions holds; one without files is forgotten.
func (tx *Tx) PutKept(b KeptBatch) error {
	var known KeptBatch
	err := tx.x.query("SELECT files, bytes FROM kept WHERE batch=?", []any{b.Batch}, func(stmt *sqlite3.Stmt) error {
		known.Files, known.Bytes = stmt.ColumnInt64(0), stmt.ColumnInt64(1)
		return nil
	})
	if err != nil {
		return err
	}
	if b.Files == 0 {
		b.Bytes = 0
	}
	s := &tx.x.sums
	s.Total.Kept += b.Files - known.Files
	s.Total.KeptBytes += b.Bytes - known.Bytes
	s.changed = true
	if b.Files == 0 {
		return tx.x.query("DELETE FROM kept WHERE batch=?", []any{b.Batch}, nil)
	}
	const sql = "INSERT OR REPLACE INTO kept(batch, files, bytes) VALUES(?,?,?)"
	return tx.x.query(sql, []any{b.Batch, b.Files, b.Bytes}, nil)
}
