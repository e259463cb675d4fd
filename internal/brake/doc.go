// Package brake decides whether what is gone from a file store was deleted or lost. It is pure: it
// weighs counts, it touches nothing.
//
// It promises that a store that is empty, replaced, or has lost most of its files is held, and that
// one held set of losses has one name, so that a confirmation can only mean that very set. It may
// import index.
package brake
