// Package conformance is the suite that every implementation of filestore.Store passes. It imports
// filestore only.
package conformance
