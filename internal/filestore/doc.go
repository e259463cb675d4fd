// Package filestore is the only room that touches a pool's file store: the replicated folders, and
// what the service keeps beside them. One interface, Store; a real implementation over os.Root, an
// in-memory one that can lose power, and wrappers that fail on purpose.
//
// It promises that nothing outside the store's root is ever read or written, whatever names a peer
// sends and whatever links lie in the tree; that under a final name a file is whole old or whole
// new; and that what was displaced is still there afterwards, under the name that the caller gave.
//
// What arrives has the rights that it would have if it had been written in its place (Rights): those of
// the file that it replaces, or what its folder, the umask and access lists give to a new one. The
// permission bits that the other side's file does not give bound them, so that nothing becomes readable
// by being replicated; owners and access lists are each side's own, and a later chmod does not travel.
//
// Every implementation passes the suite in filestore/conformance. It imports nothing of the project.
package filestore
