// Package statedisk is the disk of a simulated host, on which the index of a service lives: a file system for SQLite,
// in memory, that loses power.
//
// It promises that names are durable at once and content only when it was synced, and that one seed gives one state
// after a loss of power. Simulations use it. It imports nothing of the program.
package statedisk
