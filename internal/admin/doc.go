// Package admin is the door through which administrators' commands reach a Backup Service: JSON over
// HTTP, on a Unix socket or named pipe of the same machine, or on the service's TLS address.
//
// It promises that a caller without rights is told nothing, that what is sent is bounded, and that a
// failure arrives at the caller as the failure that the service gave. It may import failure, settings,
// topology and certificate.
package admin
