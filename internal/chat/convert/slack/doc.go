// Package slack writes an archive as a Slack export, which the importers of Slack, Mattermost, Zulip and
// Rocket.Chat read.
//
// It promises that every message is in the output with its text and author, that no two messages of a
// channel have the same time, and that names are valid and different. It imports chat/convert.
//
// # Files
//
// The output is a ZIP file, as importers want it, or a folder with the same files.
//
//	users.json                       everyone who wrote or reads
//	channels.json, groups.json       public and private channels, by the rule of package convert
//	<channel>/2018-01-31.json        the messages of a day in UTC
//	__uploads/<id>/<name>            uploaded files, where mmetl and others look for them
//	csbackup-report.json             what was changed and left out
//
// # Rules
//
// Channels are named after their rooms: lower case, at most 80 bytes, letters and digits of any script, and
// hyphens; -2, -3 and so on are put behind names that are taken. Members of a private channel are the room's
// readers, those of a public one all who have a role in the room or wrote in it.
//
// An address in the map of people is an address of mail. A placeholder is a deleted user with the person's name
// and an address that ends in @placeholder.invalid.
//
// The time of a message (ts) has microseconds; where it is taken, the next that is free is used. A text of more
// than 40,000 characters becomes several messages. A disabled room is an archived channel. Alerts become
// normal messages, and RTF its plain text.
package slack
