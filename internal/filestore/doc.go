// Package filestore is the only room that touches a pool's file store: the replicated folders, and
// what the service keeps beside them. One interface, Store; a real implementation over os.Root, an
// in-memory one that can lose power, and wrappers that fail on purpose.
//
// It promises that nothing outside the store's root is ever read or written, whatever names a peer
// sends and whatever links lie in the tree; that under a final name a file is whole old or whole
// new; and that what was displaced is still there afterwards, under the name that the caller gave.
// Every implementation passes the suite in filestore/conformance. It imports nothing of the project.
package filestore
