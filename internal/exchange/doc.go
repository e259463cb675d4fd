// Package exchange is the wire between the Backup Services of two paired pools: what is offered,
// what is wanted, the contents in batches, and the acknowledgement. Client and server stand side by
// side and run over any connection.
//
// It promises that every length, count and name that a peer sends is checked before memory is spent
// on it; that each batch names its direction, epoch, number and the hash of the batch before it, so
// that a repeated, dropped or swapped batch is refused or changes nothing; and that nothing goes back
// and forth per file. A peer is given up that is silent for a minute, that sends or takes less than
// 1 KiB a second on average while this side waits for it, or that says for 24 hours that it is at work. A
// session that lasts for a day is ended in order by its exporter, which goes on in another one; none lasts longer than three.
// It may import index and failure.
package exchange
