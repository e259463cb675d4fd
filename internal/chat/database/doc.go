// Package database reads and writes Persistent Chat databases, on SQL Server and in an SQLite file, with
// the same values and the same errors for both.
//
// It promises:
//   - A Reader sees one moment of the database, as far as Reader.Isolation says, and never keeps a chat
//     service from writing. On SQLite it always sees one moment.
//   - Everything that a Writer does happens at Commit or not at all.
//   - Values have the Go forms that package schema lists and arrive as they were stored: every character,
//     lone surrogates and U+0000 too, NULL apart from the empty text.
//   - Every error is a *failure.Error with what to do next, except a cancelled context's.
//   - Nothing waits for ever: a login takes at most 30 s, a lock 1 minute, a silent server Options.Silence.
//   - What lost a deadlock is tried again where nothing can be done twice: the beginning of a reader or
//     writer, the making of tables, and, without snapshot isolation, a query that gave no row yet.
//
// What SQL Server itself or its driver does not hold: a datetime is rounded to 1/300 s; a varchar column
// holds only the characters of its collation's code page (a text with others is refused, by column);
// comparing text in a Condition follows the collation of the column, which usually takes upper and lower
// case for the same, and a lone surrogate in a Condition is compared as U+FFFD. Into an SQLite file no row of more
// than 64 MiB is written, and no value of more than 96 MiB is read from one: these are refused.
//
// # Why so
//
// Text of SQL Server is read as its bytes, by a CAST to varbinary(max), because the driver turns a lone
// surrogate into U+FFFD. It costs little: reading messages this way takes about 1.1 times the processor
// time of the driver's own texts. An engine whose CAST does not give the bytes is read with the driver's.
//
// SQLite is ncruces/go-sqlite3. On the messages of a chat database, modernc.org/sqlite needed 1.1 to 1.3
// times its processor time to read all rows and 1.1 times to insert them, and is reached through
// database/sql, where this one gives rows into memory that is used again.
//
// It imports failure and chat/schema.
package database
