// Package plan decides what one side does with a version that its partner offers. It is pure: no
// disk, no network, no clock.
//
// It promises that both sides come to the same winner, that a deletion never beats a change it did
// not know of, and that whatever a decision displaces is kept. It may import index.
package plan
