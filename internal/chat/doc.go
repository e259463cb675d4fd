// Package chat holds the Persistent Chat half of csbackup. It has no code of its own: schema names the
// published tables, database reads and writes them, archive is the file, transfer carries rows between
// the two, htmlreport says on a page what was done.
package chat
