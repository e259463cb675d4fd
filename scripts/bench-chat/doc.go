// Bench-chat measures export, import and verification of Persistent Chat data and prints one table, with
// ratios to bare tools that did the same work in the same run.
//
//	go run ./scripts/bench-chat -log chat-messages.tsv.gz
//	go run ./scripts/bench-chat -log chat-messages.tsv.gz -db-instance server,port -trust-server-certificate
//	go run ./scripts/bench-chat -log chat-messages.tsv.gz -memory-rows 50000000
//
// The log is that of load-chat. With -db-instance the SQL Server protocol is measured too, in a database
// without tables, which are dropped afterwards; freebcp is used where it is installed. A server on
// the same machine takes its share of the cores: with -server-process each of its lines ends with the microseconds
// of processor time for a row, as "client+server us" for it and for what it is compared with. With -memory-rows the
// peak of memory is measured while so many rows, which are made on the fly, are exported and imported again,
// each in a process of its own; that takes disk for the archive only.
//
// Each kind of work is done several times and its best time counts, in processor time too, which other work
// on the same machine disturbs less. It imports scripts/chatdata and the packages of internal/chat.
package main
