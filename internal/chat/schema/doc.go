// Package schema states the published tables of the Persistent Chat databases as data: their columns,
// types, keys and references, what kind of rows each holds, and at which level of an export they travel.
//
// It promises that the data is the published schema, that Tables lists a table after those that it
// refers to, and that Column.Check accepts exactly the values that the column can hold. A value has the
// same Go form for every engine:
//
//	nil     NULL
//	int64   int, bigint, smallint; bit as 0 or 1
//	string  text as WTF-8, that is UTF-8 in which a lone surrogate has its three-byte form;
//	        GUIDs as lower-case 8-4-4-4-12; times as YYYY-MM-DD HH:MM:SS with up to 7 more digits after a point
//	[]byte  image
//
// It imports nothing of the project.
package schema
