package index

// Hash is a SHA-256 of a file's content; zero for folders and tombstones.
type Hash [32]byte

// Kind tells what an item is.
type Kind uint8

// The kinds of item. A tombstone remembers that a path was removed.
const (
	File Kind = iota + 1
	Folder
	Tombstone
)

// State tells how far the item agrees with what was last seen on this side's disk.
type State uint8

const (
	// Present: the item is what the disk held when it was last looked at.
	Present State = iota
	// Missing: the path was not there when its folder was listed in full. It is no tombstone: the loss
	// brake decides whether it becomes one.
	Missing
	// Suspect: the content changed although size, time and change time did not: it may have rotted.
	// It is never sent.
	Suspect
)

// Item is one path of a module. Path, Kind, Size, ModTime, Hash, Withheld and Vector travel to the partner;
// the rest is this side's own evidence.
type Item struct {
	Path    string // slash-separated, its first component the module's root: "CollabContent/a/b.bin"
	Kind    Kind
	Size    int64 // bytes; 0 for folders and tombstones
	ModTime int64 // nanoseconds since 1970-01-01 UTC; 0 for folders and tombstones
	Hash    Hash
	// Withheld are the permission bits, as of chmod(1), that the file or folder does not give on the side that
	// offers it; 0 where that is unknown. What it becomes on the other side does not give them either.
	Withheld uint32
	Vector   Vector

	Sequence   uint64 // this side's order of changes; given by Tx.Put
	State      State
	ChangeTime int64  // of the file when it was last read, 0 when unknown
	Identity   uint64 // of the file when it was last read, 0 when unknown
	// Since is the service clock (seconds of running, see Index.Clock) at which the item became
	// Missing, Suspect or a tombstone.
	Since int64
	// Born is the sequence number with which the path came to hold something other than before: as a new path, or
	// as one whose content left its place. Later versions of it keep the number. Given by Tx.Put; 0 for what is
	// older than the number.
	Born uint64
}
