// Package chat holds the Persistent Chat half of csbackup. It has no code of its own: schema names the
// published tables, database reads and writes them, archive is the file, transfer carries rows between
// the two, htmlreport says on a page what was done. convert hands an archive to formats of other systems; site makes
// pages of it, which convert's format html writes and browse serves, and in which textindex and fulltext find messages.
package chat
