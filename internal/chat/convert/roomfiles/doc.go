// Package roomfiles writes an archive as one file a room, for programs (JSON Lines) and spreadsheets (CSV).
//
// It promises that the texts of all messages, their times to 100 ns and their authors can be read back, that
// no spreadsheet takes a cell for a formula, and that the output is valid UTF-8. It keeps all rights, as data:
// nothing is left out because a target could not hold it. It imports chat/convert and chat/schema.
//
// # Files
//
//	people.jsonl, people.csv           the people and groups that are named elsewhere
//	rooms.jsonl, rooms.csv             the rooms, each with the name of its file
//	rooms/<number>-<name>.jsonl, .csv  the messages of a room, in the order of their numbers
//	files/<room's GUID>/<name>         uploaded files
//
// # Columns
//
// People: uri, name, email, upn, address (in the new system, empty for a placeholder), disabled, group,
// messages. Rooms: number, guid, name, description, category, created, privacy (Open, Closed, Secret or
// Unknown), public (by the rule of package convert), auditorium, disabled, members, managers, presenters (URIs),
// messages, first, last, file. Messages: id (chatId), time, uri, name, address, alert, text, files (paths in the
// output of the uploaded files that the text links to); in JSON also rtf, null where there is none.
//
// Times are RFC 3339 in UTC with up to seven digits after the point, empty (in JSON null) where the ticks of
// the source are no time between the years 1 and 9999.
//
// # JSON Lines
//
// One object a line, with the columns as names; lists are arrays. A lone surrogate of the source is
// written \ud800; everything else is as JSON says.
//
// # CSV
//
// RFC 4180: commas, CR LF, quotes where needed, the first line names the columns. Lists are joined by
// line breaks. A cell that begins with one of = + - @ ' or with a tab or CR gets an apostrophe before it; whoever
// reads the file back takes the apostrophe away where one of these follows it. NUL, which spreadsheets
// refuse, becomes U+FFFD; so does a lone surrogate. Every
// line break in a cell, CR, LF or CR LF, is written CR LF. Spreadsheets hold 32,767 characters in a cell: longer texts are whole in the file, are cut by
// them, and are counted in the report.
package roomfiles
