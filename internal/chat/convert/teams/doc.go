// Package teams writes an archive as a folder of requests to Microsoft Graph, which package send sends.
//
// It promises that every message is in the output with its text and author, that no two messages of a channel
// have the same millisecond, that no body is longer than Teams takes, and that bodies hold only the HTML of
// package rtf. It imports chat/convert and chat/rtf.
//
// # Files
//
// All are JSON, one object a line; see Team, Channel and Message for the fields.
//
//	requests.json                what the folder is, with an id of its own
//	teams.jsonl                  the teams, with the bodies that make them and their members
//	channels.jsonl               the channels, with the bodies that make them and their members
//	messages/<room>-<name>.jsonl the messages of a channel, each line the body of a request
//	files/<room>/<name>          uploaded files, which Graph does not import
//	csbackup-report.json         what was changed and left out
//
// # Rules
//
// Each category becomes a team, or several: a team has at most 900 standard and 30 private channels, as
// Teams limits them. A public room becomes a standard channel that is made in migration mode. A private one
// becomes a private channel, which is made when the team is complete, has its people, and is put into migration
// mode by startMigration. Members of a team are the members of its channels; those of a standard channel are all who
// have a role in the room or wrote in it, those of a private one its readers. Managers own private channels;
// where none of them is mapped, a reader does, and where none is, the account of --account. That account owns
// the teams, too. A disabled room is a channel like others.
//
// A channel's name has at most 50 characters; what Teams does not allow in it becomes a hyphen, and a number is put
// behind names that are taken.
//
// An address in the map of people is the object id of a user in Microsoft Entra ID. Graph takes messages only
// from users of the tenant: those of a placeholder come from the account of --account, and their bodies begin with
// the person's name in bold.
//
// A message shows its RTF with its formatting, or else its text. Its body has at most 28,000 bytes, in UTF-8 and
// in UTF-16: what is longer becomes several messages. Its time has milliseconds; where that is taken, the next that is
// free is used. Times after the conversion are moved, as Graph refuses times in the future. Alerts have the
// importance high. Channels are created a second before their first message.
package teams
