// Package fulltext keeps messages in a temporary SQLite file with a full-text index (FTS5), and finds them by
// words, people, rooms and dates.
//
// It promises that the file is readable to its owner only and gone after Close; on systems that allow it, its
// name is gone as soon as it is open, so that nothing is left after a kill either. Memory does not grow with
// messages. Words are those of package textindex, so that a search finds what the search of a static site
// finds. A search ends with its context.
//
// A Store is for one goroutine at a time while it is filled, and for any number afterwards.
//
// It imports failure and the chat packages chart, site and textindex.
package fulltext
