package cli

import "github.com/spf13/cobra"

const chatExitCodes = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done, 4 unknown file, database, category or room,\n" +
	"5 refused, 6 database not reached, 7 damaged archive, 130 cancelled."

const chatLogin = "SQL Server is logged in to as yourself, or as CSBACKUP_SQL_USER with CSBACKUP_SQL_PASSWORD or the password in the\n" +
	"file CSBACKUP_SQL_PASSWORD_FILE. The connection is encrypted and the server's certificate is checked.\n\n"

// addChat adds the commands that work on Persistent Chat data.
func addChat(root *cobra.Command, s *session) {
	chat := s.group(root, "chat", "Exports, imports and verifies Persistent Chat data")
	s.add(chat, leaf{path: "chat export", use: "export", short: "Writes rooms, rights and messages into an archive",
		long: "Reads one moment of a Persistent Chat database, while it is in use, into a .zip archive that proves itself.\n" +
			"Under its name the archive is whole.\n\n" + chatLogin + chatExitCodes,
		example: "  csbackup chat export --db-instance sql1.contoso.com\\rtc --file-name chat.zip --report chat.html\n" +
			"  csbackup chat export --db-instance sqlite:mgc.db --file-name sales.zip --scope Sales --start-date 2018-01-31"})
	s.add(chat, leaf{path: "chat import", use: "import", short: "Merges an archive into a database, all of it or nothing",
		long: "Proves an archive, compares it with the database, and writes what is missing in one transaction.\n" +
			"What is there already is not doubled, and nothing is taken away. Import several archives of one database in\n" +
			"the order in which they were made. Run it with --what-if first and read what it says.\n\n" + chatLogin + chatExitCodes,
		example: "  csbackup chat import --db-instance sql2.contoso.com\\rtc --file-name chat.zip --what-if --report plan.html\n" +
			"  csbackup chat import --db-instance sql2.contoso.com\\rtc --file-name chat.zip"})
	s.add(chat, leaf{path: "chat verify", use: "verify FILE", short: "Proves an archive without any database, and says what is in it",
		long: chatExitCodes, example: "  csbackup chat verify chat.zip", args: cobra.ExactArgs(1)})
	s.add(chat, leaf{path: "chat show", use: "show FILE", short: "Lists the rooms of an archive, or the messages of one",
		long: chatExitCodes, example: "  csbackup chat show chat.zip\n  csbackup chat show chat.zip --room Projects --limit 20", args: cobra.ExactArgs(1)})
	s.add(chat, leaf{path: "chat convert", use: "convert ARCHIVE", short: "Writes an archive for Teams, Slack or Mattermost, or as CSV or JSON, without any database",
		long: chatConvertHelp + chatExitCodes, args: cobra.ExactArgs(1),
		example: "  csbackup chat convert chat.zip --people-template people.csv\n" +
			"  csbackup chat convert chat.zip --to teams --output requests --people people.csv --account 6c2d5b1e-0f3a-4a53-9d0e-7d2b8f1a9c44\n" +
			"  csbackup chat convert chat.zip --to csv --output rooms --category Sales --since 2018-01-01 --bom\n" +
			"  csbackup chat convert chat.zip --to mattermost --output chat-mattermost.zip --what-if"})
	s.add(chat, leaf{path: "chat send-to-teams", use: "send-to-teams FOLDER", short: "Sends the requests that chat convert wrote for Teams to Microsoft Graph",
		long: sendToTeamsHelp + chatExitCodes, args: cobra.ExactArgs(1),
		example: "  csbackup chat send-to-teams requests --token-file token.txt\n  csbackup chat send-to-teams requests --token-file token.txt --rate 2 --parallel 1"})
	s.add(chat, leaf{path: "chat categories", use: "categories", short: "Lists the categories of a database, which --scope of an export takes",
		long: chatLogin + chatExitCodes, example: "  csbackup chat categories --db-instance sql1.contoso.com\\rtc"})
	s.add(chat, leaf{path: "chat browse", use: "browse ARCHIVE|sqlite:PATH", short: "Shows an archive in a browser, with a search over all messages",
		long: "Serves the rooms, messages, people and files of an archive, or of a database in an SQLite file, as pages to this\n" +
			"machine only, until Ctrl-C. The address that it prints has a random part; who does not know it sees nothing.\n" +
			"Messages are indexed in a temporary file, which is gone afterwards. Nothing is changed.\n\n" + chatExitCodes,
		example: "  csbackup chat browse chat.zip\n  csbackup chat browse sqlite:mgc.db --listen 127.0.0.1:8080", args: cobra.ExactArgs(1)})
	s.add(chat, leaf{path: "chat search", use: "search ARCHIVE|sqlite:PATH WORDS...", short: "Finds messages by their words, the latest first",
		long: "Finds the messages that hold all words, in any case and with or without accents; the last word stands for all that\n" +
			"begin with it, unless a space follows it within quotes.\n\n" + chatExitCodes,
		example: "  csbackup chat search chat.zip budget 2018\n  csbackup chat search chat.zip budget --room Sales --person amira --since 2018-01 --until 2018-03",
		args:    cobra.MinimumNArgs(1)})
	s.add(chat, leaf{path: "chat create-database", use: "create-database", short: "Makes the published tables in an SQLite file or on a lab SQL Server",
		long: chatLogin + chatExitCodes, example: "  csbackup chat create-database --db-instance sqlite:mgc.db"})
}
