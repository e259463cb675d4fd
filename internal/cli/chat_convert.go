package cli

const chatConvertHelp = "Reads an archive and writes its rooms, people and messages for another system, offline and in bounded memory.\n" +
	"An interrupted run into a folder goes on when the same command is given again.\n\n" +
	"Rooms that everyone could read become public, all others private: open and not disabled, in a category that\n" +
	"allows a whole domain and denies nobody. People are mapped with --people; who is not mapped becomes a\n" +
	"placeholder with the person's name. What cannot be carried is in csbackup-report.json in the output.\n\n"
