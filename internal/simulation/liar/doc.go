// Package liar is somebody who holds a valid certificate of a pool and says whatever he likes to its partner: as an
// exporter that calls, and as an importer that answers. Most of what he says has the form that it must have; some
// of his frames have not.
//
// It promises that one seed gives one course of lies, that it knows what it claimed and which contents it really
// sent, and that the names of its lies can be counted. It may import exchange and index. Simulations and tests use it.
package liar
