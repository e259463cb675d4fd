package cli

const chatConvertHelp = "Reads an archive and writes its rooms, people and messages for another system, offline and in bounded memory.\n" +
	"An interrupted run into a folder goes on when the same command is given again.\n\n" +
	"Rooms: a room that everyone could read becomes a public channel, any other a private one. Everyone could read a\n" +
	"room that is open and not disabled, in a category that allows a whole domain and denies nobody.\n" +
	"A room is taken when --room names it or when it lies in a --category; all are where neither is given.\n\n" +
	"People: --people-template writes a CSV file with everyone and an empty column address. Fill it and give it\n" +
	"with --people. Who has no address becomes a placeholder with the person's name.\n\n" +
	"  format      output              address of a person      a long message becomes several above\n" +
	"  teams       a folder            object id in Entra ID    28,000 bytes of HTML\n" +
	"  slack       a folder or a .zip  mail                     40,000 characters\n" +
	"  mattermost  a .zip              username or mail         16,383 characters\n" +
	"  jsonl, csv  a folder or a .zip  anything                 never\n\n" +
	"Placeholders: in Slack a deleted user, in Mattermost a deactivated one, in Teams the person's name in bold before\n" +
	"messages from --account. Cells of CSV that a spreadsheet would take for a formula begin with an apostrophe.\n" +
	"What cannot be carried, and what was changed, stands in csbackup-report.json in the output. Where something was\n" +
	"left out the exit code is 3.\n\n"

const sendToTeamsHelp = "Makes the teams and channels, sends their messages, completes the migration, and adds the members. It can be\n" +
	"stopped at any time: the same command goes on, and nothing is there twice. It stops at the first answer 401 or 403.\n\n" +
	"The token is one of an application (client credentials) with these rights, granted by an administrator:\n" +
	"Teamwork.Migrate.All, Team.ReadBasic.All, Channel.ReadBasic.All, Channel.Create, TeamMember.ReadWrite.All,\n" +
	"ChannelMember.ReadWrite.All.\n\n" +
	"Messages or members that Microsoft Graph rejects are named in csbackup-refused.jsonl in the folder, and the exit\n" +
	"code is 3.\n\n"
