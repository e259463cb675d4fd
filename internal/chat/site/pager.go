package site

import "fmt"

const (
	// fullPage is how many messages a page holds.
	fullPage = 500
	// quietPage is how many messages a page must have so that it does not go on with a further month.
	quietPage = 100
	// fullBytes is how many bytes of texts fill a page, however few messages have them.
	fullBytes = 1 << 20
)

// Pager decides on which page each message of a room stands. It is pure: the same messages give the same
// pages.
type Pager struct {
	names    map[string]int // how many pages began with a month
	month    int            // 12 times the year plus the month from 0, of the page's latest month
	messages int            // on the page
	bytes    int            // of their texts
}

// Next takes the next message of the room. It gives the name of the page that the message begins, "" where it
// stands on the page before it. A message of an earlier month stays on the page, too: the order is that of
// the chatId.
func (p *Pager) Next(m Message) string {
	month, size := monthOf(m.At.UTC()), len(m.Text)+len(m.HTML)
	full := p.messages == fullPage || p.bytes >= fullBytes
	if p.messages > 0 && !full && (month <= p.month || p.messages < quietPage) {
		p.month = max(p.month, month)
		p.messages++
		p.bytes += size
		return ""
	}
	p.month, p.messages, p.bytes = month, 1, size
	if p.names == nil {
		p.names = map[string]int{}
	}
	name := monthName(m.At)
	p.names[name]++
	if n := p.names[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return name
}
