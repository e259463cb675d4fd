package brake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"csbackup/internal/index"
)

// Evidence is what a look at one root found.
type Evidence struct {
	Root      string // its name: "CollabContent"
	Holding   bool   // the brake holds already, or the store is not the known one
	Absent    bool   // the root's folder itself is not there
	Replaced  bool   // the root's folder is another one than when all was well
	Known     int64  // files that the index knows to be alive, missing ones included
	Missing   int64  // of these, files that are not there
	Regressed int64  // of these, files that are there with an older time than was known
	Recent    int64  // files that were taken for deleted lately, and that the index knew then
	Moved     int64  // of the missing, files whose content arrived under a new name
	// Earlier is how the loss weighs against what was known at each moment at which the partner began to
	// send since the last look: what came after a loss must not make it look smaller.
	Earlier []Moment
}

// Moment is what was known at one moment: Known files, of which Gone are not there now, or only older.
type Moment struct{ Known, Gone int64 }

// Held tells why a root's losses are held back, or "" when they may be taken for deletions.
func Held(e Evidence) string {
	lost := e.Missing - e.Moved + e.Regressed
	switch {
	case e.Known == 0 || lost <= 0 && !e.Absent:
		return ""
	case e.Absent:
		return fmt.Sprintf("the folder %s is gone, with %d files that were known", e.Root, e.Known)
	case e.Missing == e.Known:
		return fmt.Sprintf("the folder %s is empty: all %d files that were known are gone", e.Root, e.Known)
	case e.Replaced:
		return fmt.Sprintf("the folder %s was replaced by another one, which lacks %d of %d known files and holds older copies of %d", e.Root, e.Missing, e.Known, e.Regressed)
	case e.Holding:
		return fmt.Sprintf("the folder %s still lacks %d of %d files that were known before the loss, and holds older copies of %d", e.Root, e.Missing, e.Known, e.Regressed)
	case (lost+e.Recent)*2 > e.Known+e.Recent:
		return fmt.Sprintf("the folder %s has lost most of its files: %d of %d are gone, %d are older than they were", e.Root, e.Missing+e.Recent, e.Known+e.Recent, e.Regressed)
	}
	for _, m := range e.Earlier {
		if m.Gone > 0 && (m.Gone+e.Recent)*2 > m.Known+e.Recent {
			return fmt.Sprintf("the folder %s has lost most of the files that it held before the partner sent new ones: %d of %d are gone or older than they were",
				e.Root, m.Gone+e.Recent, m.Known+e.Recent)
		}
	}
	return ""
}

// Ordered tells why deletions that a partner asks for are held back, or "" when they may be done: by
// then they were weighed on the partner's side, so that only one that asks for nearly everything is
// stopped. known counts the files that are there, recent those that it had deleted lately, more those
// that it asks for now.
func Ordered(root string, known, recent, more int64) string {
	if more == 0 || (recent+more)*10 <= (known+recent)*9 {
		return ""
	}
	return fmt.Sprintf("the partner asks to delete nearly all of the folder %s: %d of %d files", root, recent+more, known+recent)
}

// Plan names a set of losses: it changes with every path that joins or leaves the set. The items
// must come in one order.
func Plan(items func(yield func(index.Item) bool)) string {
	sum := sha256.New()
	for it := range items {
		fmt.Fprintf(sum, "%d:%s%x", len(it.Path), it.Path, it.Hash)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
