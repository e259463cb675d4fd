// Package simulation runs two paired pools for a simulated week, over and over, each time with
// another seed: the real index, planner, replica, brake and wire, over file stores and state disks in
// memory that lose power, with people and programs that write, rename and delete meanwhile, clocks
// that jump, connections that break, disks that fill up, and state that is lost or set back.
//
// It promises that one seed is one course of events: a failing seed, run again, fails again. Nothing
// of the program uses it. It may import replica and everything below it.
package simulation
