// Package lease lets one process at a time write to a pool's file store, wherever the others run: a
// numbered file on the store itself says who it is.
//
// It promises that numbers only rise, that of two processes that want the same number one gets it,
// that a holder that stops renewing is replaced after a term measured by the watcher's own clock
// (clocks of two hosts are never compared), and that a holder which was replaced while it stood still
// is refused before its next write. It may import filestore and failure.
package lease
