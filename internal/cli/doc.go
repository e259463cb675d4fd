// Package cli is the command line: it turns flags into the options of a command in package
// command, chooses how results are shown, and turns the outcome into an exit code.
//
// It promises that every command has an example and that a mistake in the flags is always a
// failure of its own kind with exit code 2. It may import any package of the project; only cmd
// imports it.
package cli
