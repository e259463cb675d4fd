// Package index is what one side knows of each path of one module: size, time, SHA-256, version
// vector, tombstone and sequence number; what it has agreed with its partner; and what it is in the
// middle of doing. It is durable, and it may be lost: then it is built again by comparing, and
// nothing is deleted for it.
//
// It promises that a committed Update survives a loss of power whole or not at all, that damage is
// noticed (every page carries a checksum) and reported as ErrDamaged instead of being read, and that
// memory does not grow with the number of paths. It imports nothing of the project.
package index
