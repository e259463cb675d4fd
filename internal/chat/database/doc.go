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
//
// What SQL Server itself or its driver does not hold: a datetime is rounded to 1/300 s; a varchar column
// holds only the characters of its collation's code page (a text with others is refused, by column);
// comparing text in a Condition follows the collation of the column, which usually takes upper and lower
// case for the same, and a lone surrogate in a Condition is compared as U+FFFD.
//
// It imports failure and chat/schema.
package database
