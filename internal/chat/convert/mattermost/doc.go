// Package mattermost writes an archive as a file for Mattermost's bulk import.
//
// It promises that every message is in the output with its text and author, that every line keeps the limits
// of Mattermost, and that no two messages of a channel have the same time: the importer takes such for one. It
// imports chat/convert.
//
// # Files
//
// The output is a ZIP file, as "mmctl import upload" wants it, with
//
//	import.jsonl           a line for the version, the team, each channel, each user and each post
//	data/<room>/<name>     uploaded files, which posts name as attachments
//	csbackup-report.json   what was changed and left out
//
// # Rules
//
// All rooms become channels of one team that people join by invitation only. A server takes 2,000
// channels in a team unless MaxChannelsPerTeam in its settings says more; with more rooms than that the report
// says so.
//
// A channel's name is its room's in lower case, a-z, 0-9 and hyphens, at most 64 bytes, with -2, -3 and so on
// where it is taken; a name in another script becomes room-<number>. The display name is the room's, cut to
// 64 characters. The description is the purpose, cut to 250, the category the header.
// A disabled room is an archived channel. Members of a private channel are the room's readers, those of a
// public one all who have a role in the room or wrote in it; managers are channel administrators.
//
// An address in the map of people is a username, or an address of mail, before whose @ the username stands. With
// a username, the mail comes from the column email of the map or else from the archive: an existing account
// gets it, so let it be right. A placeholder is a deactivated account with the person's name and an address that
// ends in @placeholder.invalid.
//
// A post has at most 16,383 characters: longer texts become several. Its time has milliseconds; where that is
// taken, the next that is free is used. Mattermost reads texts as Markdown. Alerts become normal posts, and RTF
// its plain text.
package mattermost
