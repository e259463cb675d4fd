// Package databasetest fills databases for the tests of other packages. It promises that what it makes is
// the same at every call, holds every type and the hard characters, and keeps every published reference.
// It imports database and schema.
package databasetest
