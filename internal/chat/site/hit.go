package site

import (
	"html"
	"regexp"
	"strconv"
	"time"

	"csbackup/internal/chat/textindex"
)

// run finds what may be a word, or several in scripts without spaces.
var run = regexp.MustCompile(`[\p{L}\p{N}\p{M}]+`)

// AppendHit writes a message that a search has found, with the words that were looked for marked, and with
// links to its place on a page of the room.
func AppendHit(to []byte, room Room, page string, m Message, author Person, words string) []byte {
	place := html.EscapeString(
		"rooms/" + strconv.FormatInt(room.ID, 10) + "/" + page + ".html#m" + strconv.FormatInt(m.ID, 10),
	)
	to = append(to, `<article class="hit"><header><a class="who" href="search.html?person=`...)
	to = strconv.AppendInt(to, m.Author, 10)
	to = append(to, `">`...)
	to = append(to, html.EscapeString(visible(author.Name))...)
	to = append(to, `</a> <a class="when" href="`+place+`">`...)
	if m.At.IsZero() {
		to = append(to, "no date"...)
	} else {
		to = m.At.UTC().AppendFormat(to, time.DateTime)
	}
	to = append(to, `</a> <a class="where" href="rooms/`...)
	to = strconv.AppendInt(to, room.ID, 10)
	to = append(to, `/index.html">`...)
	to = append(to, html.EscapeString(visible(room.Label()))...)
	to = append(to, `</a></header><div class="text" dir="auto">`...)
	text := plain(m.Text)
	if len(text) > longestShown {
		text = shorten(text)
	}
	to = appendMarked(to, text, textindex.ParseQuery(words))
	return append(to, "</div></article>\n"...)
}

// appendMarked escapes text and marks the words of a query.
func appendMarked(to []byte, text string, query textindex.Query) []byte {
	done := 0
	for _, found := range run.FindAllStringIndex(text, -1) {
		hit := false
		textindex.Words(text[found[0]:found[1]], func(word []byte) { hit = hit || query.Wants(word) })
		if !hit {
			continue
		}
		to = append(to, html.EscapeString(text[done:found[0]])...)
		to = append(to, "<mark>"...)
		to = append(to, html.EscapeString(text[found[0]:found[1]])...)
		to = append(to, "</mark>"...)
		done = found[1]
	}
	return append(to, html.EscapeString(text[done:])...)
}
