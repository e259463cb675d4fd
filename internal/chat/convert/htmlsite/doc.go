// Package htmlsite is the format html of package convert: a static site, as package site writes it, with
// rooms by category, messages by month, people, files, and a search over all messages that needs no server.
//
// It promises what package site promises. A run that is resumed gives all rooms again, as the index of the
// search is of all messages. Its temporary files are those of package textindex.
//
// It imports the chat packages convert, site and siteplan.
package htmlsite
