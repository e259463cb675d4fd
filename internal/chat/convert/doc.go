// Package convert reads an archive as rooms, people and messages, and hands them to a format that writes
// them for another system. It needs no database and no network.
//
// # What it promises
//
// Memory grows with rooms, people and who wrote in which room, never with messages: an archive is read
// twice, once to count and once to write. What a format cannot carry is counted and named, in the result and
// in the report that stands in the output. Nothing that stands in the output's place before is overwritten.
//
// # How an archive is read
//
// Load reads the tables and goes through all messages once. A Plan has the rooms that the selection takes,
// with their people, rights and counts. Run hands the rooms to a Format in the order of their numbers, each
// with its messages, then the uploaded files of these rooms.
//
// Messages of a room come in the order of their chatId, or of their times where the format asks for it
// (Rules.ByTime). Messages that stand at the same time keep the order of their chatId. A room whose messages
// are not in the order of their times is sorted, in temporary files where it is large.
//
// A message whose ticks are no time that the format can hold (Rules.Earliest, Rules.Latest) is placed at the
// time of the message before it in its room, and is counted.
//
// # Which rooms are public
//
// A room becomes a public channel when everyone could read it: it is open, it is not disabled, and its
// category allows a whole domain and denies nobody. All other rooms become private channels: a room that
// was closed, secret, disabled, open to some groups only, or of which the archive does not tell the rights.
// The members of a private channel are the people who are members, managers or presenters of the room,
// and, of an open room, those whom its category allows by name or through a group whose affiliations the
// archive holds, without those who are denied. Groups, folders and domains are not carried themselves; they
// are named in the report. People who only wrote in a private room do not become its members.
//
// # People
//
// A map says which address a person has in the new system, by URI. Who is not in the map becomes a
// placeholder that bears the person's name. Several people with one address become one.
//
// # Resuming
//
// A folder that is being written holds a journal, csbackup-unfinished.jsonl, with the rooms that are
// complete. A second run with the same archive and the same options goes on behind them; it writes the other
// rooms anew. The journal goes when the conversion is complete. A ZIP file is written beside its name and
// gets the name when it is complete; it begins anew after a cut.
//
// It may import failure, report, chat/archive, chat/rtf and chat/schema.
package convert
