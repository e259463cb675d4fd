package rtf

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// destination says what becomes of the text of a group.
type destination int

const (
	toBody destination = iota
	toNothing
	toFonts
	toColors
	toField // the instruction of a field
)

// state is what a group begins with and gives back at its end.
type state struct {
	style  Style
	hidden bool
	font   int
	uc     int // how many characters follow \u for those who do not know it
	into   destination
	link   string // the address of the field that the group belongs to
}

// parser reads one document.
type parser struct {
	src    string
	at     int
	state  state
	stack  []state
	doc    Document
	text   strings.Builder
	style  Style  // of text
	bytes  []byte // of \', which may be parts of a character
	unit   rune   // the first half of a pair, 0 for none
	skip   int    // characters that stand for the \u before them
	cpg    int    // the code page of the document
	fonts  map[int]int
	inFont int // the font whose row in the table is being read
	colors []string
	color  [3]int
	field  strings.Builder
	star   bool // \* was read: a group that is not known is passed over
}

// Parse reads a document. A text without an end, or with too many ends, gives what can be read of it.
func Parse(src string) (Document, error) {
	if len(src) > maxSource {
		return Document{}, ErrTooLong
	}
	if !strings.HasPrefix(strings.TrimLeft(src, " \t\r\n"), `{\rtf`) {
		return Document{}, ErrNotRTF
	}
	p := &parser{src: src, fonts: map[int]int{}, cpg: 1252, state: state{uc: 1}}
	for p.at < len(p.src) {
		if err := p.next(); err != nil {
			return Document{}, err
		}
	}
	p.flush()
	p.trim()
	return p.doc, nil
}

// next reads one token.
func (p *parser) next() error {
	switch c := p.src[p.at]; c {
	case '{':
		p.at++
		p.flushBytes()
		p.skip = 0
		if len(p.stack) >= maxDepth {
			return ErrTooDeep
		}
		p.stack = append(p.stack, p.state)
	case '}':
		p.at++
		p.end()
	case '\\':
		p.control()
	case '\r', '\n':
		p.at++
	default:
		r, size := utf8.DecodeRuneInString(p.src[p.at:])
		p.at += size
		if r == utf8.RuneError && size == 1 {
			for p.at < len(p.src) && p.src[p.at]&0xC0 == 0x80 { // the rest of a surrogate's three bytes
				p.at++
			}
		}
		p.character(r)
	}
	return nil
}

// end closes a group.
func (p *parser) end() {
	p.flushBytes()
	p.skip, p.star = 0, false
	if len(p.stack) == 0 {
		return
	}
	before := p.state
	p.state = p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	if before.into == toField && p.state.into != toField {
		p.state.link = linkOf(p.field.String())
	}
}

// linkOf reads the address of a hyperlink from the instruction of a field.
func linkOf(instruction string) string {
	word, rest, _ := strings.Cut(strings.TrimSpace(instruction), " ")
	if !strings.EqualFold(word, "HYPERLINK") {
		return ""
	}
	rest = strings.TrimSpace(rest)
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		rest, _, _ = strings.Cut(quoted, `"`)
	} else {
		rest, _, _ = strings.Cut(rest, " ")
	}
	return SafeLink(rest)
}

