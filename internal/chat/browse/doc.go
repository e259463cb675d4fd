// Package browse serves the pages of package site from a store of messages, to one person on the same
// machine.
//
// # What it promises
//
// It listens on loopback addresses only. Each page is below a random token of 128 bits, which stands in the
// address that the command prints and nowhere else; every other path is answered with 404. Requests whose
// Host is not the address that it listens at are refused, so that a name of a foreign site that resolves to
// this machine reaches nothing. Only GET and HEAD are answered, and nothing is ever written. Pages have no
// scripts, a content security policy that allows none, and are kept by no cache. Uploaded files are only ever
// saved, never shown. Links that lead elsewhere do not tell where they stand.
//
// It owns nothing on the disk: the store and the archive are the caller's.
//
// It imports failure, report, and the chat packages archive, chart, convert, fulltext, site and siteplan.
package browse
