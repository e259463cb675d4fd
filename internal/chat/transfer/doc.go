// Package transfer carries Persistent Chat data between a database and an archive, both ways.
//
// It promises:
//   - An export holds one moment of the database as far as the database allows it, every column of every
//     row of the level and scope that were asked for, and a reference by GUID for every number that
//     stands in such a row.
//   - An import proves the archive first, writes only what it has planned, in one transaction, and compares the
//     counts before it commits; after any failure the database is as it was. The plan needs no write
//     transaction and is what --what-if shows.
//   - Importing an archive twice changes nothing the second time.
//   - Memory grows with people, rooms and rights; with messages only by a quarter of a byte for each that an import
//     compares.
//
// # What travels at each level
//
//	User           principals that rows of the scope refer to, their types, preferences (without a scope)
//	Category       categories, who may be a member, creators; role types and the words for settings
//	RoomDirectory  rooms, their members, managers and presenters, add-ins; role types and the words for settings
//	Content        messages, invitations, counters
//	All            all of these, and the configuration (without a scope)
//
// With a scope, the categories above the named ones travel too at the levels Category and All, without their
// rights, so that the archive can be imported where they are missing. Tables that the directory or the
// service fills again by itself never travel.
//
// Columns that the published schema lacks stop an export, which names them; with LeaveOutUnknown it goes on
// without them and names them in its result.
//
// # Who wins
//
// Principals are matched by prinGuid, then prinUri; nodes by nodeGuid, then by name and kind below the same
// parent (root matches root); role types, principal types and the words for settings by their name. What
// is new keeps its number where that is free, and takes the next free one otherwise. Where a row is on both sides
// and differs:
//
//   - of a principal or node the one changed later wins (prinUpdatedOn, nodeUpdatedOn); the archive where both are
//     of the same time. Scopes and roles go with their node. A GUID or URI in the database stays.
//   - rows of the static tables, and the configuration of another pool, stay as they are in the database.
//   - of other rows the archive's is taken, of counters and invitations the higher number.
//   - A message is known by its room and chatId. With the same time and author but another text, the archive's
//     is taken, unless an administrator replaced the database's, or messages were added to the database's room
//     since. Of another time or author it is a different message: it is added behind the last one of the
//     room under a new chatId, unless an equal one is in the room already.
//
// So archives of one database that are imported in the order in which they were made end as the last of them alone
// would, but for what was removed meanwhile: an import that merges takes nothing away. In another order, what tells no
// time, such as preferences or scopeIsDenied, becomes what the archive imported last has.
//
// # Replacing
//
// An import that replaces first takes away what the database holds, in the same transaction, and so ends as the archive
// alone would in an empty database. It takes an archive of everything. With the rows that travel go those of other
// tables that refer to them, which the directory and the service fill again. The plan counts what goes, table by table, and
// names the rooms and categories that the archive lacks; where more or fewer rows go than it counted, nothing does.
//
// Every such difference is a Clash of the result. What a row refers to and what is neither in the archive nor
// in the database is missing, and the import is refused. A number that stood for nothing in the source
// keeps standing for nothing; where it is another room in the database, its messages are left out and named.
// A compliance queue is merged only where no event has the number of another one.
//
// It imports module, report, failure and the chat packages below it.
package transfer
