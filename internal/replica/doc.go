// Package replica is one side of one module: it looks at its file store and brings its index up to
// date, offers what changed, and takes what the partner offers. It ties filestore, index, brake,
// plan and exchange together and knows nothing of timers, listeners or settings files.
//
// It promises that what the index says was on disk when it was last looked at; that a loss is never
// taken for a deletion, and looks no smaller for what the partner sends after it; that an import acts only
// where the disk is as the index says; that what a partner's version displaces is kept aside, in a place
// that is durable; and that nothing is acknowledged before it is durable. It may import filestore, index,
// brake, plan, exchange and failure.
package replica
