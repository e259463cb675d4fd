package rtf

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Style is how a span of text looks.
type Style struct {
	Bold, Italic, Underline, Strike bool
	Color                           string // #rrggbb in lower case; "" for the usual one
	Link                            string // an address with http, https or mailto; "" for none
}

// Span is a piece of text with one style. Lines in it end with a line feed.
type Span struct {
	Text string // UTF-8, without control characters but tab and line feed
	Style
}

// Document is what was read.
type Document struct {
	Spans    []Span
	Pictures int // that were left out, objects among them
}

// What Parse refuses.
var (
	ErrNotRTF  = errors.New("the text does not begin like RTF")
	ErrTooLong = fmt.Errorf("the RTF has more than %d bytes", maxSource)
	ErrTooDeep = fmt.Errorf("the RTF has groups more than %d deep", maxDepth)
)

const (
	maxSource = 16 << 20
	maxDepth  = 200
	// maxTable is how many fonts and colours are remembered.
	maxTable = 4096
	// maxLink is the longest address of a link in bytes.
	maxLink = 2048
)

// Text gives the text without its formatting.
func (d Document) Text() string {
	var b strings.Builder
	for _, one := range d.Spans {
		b.WriteString(one.Text)
	}
	return b.String()
}

// IsPlain tells that no span looks otherwise than plain text.
func (d Document) IsPlain() bool {
	for _, one := range d.Spans {
		if one.Style != (Style{}) {
			return false
		}
	}
	return true
}

// HTML gives the document as a piece of HTML that stands for itself.
func (d Document) HTML() string {
	var to []byte
	for _, one := range d.Spans {
		to = AppendHTML(to, one)
	}
	return string(to)
}

// Plain gives a text as a document with one span. Control characters go, CR LF and CR become line feeds, and
// what is no UTF-8 becomes U+FFFD.
func Plain(text string) Document {
	var d Document
	if text = clean(text); text != "" {
		d.Spans = []Span{{Text: text}}
	}
	return d
}

// clean gives a text in the form that spans have.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0xFFFE || r == 0xFFFF:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// AppendHTML writes a span as HTML that stands for itself: all of its elements end in it.
func AppendHTML(to []byte, s Span) []byte {
	opening, closing := s.tags()
	to = append(to, opening...)
	to = appendText(to, s.Text)
	return append(to, closing...)
}

// tags gives what stands before and behind the text.
func (s Style) tags() (opening, closing string) {
	add := func(tag, attributes string) {
		opening, closing = opening+"<"+tag+attributes+">", "</"+tag+">"+closing
	}
	if link := SafeLink(s.Link); link != "" {
		add("a", ` href="`+string(appendText(nil, link))+`" rel="noopener noreferrer"`)
	}
	if isColor(s.Color) {
		add("span", ` style="color:`+s.Color+`"`)
	}
	for _, one := range []struct {
		on  bool
		tag string
	}{{s.Bold, "b"}, {s.Italic, "i"}, {s.Underline, "u"}, {s.Strike, "s"}} {
		if one.on {
			add(one.tag, "")
		}
	}
	return opening, closing
}

// appendText writes text for HTML, between elements or in a quoted attribute. Spaces that HTML would take
// together are kept.
func appendText(to []byte, text string) []byte {
	space := false
	for _, r := range text {
		was := space
		space = false
		switch r {
		case '&':
			to = append(to, "&amp;"...)
		case '<':
			to = append(to, "&lt;"...)
		case '>':
			to = append(to, "&gt;"...)
		case '"':
			to = append(to, "&quot;"...)
		case '\'':
			to = append(to, "&#39;"...)
		case '\n':
			to, space = append(to, "<br>"...), true
		case '\t':
			to = append(to, "&nbsp;&nbsp;&nbsp; "...)
		case ' ':
			if was {
				to = append(to, "&nbsp;"...)
			} else {
				to, space = append(to, ' '), true
			}
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return to
}

// isColor tells whether a text is #rrggbb.
func isColor(text string) bool {
	return len(text) == 7 && text[0] == '#' && strings.Trim(text[1:], "0123456789abcdef") == ""
}

// SafeLink gives an address that a link may lead to: an absolute one with http, https or mailto; "" for
// every other.
func SafeLink(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxLink || clean(text) != text || strings.ContainsAny(text, " \t\n<>\"'\\") {
		return ""
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return ""
	}
	switch strings.ToLower(parsed.Scheme) {
	case "http", "https":
		if parsed.Host == "" {
			return ""
		}
	case "mailto":
		if parsed.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return text
}
