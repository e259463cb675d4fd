// Package site makes HTML pages of Persistent Chat data: rooms by category, messages by month, people, files,
// and a search over all messages. Writer makes a static site of them, a folder that opens from a disk without
// any server; package browse serves the same pages. Pages has their templates.
//
// # What it promises
//
// The pages need nothing besides the folder: no server, no network. A content security policy in each page
// allows only scripts and styles from there. All text of people is escaped; formatted text comes as HTML that
// package rtf has made, which has no active content. Links in messages lead only to http, https and mailto.
//
// Its memory does not grow with messages, but with rooms, people, files, and the pages of the room that is
// being written, and with the list of all pages: about 30 bytes for each of 500 messages or less.
//
// # The folder
//
//	index.html                 all rooms by category, or all categories where there are more than 1,000 rooms
//	categories/7-2.html        the second page of the rooms of a category
//	rooms/12/index.html        a room, by its nodeID: what it is, its months
//	rooms/12/2018-01.html      its messages from January 2018 on; #m34 is the message with the chatId 34
//	people.html, files.html    and people-2.html and so on
//	files/3/name.docx          uploaded files by their number; those of kinds that a browser could run end in .download
//	search.html                the search, which needs scripts
//	search/index.js            what the search reads first: rooms, pages, and the first word of each piece of the index
//	search/words/0/12.js       a piece of the index: words with the numbers of their messages
//	search/texts/0/34.js       what is shown of 512 messages, by their numbers
//	search/people.js           all people, for the filter
//	style.css, search.js
//
// A page of messages begins with a month, and holds further months while it has less than 100 messages; one
// of 500 messages or of 1 MiB of text is full, and the month goes on on another page. Messages are in the
// order of their chatId.
//
// The index is what textindex makes, whose words the script cuts in the same way, with a word @ID for each
// author.
//
// It imports failure, report, and the chat packages archive (for the errors of full disks), chart and
// textindex.
package site
