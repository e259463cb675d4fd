// Package loopback finds ports of this machine for services that are started beside each other: in the demo,
// in tests and in benchmarks. It imports nothing of this module.
package loopback
