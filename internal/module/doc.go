// Package module names the backup modules, in the one order in which they are shown.
//
// It promises that a name is understood in full and in short form, in any case, and that an unknown
// one is answered with the names that exist. It imports only failure.
package module
