package index

import "errors"

// Errors that callers decide on.
var (
	// ErrDamaged: the file is there but cannot be trusted. Move it aside and build a new index.
	ErrDamaged = errors.New("the index is damaged")
	// ErrFull: the volume that the index lies on has no room left. Nothing was changed.
	ErrFull = errors.New("the volume of the index has no room left")
	// ErrNewer: the file was written by a newer version of csbackup. Nothing was changed.
	ErrNewer = errors.New("the index was written by a newer version of csbackup")
)

// Counts summarises an index.
type Counts struct {
	Files, Bytes, Folders, Tombstones int64 // live files (of any state), their bytes, folders, tombstones
	Missing, MissingBytes             int64
	MissingFiles                      int64 // of Missing, those that are files
	Suspects                          int64
	Pending                           int64 // paths of the partner that could not be applied yet
	Kept, KeptBytes                   int64 // kept versions and their bytes
}
