package site

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"csbackup/internal/report"
)

// visible replaces what a page cannot show, or what would turn the text around it.
func visible(text string) string {
	return cleaned(text, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) })
}

// cleaned replaces control characters other than line ends and tabs, what is no UTF-8, and what else is not
// wanted.
func cleaned(text string, unwanted func(rune) bool) string {
	bad := func(r rune) bool {
		return r == utf8.RuneError || (unicode.IsControl(r) && r != '\n' && r != '\t') || unwanted(r)
	}
	if strings.IndexFunc(text, bad) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' {
			return -1
		}
		if bad(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ReplaceAll(text, "\r", "\n"))
}

// plain makes the text of a message fit to be shown: line ends are line feeds, and control characters are
// gone. Marks that turn the direction stay: they end with the element that the text stands in.
func plain(text string) string {
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return cleaned(text, func(rune) bool { return false })
}

// address finds what is shown as a link.
var address = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s<>"'\x60{}|\\^]+`)

// appendText escapes plain text, with addresses as links.
func appendText(to []byte, text string) []byte {
	text = plain(text)
	if !strings.Contains(text, ":") {
		return append(to, html.EscapeString(text)...)
	}
	done := 0
	for _, found := range address.FindAllStringIndex(text, -1) {
		end := found[0] + len(strings.TrimRight(text[found[0]:found[1]], ".,;:!?)]»“”’"))
		to = append(to, html.EscapeString(text[done:found[0]])...)
		link := html.EscapeString(text[found[0]:end])
		to = append(to, `<a rel="noopener noreferrer nofollow" target="_blank" href="`...)
		to = append(to, link...)
		to = append(to, `">`...)
		to = append(to, link...)
		to = append(to, `</a>`...)
		done = end
	}
	return append(to, html.EscapeString(text[done:])...)
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}

// appendMessage writes a message as it stands on a page of messages. The root leads to the top of the site.
func appendMessage(to []byte, root string, m Message, author Person) []byte {
	id := strconv.FormatInt(m.ID, 10)
	to = append(to, `<article id="m`...)
	to = append(to, id...)
	if m.Alert {
		to = append(to, `" class="alert`...)
	}
	to = append(to, `"><header><a class="who" href="`...)
	to = append(to, root...)
	to = append(to, `search.html?person=`...)
	to = strconv.AppendInt(to, m.Author, 10)
	to = append(to, `" title="`...)
	to = append(to, html.EscapeString(visible(author.Address))...)
	to = append(to, `">`...)
	to = append(to, html.EscapeString(visible(author.Name))...)
	to = append(to, `</a> <a class="when" href="#m`...)
	to = append(to, id...)
	to = append(to, `">`...)
	if m.At.IsZero() {
		to = append(to, "no date"...)
	} else {
		to = append(to, `<time datetime="`...)
		to = m.At.UTC().AppendFormat(to, time.RFC3339Nano)
		to = append(to, `">`...)
		to = m.At.UTC().AppendFormat(to, "15:04:05")
		to = append(to, `</time>`...)
	}
	to = append(to, `</a>`...)
	if m.Alert {
		to = append(to, ` <span class="mark">alert</span>`...)
	}
	to = append(to, `</header><div class="text" dir="auto">`...)
	if m.HTML != "" {
		to = append(to, m.HTML...)
	} else {
		to = appendText(to, m.Text)
	}
	to = append(to, `</div>`...)
	for _, file := range m.Files {
		to = append(to, `<p class="file"><a href="`...)
		to = append(to, html.EscapeString(root+file.Path)...)
		to = append(to, `" download>`...)
		to = append(to, html.EscapeString(visible(file.Name))...)
		to = append(to, `</a> `...)
		to = append(to, report.Bytes(file.Size)...)
		to = append(to, `</p>`...)
	}
	return append(to, "</article>\n"...)
}
