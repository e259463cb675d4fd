// Package simulation runs two paired pools for a simulated week, over and over, each time with
// another seed: the real index, planner, replica, brake and wire, over file stores and state disks in
// memory that lose power, with people and programs that write, rename and delete meanwhile, clocks
// that jump, connections that break, disks that fill up, state that is lost or set back, and stores that are
// unmounted and come back, also while an order is carried out.
//
// What runs is what production runs: batches are planned while the one before is committed, several contents are
// written at a time, and sessions overlap: both directions at once, an exporter that left one half-open and began
// another, a service that lost power and began anew while its bytes still arrive, lines on which nothing comes for a
// while. In some weeks somebody holds the certificates of both pools and lies to either. Each goroutine waits for its turn before it asks a store or reads a line; the seed says whose turn it is.
//
// It promises that one seed is one course of events: a failing seed, run again, fails again. A week needs a bubble of
// testing/synctest. Nothing of the program uses it. It may import replica and everything below it.
//
// Which test holds which promise of a replicator that is trusted with the only copy (go test -run TestP
// lists and runs them; a test's name begins with the promises that it holds):
//
//	P1  no torn file              simulated weeks; a kill before each operation; exchange with readers (filestore/conformance)
//	P2  durable, then told        simulated weeks; a fault at each operation; batches that fail (exchange); what is displaced (replica)
//	P3  resume any time           simulated weeks; a kill before each operation; cut connections (exchange)
//	P4  no silent loss            simulated weeks; conflicts (replica)
//	P5  symmetric                 the planner's table and its property (plan)
//	P6  deletions need evidence   simulated weeks; a fault at each operation (here and in replica); what the partner sends after a loss (replica)
//	P7  mass deletions are held   simulated weeks; brake; what takes nearly everything from its place, however it is cut into batches (replica)
//	P8  the store's identity      simulated weeks in which nothing may be written below a mount point; the marker (here); replaced folders (replica); real mounts (service)
//	P9  changing files            racing writers in simulated weeks; service
//	P10 held files                a Windows-like side
//	P11 a full disk               simulated weeks; a fault at each operation; room (replica)
//	P12 cut and half-open lines   simulated weeks; two services in two network namespaces; a peer that drips (exchange)
//	P13 clocks decide nothing     simulated weeks with clocks that jump by years; coarser times
//	P14 bit rot                   flipped bits (index); scrub (replica)
//	P15 lost state                simulated weeks in which indexes and stores are lost or set back
//	P16 one command restores      service, with real processes; a kill before each operation; replica
//	P17 names                     a Windows-like side, with many spellings and renames of the case only; hostile names
//	P18 nothing outside           hostile names; paths on the wire (exchange); links (filestore)
//	P19 a hostile partner         FuzzP19_ASession and wrong pairs here; frames (exchange); deletions (replica); certificates
//	P20 replay and order          a replayed session; batches out of order (exchange)
//	P21 hostile archives          chat/archive; before anything is opened (chat/transfer)
//	P22 imports: all or nothing   cut at any packet, rows that are lost, a commit that is refused (chat/transfer)
//	P23 one writer                leases (service)
//	P24 an honest status          states (service); a fault that nobody is told of (here)
//	P25 old and newer versions    archives of the first version (chat/archive)
//	P26 secrets stay              cli; service, with real processes
//	P27 claims were looked at     states and orders (service); a tree in motion (filestore); what a scan could not take (replica)
//	P28 a lying partner           simulated weeks with one who calls and answers; what a partner claims of counters, names, contents and kinds (plan, replica); one budget for all its sessions (service)
package simulation
