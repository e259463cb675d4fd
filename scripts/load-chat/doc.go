// Load-chat fills a new Persistent Chat database with the messages of a log.
//
//	go run ./scripts/load-chat -log chat-messages.tsv.gz -db-instance sqlite:mgc.db
//
// Each line of the log has four fields with tabs between: room, Unix seconds, poster, text. With
// -multiple N everything but the people is there N times. The login to SQL Server comes from the same
// variables as that of csbackup. It imports scripts/chatdata and chat/database.
package main
