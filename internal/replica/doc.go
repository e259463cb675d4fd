// Package replica is one side of one module: it looks at its file store and brings its index up to
// date, offers what changed, and takes what the partner offers. It ties filestore, index, brake,
// plan and exchange together and knows nothing of timers, listeners or settings files.
//
// It promises that what the index says was on disk when it was last looked at; that a loss is never
// taken for a deletion, and looks no smaller for what the partner sends after it; that an import acts only
// where the disk is as the index says; that what a partner's version displaces is kept aside, in a place
// that is durable; and that nothing is acknowledged before it is durable. It may import filestore, index,
// brake, plan, exchange and failure.
//
// Tombstones are forgotten when they are older than a grace (15 months of the service's running time), the partner
// has acknowledged them, and this side has since taken all that the partner knew. One that the partner has not
// acknowledged stays, however long the partner is away. So only a partner that was set back to a copy of its index
// from before can know nothing of a deletion that this side has forgotten. It is recognised in two ways: it comes
// under a new name, or it has acknowledged less of this side than was forgotten; then all that it has is compared
// anew. What it offers under a path that this side does not know, with a sequence number that this side took
// before, was deleted since: it is not taken but named as pending, and stays with the partner. It is taken once
// somebody changes it there, or orders a full comparison from there. This also names what the partner made between
// the moment it was set back and its first session: it was given numbers that had been given before.
package replica
