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
	// Vacant is a folder that was a volume of its own and is none, or is another folder than it was, and is empty;
	// VacantFiles of the missing files were in it.
	Vacant      string
	VacantFiles int64
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
	case e.Missing-e.Moved == e.Known:
		return fmt.Sprintf("the folder %s is empty: all %d files that were known are gone", e.Root, e.Known)
	case e.VacantFiles > 0:
		return fmt.Sprintf("the folder %s is empty and not the one that it was, or its volume is not mounted: %d files that were known in it are gone", e.Vacant, e.VacantFiles)
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

// replacedAtLeast is how many files a partner must have replaced before these count as lost: a person may well
// empty one or two of a few.
const replacedAtLeast = 10

// Asked is what a partner asks of one root, against one moment: of the Known files that the root held then, how many
// it deletes, and how many it replaces by something of another kind or by a file of less than a tenth of the size,
// what it did since then included.
type Asked struct{ Known, Deleted, Replaced int64 }

// Displaced tells why what a partner asks for is held back, or "" when it may be done: deletions were weighed on the
// partner's side, so that only what takes nearly everything is stopped.
func Displaced(root string, a Asked) string {
	gone := a.Deleted
	if a.Replaced >= replacedAtLeast {
		gone += a.Replaced
	}
	if a.Known == 0 || gone*10 <= a.Known*9 {
		return ""
	}
	return fmt.Sprintf("the partner asks to delete or to replace nearly all of the folder %s: %d of %d files", root, gone, a.Known)
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
