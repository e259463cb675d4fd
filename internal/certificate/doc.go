// Package certificate makes the certificates of a lab's small authority, loads those of a service or
// an administrator, and says what a peer's certificate allows.
//
// It promises that nothing is overwritten, that keys are readable by their owner alone, that only
// TLS 1.3 with certificates on both sides is spoken, and that a renewed file is taken up without a
// restart. It imports only failure and topology.
package certificate
