// Package conformance is the suite that every implementation of filestore.Store passes, and what tests of
// more than one store count with. It imports filestore only.
package conformance
