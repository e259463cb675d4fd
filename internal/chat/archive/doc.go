// Package archive writes, proves and reads the file that Persistent Chat data travels in. It knows the
// published schema and nothing of databases.
//
// It promises that what Writer takes Reader gives back to the bit, that equal rows give equal bytes, that
// a file under its final name is whole, and that Open and Verify answer any input at all with an error or
// a proof, in memory that does not grow with the input. It may import failure and chat/schema.
//
// # The format, version 1
//
// The file is a ZIP archive. Every member but the last is compressed with deflate; all have the time
// 1980-01-01 00:00:00 UTC, no comment, and names in ASCII. The members follow each other without gaps,
// nothing stands before the first or after the end record, and Zip64 structures are used where sizes
// need them. A file whose ZIP structure differs in one byte from what Writer would have written
// around the same members is damaged: unpack and pack it again with another tool, and it is refused.
//
// Members, in this order, those without rows left out:
//
//	messages/000001.jsonl …     messages, rooms in the order of their numbers; a member ends with the room
//	                            in which it reached 4 MiB, and within a room once it reached 64 MiB
//	tables/<table>.jsonl        one member for each other table that travels
//	files/<room>/<number>-<name> one member for each uploaded file, see below
//	references/nodes.jsonl      nodeID, nodeGuid, nodeName, nodeType, parentID
//	references/principals.jsonl prinID, prinGuid, prinUri
//	manifest.json               always the last, and stored without compression
//
// Numbers (nodeID, prinID) mean something only in the database that they came from. What a number in a row
// stands for is said by the row of tables/tblNode or tables/tblPrincipal with that number, or else by the
// row of the references member, where it does not travel itself. A reference whose GUID is null
// says that the number stood for nothing in the source either, and has null in all further columns.
//
// Rows stand in the order of their key, lowest first, in members whose key is made of numbers.
//
// # Lines
//
// All members but files are JSON Lines in ASCII: each line ends with a line feed and has no spaces outside of strings. In strings, " and \ are escaped with \, the control characters U+0008, U+0009,
// U+000A, U+000C and U+000D as \b \t \n \f \r, all other characters below U+0020 and all from U+0080 on as
// \uxxxx with lower-case digits, those beyond U+FFFF as a surrogate pair. A lone surrogate is \udxxx.
//
// The first line of a table is an array of its column names, in the published order. Each
// further line is an array with one value a column: null, a whole number, a string, or {"base64":"…"} for
// image. GUIDs are in lower case, times are "YYYY-MM-DD HH:MM:SS" with up to seven more digits.
//
// A text that has more than 786,432 bytes in UTF-8, and an image of that many bytes, is cut: its row has only
// the end, and before the row stands a line for each part before that, in the order of the columns:
//
//	{"column":2,"part":"…"}
//
// Column counts from 0. Each part is as long as it can be with 786,432 bytes and whole characters; so no
// line has more than 16 MiB, whatever a column holds.
//
// # Messages
//
// The first line is ["chatDate","userId","content","rtf","isAlert"]. Lines that are objects set what holds
// for the arrays after them:
//
//	{"room":7,"guid":"…","name":"…"}   a room (channelId) begins. guid and name are null where the room does
//	                                   not exist in the source. Rooms come in the order of their numbers.
//	{"chatId":12}                      the chatId of the next message, where it is not 1 more than that of
//	                                   the message before it (than 0, at the start of a room)
//	{"rtf":1,"line":"\\par ","before":"{\\rtf1 ","after":"}"}
//	                                   a rule for RTF, see below; rules are numbered from 1 in each member
//
// An array is one message, [chatDate,userId,content,rtf,isAlert]:
//
//   - chatDate: the seconds since the message before it in the room, or since 0001-01-01 00:00:00 for the
//     first, with up to seven digits after a point: 1 second is 10,000,000 ticks. It may be negative.
//     Ticks are added modulo 2^64.
//   - userId: left out where it is that of the message before it in the room.
//   - content: a string.
//   - rtf: a string is the RTF itself; 0 is NULL; a number n is what rule n makes of the content. Left out
//     it is the rule used last in the member, or NULL where none was used yet.
//   - isAlert: true; left out for 0.
//
// A rule makes RTF so: before, then the content, then after; where in the content \ { } become \\ \{ \},
// a tab becomes "\tab ", each of CR LF, CR and LF becomes the rule's line, and each UTF-16 unit from U+0080 on
// becomes \uN? with N as a signed 16-bit number. Writer uses a rule for a message only where the result is
// its RTF to the byte.
//
// In a new member, or a new room, everything begins anew: rules in the first case, and what is left out in both. A room that goes
// on in the next member begins there with its line again. The parts of a long content are those of column
// 2, and of a long rtf those of column 3. Within a room, messages come in the order of their chatId.
//
// # Files
//
// A file that was uploaded to a room is a member of its own with the file's content. In its name, <room> is
// the room's GUID; <number> counts the files of the archive from 000001; <name> is for people: it is the
// file's name with _ for each character that is no letter of ASCII, no digit, no point and no hyphen, and of that the
// last 80. The file's real name and its time of modification in UTC stand in the manifest. Real names are only those that
// a folder of Windows can hold. Files come in the order of their rooms' GUIDs and their real names, byte by byte.
//
// # Compression
//
// Content is cut every 1 MiB; each piece is compressed on its own, with the 32 KiB before it as dictionary,
// and ends in a sync marker. A piece that would shrink to less than a hundredth is compressed with
// Huffman codes alone, so that a member larger than 128 times its compressed size plus 64 KiB is
// known to be hostile.
//
// # The manifest
//
// One JSON object of at most 64 MiB; see Manifest for its fields. For each member it has the
// name, the rows (without the first line and the objects), the size and SHA-256 of the content, and the
// size and SHA-256 of the compressed bytes. Readers refuse a version above their own.
package archive
