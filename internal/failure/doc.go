// Package failure is the one vocabulary for what can go wrong: every error that a person or a
// script may see carries a stable id, one readable sentence, and what to do next.
//
// It promises that an id, once published, keeps its meaning, its category and its exit code, and
// that the mapping from id to both stands in one table. It imports nothing of the project, so that
// every other package may use it.
package failure
