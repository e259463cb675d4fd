// Package topology reads the one file that describes all pools and answers who is whose partner and
// where a pool's files are.
//
// It promises that a file with any mistake is refused as a whole, with every mistake named by its
// line, and that no pool's store can reach into another's. It imports only failure and module.
package topology