// control reads a control word or symbol.
func (p *parser) control() {
	p.at++
	if p.at >= len(p.src) {
		return
	}
	c := p.src[p.at]
	if !isLetter(c) {
		p.at++
		p.symbol(c)
		return
	}
	start := p.at
	for p.at < len(p.src) && isLetter(p.src[p.at]) {
		p.at++
	}
	word := p.src[start:p.at]
	number, has := p.number()
	if p.at < len(p.src) && p.src[p.at] == ' ' {
		p.at++
	}
	if len(word) > 32 {
		return
	}
	if p.skip > 0 && word != "u" && word != "bin" {
		p.skip--
		return
	}
	p.word(word, number, has)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// number reads the number behind a control word; one outside of 32 bits is cut off at its ends.
func (p *parser) number() (n int, has bool) {
	at, negative := p.at, false
	if at < len(p.src) && p.src[at] == '-' {
		negative = true
		at++
	}
	for ; at < len(p.src) && p.src[at] >= '0' && p.src[at] <= '9'; at++ {
		has = true
		if n = n*10 + int(p.src[at]-'0'); n > 1<<31-1 {
			n = 1<<31 - 1
		}
	}
	if !has {
		return 0, false
	}
	p.at = at
	if negative {
		n = -n
	}
	return n, true
}

// symbol takes a control symbol.
func (p *parser) symbol(c byte) {
	switch c {
	case '\'':
		p.hexByte()
	case '*':
		p.star = true
	case '~':
		p.character('\u00A0')
	case '_':
		p.character('\u2011')
	case '-':
	case '\r', '\n':
		p.character('\n')
	case '\\', '{', '}':
		p.character(rune(c))
	}
}

// hexByte reads the two digits behind \'.
func (p *parser) hexByte() {
	if p.at+2 > len(p.src) {
		p.at = len(p.src)
		return
	}
	high, low := hexDigit(p.src[p.at]), hexDigit(p.src[p.at+1])
	if high < 0 || low < 0 {
		return
	}
	p.at += 2
	if p.skip > 0 {
		p.skip--
		return
	}
	if p.state.into == toBody && !p.state.hidden {
		p.unit = 0
		p.bytes = append(p.bytes, byte(high<<4|low))
	}
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// character takes a character of text.
func (p *parser) character(r rune) {
	if p.skip > 0 {
		p.skip--
		return
	}
	p.put(r)
}

// put adds a character to where the text of the group goes.
func (p *parser) put(r rune) {
	p.flushBytes()
	p.star, p.unit = false, 0
	switch p.state.into {
	case toBody:
		if !p.state.hidden {
			p.body(r)
		}
	case toColors:
		if r == ';' && len(p.colors) < maxTable {
			p.colors = append(p.colors, colorOf(p.color))
			p.color = [3]int{}
		}
	case toField:
		if p.field.Len() < 2*maxLink {
			p.field.WriteRune(r)
		}
	case toNothing, toFonts:
	}
}

// colorOf gives a colour as spans have it.
func colorOf(c [3]int) string {
	if c == [3]int{} {
		return ""
	}
	return fmt.Sprintf("#%02x%02x%02x", byte(c[0]), byte(c[1]), byte(c[2]))
}

// body adds a character to the document.
func (p *parser) body(r rune) {
	style := p.state.style
	style.Link = p.state.link
	if style != p.style {
		p.flush()
		p.style = style
	}
	if utf16.IsSurrogate(r) || !utf8.ValidRune(r) {
		r = utf8.RuneError
	}
	p.text.WriteRune(r)
}

// flush ends a span.
func (p *parser) flush() {
	p.flushBytes()
	if text := clean(p.text.String()); text != "" {
		p.doc.Spans = append(p.doc.Spans, Span{text, p.style})
	}
	p.text.Reset()
}

// flushBytes decodes the bytes that came last.
func (p *parser) flushBytes() {
	if len(p.bytes) == 0 {
		return
	}
	page := p.cpg
	if own := p.fonts[p.state.font]; own != 0 {
		page = own
	}
	text := decode(page, p.bytes)
	p.bytes = p.bytes[:0]
	for _, r := range text {
		p.body(r)
	}
}

// trim takes away the end of the last paragraph, which RTF writes behind every text.
func (p *parser) trim() {
	spans := p.doc.Spans
	for len(spans) > 0 {
		last := &spans[len(spans)-1]
		if last.Text = strings.TrimRight(last.Text, "\n"); last.Text != "" {
			break
		}
		spans = spans[:len(spans)-1]
	}
	p.doc.Spans = spans
}
