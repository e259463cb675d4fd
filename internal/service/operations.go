//go:build !stoppable

package service

import (
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// counted gives the store as it is, and countedIndex the index's options; a build with the tag stoppable
// counts what they do and ends the process at a given operation, for the tests.
func counted(store filestore.Store) filestore.Store { return store }

func countedIndex() index.Options { return index.Options{} }
