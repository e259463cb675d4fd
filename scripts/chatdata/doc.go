// Package chatdata turns a log of messages into the rows of a Persistent Chat database, for benchmarks and
// trials: plausible categories, rooms, people, rights and counters, and RTF on four of five messages.
//
// It promises that the same log gives the same rows, at any multiple, and that what it keeps in memory
// grows with the people and rooms, not with the messages. It imports chat/database and chat/schema.
package chatdata
