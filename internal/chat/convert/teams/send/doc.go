// Package send sends the requests of a folder that package teams wrote to Microsoft Graph.
//
// It promises that each request has its effect at most once, whatever is cut off where: a team or channel
// whose creation has an unknown outcome is looked for before it is made again, and a message that Graph has
// already is answered with 409, as no two messages of a channel have the same millisecond. It keeps the rate that was
// asked for, waits as long as Retry-After says, stops at the first 401 or 403, and can be stopped and started at any
// time.
//
// It owns two files in the folder: csbackup-sent.jsonl says how far it came, csbackup-refused.jsonl which requests
// Graph rejected, with its reasons. It sends the token to the address that was given and nowhere else: redirections are
// not followed. It imports failure, report, chat/convert and chat/convert/teams.
//
// # Order
//
// For each team: make it in migration mode; make its standard channels, send their messages, complete them; complete
// the channel General and the team; add the members; then make the private channels, start their migration, send their
// messages, complete them, add their members. Channels of a team go side by side, the messages of a channel one
// after the other.
//
// # Answers
//
//	2xx            done
//	401, 403       everything stops
//	409            a message or member is there already
//	400            where a request may have had its effect before: it had
//	404            for a team or channel that was just made: later
//	408, 429, 5xx  later: as Retry-After says, else after 1, 2, 4 … 64 seconds
//	no answer      later, as the outcome is unknown
//	anything else  the request is rejected: messages and members are noted and passed over, up to 20 in a row
package send
