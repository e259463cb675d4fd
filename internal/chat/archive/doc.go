// Package archive writes, proves and reads the file that Persistent Chat data travels in. It knows the
// published schema and nothing of databases.
//
// It promises that what Writer takes Archive gives back to the bit, that equal rows give equal bytes, that
// a file under its final name is whole, and that Open and Verify answer any input at all with an error or
// a proof, in memory that does not grow with the rows. It may import failure and chat/schema.
//
// # The format, version 1
//
// The file is a ZIP archive. Every member but the last is compressed with deflate; all have the time
// 1980-01-01 00:00:00, no comment, and names in ASCII. The members follow each other without gaps,
// nothing stands before the first or after the end record, the CRC and the sizes of a compressed member stand in
// a data descriptor behind it, and Zip64 structures are used where numbers need them. A file whose ZIP
// structure differs in one byte from what Writer would have written around the same members is damaged:
// unpack and pack it again with another tool, and it is refused.
//
// Members, in this order, those without rows left out:
//
//	messages/000001.txt           texts of messages
//	messages/000001.jsonl         facts of the same messages; then 000002, and so on
//	tables/<table>.jsonl          one member for each other table that travels, in the order of the schema
//	files/<room>/<number>-<name>  one member for each uploaded file
//	references/nodes.jsonl        nodeID, nodeGuid, nodeName, nodeType, parentID
//	references/principals.jsonl   prinID, prinGuid, prinUri
//	manifest.json                 always the last, and stored without compression
//
// Numbers (nodeID, prinID) mean something only in the database that they came from. What a number in a row
// stands for is said by the row of tables/tblNode or tables/tblPrincipal with that number, or else by the
// row of the references member. A reference whose GUID is null says that the number stood for nothing in
// the source either, and has null in all further columns. Archives of mgccomp have no references: their
// rows name people by URI, too.
//
// # Lines
//
// Members are lines that end with a line feed, in UTF-8. Those of .jsonl members are JSON without spaces
// outside of strings. In strings, and in the lines of .txt members, a backslash is written \\, the characters
// U+0008, U+0009, U+000A, U+000C and U+000D are \b \t \n \f \r, others below U+0020 and lone surrogates are
// \uxxxx with lower-case digits, and in strings a quote is \". All else stands for itself.
//
// The first line of a table is an array of its column names, in the published order. Each further line is
// an array with one value a column: null, a whole number, a string, or {"base64":"…"} for image. GUIDs
// are in lower case, times are "YYYY-MM-DD HH:MM:SS" with up to seven more digits. Where the key of a table
// is made of numbers, its rows stand in the order of the key, lowest first; so do references.
//
// A text of more than 786,432 bytes, counted in UTF-8 with three for a lone surrogate, is cut into parts:
// each is as long as it can be with that many bytes and whole characters. So is an image of more bytes
// than that. The row has the last part, and before the row stands a line for each part before that, in the
// order of the columns, which count from 0. So no line has more than 16 MiB, whatever a column holds:
//
//	{"column":2,"part":"…"}
//
// # Messages
//
// The texts of messages are lines by themselves, one for each text, in the order of the facts: the
// content of each message, and then its RTF where the facts say so. Facts are arrays,
// [chatDate,userId,rtf,isAlert], under a first line that names these columns. Lines that are objects set
// what holds for the arrays after them:
//
//	{"room":7,"guid":"…","name":"…"}   a room (channelId) begins. guid and name are null where the room does
//	                                   not exist in the source. Rooms come in the order of their numbers.
//	{"rtf":1,"line":"\\par ","before":"{\\rtf1 ","after":"}"}
//	                                   a rule for RTF, see below, that the next message uses; rules are numbered
//	                                   from 1 in each member, up to 256
//	{"chatId":12}                      the chatId of the next message, where it is not 1 more than that of
//	                                   the message before it (than 0, at the start of a room)
//	{"lines":2}                        the content of the next message has so many lines of text, as parts
//
// In an array:
//
//   - chatDate: the seconds since the message before it in the room, or since 0001-01-01 00:00:00 for the
//     first, with up to seven digits after a point: 1 second is 10,000,000 ticks. It may be negative.
//     Ticks are added modulo 2^64.
//   - userId: left out where it is that of the message before it in the room.
//   - rtf: "n" is what rule n makes of the content; null is NULL; {"lines":1} says that the RTF itself
//     follows the content in so many lines of text. Left out it is the rule used last in the member, or NULL
//     where none was used yet.
//   - isAlert: true; left out for 0.
//
// A rule makes RTF so: before, then the content, then after; where in the content \ { } become \\ \{ \},
// a tab becomes "\tab ", each of CR LF, CR and LF becomes the rule's line, and each UTF-16 unit from U+0080 on
// becomes \uN? with N as a signed 16-bit number. Writer uses a rule for a message only where the result is
// its RTF to the byte.
//
// Messages of a room come in the order of their chatId. A pair of members ends with the room in which its
// texts reached 4 MiB, and within a room once they reached 32 MiB or 1,048,576 messages. The room goes on in
// the next pair with its line again. In each pair everything begins anew.
//
// # Files
//
// A file that was uploaded to a room is a member of its own. In its name, <room> is the room's GUID;
// <number> counts the files of the archive from 000001; <name> is for people: it is the file's name with _
// for each character that is no letter of ASCII, no digit, no point and no hyphen, and of that the last 80.
// The file's real name and its time of modification in UTC stand in the manifest. Real names are only
// those that a folder of Windows can hold. Files come in the order of their rooms' GUIDs and their
// real names, byte by byte.
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
// One JSON object of at most 64 MiB, in exactly the form in which Writer writes it; see Manifest for its
// fields. For each member it has the name, the rows (the first line, objects and texts are none), the size
// and SHA-256 of the content, and the size and SHA-256 of the compressed bytes. Readers refuse a version
// above their own.
//
// # What a proof proves
//
// Open proves the ZIP structure and the manifest. Verify proves besides: all sums, sizes and counts; that
// every line has the form above and every value fits its column; the order of rows and so, where the key
// is made of numbers, that no key is there twice; that no other key is there twice, in a table of at most
// 2,097,152 rows; that every number of a node or principal is explained, once; and that no GUID is given to two
// nodes or two principals, as long as there are at most 2,097,152 of them. Keys are compared byte by byte: a
// database may take more of them for the same, such as those that differ in upper and lower case only. Rows
// whose other references lead nowhere are counted and are no damage: a source may have had them. They are not
// counted where the other table has more than 262,144 rows, or did not travel. A proof does not say: that an own
// RTF could not have been said by a rule; that the members are cut where Writer would cut them.
//
// Its memory grows with the numbers of nodes and principals, by up to 200 bytes for each, and by no more than
// 800 MiB for all that there can be; and with the keys of texts and GUIDs, by up to 80 MiB for each of the three
// tables that have such.
package archive
