package teams

import (
	"unicode/utf8"

	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/rtf"
)

// maxBody is how many bytes a body may have, counted in UTF-8 and in UTF-16: below the 28 KB of Teams.
const maxBody = 28_000

// maxPiece is how many characters of a span are kept together.
const maxPiece = 500

// bodies gives the HTML of a document in parts that are short enough, each behind the prefix.
func bodies(doc rtf.Document, prefix string) []string {
	var parts []string
	part := []byte(prefix)
	left := maxBody - cost(prefix)
	for _, span := range doc.Spans {
		pieces := convert.SplitText(span.Text, maxPiece)
		for len(pieces) > 0 {
			html := rtf.AppendHTML(nil, rtf.Span{Text: pieces[0], Style: span.Style})
			price := cost(string(html))
			switch {
			case price > maxBody-cost(prefix): // a long link and many quotes
				half := convert.SplitText(pieces[0], max(1, utf8.RuneCountInString(pieces[0])/2))
				pieces = append(half, pieces[1:]...)
				continue
			case price > left:
				parts = append(parts, string(part))
				part, left = []byte(prefix), maxBody-cost(prefix)
			}
			part = append(part, html...)
			left -= price
			pieces = pieces[1:]
		}
	}
	if len(part) == len(prefix) && len(parts) == 0 {
		part = append(part, "&nbsp;"...) // Teams refuses an empty body
	}
	if len(part) > len(prefix) {
		parts = append(parts, string(part))
	}
	return parts
}

// cost is how many bytes a text has in UTF-8 or in UTF-16, whichever is more.
func cost(text string) int {
	units := 0
	for _, r := range text {
		units++
		if r >= 0x10000 {
			units++
		}
	}
	return max(len(text), 2*units)
}
