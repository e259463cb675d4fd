package site

import (
	"fmt"
	"time"
)

const (
	// fullPage is how many messages a page holds.
	fullPage = 500
	// quietPage is how many messages a page must have so that it does not go on with a further month.
	quietPage = 100
)

// Pager decides on which page each message of a room stands. It is pure: the same messages give the same
// pages.
type Pager struct {
	names    map[string]int // how many pages began with a month
	month    int            // 12 times the year plus the month from 0, of the page's latest month
	messages int            // on the page
}

// Next takes the next message of the room. It gives the name of the page that the message begins, "" where it
// stands on the page before it. A message of an earlier month stays on the page, too: the order is that of
// the chatId.
func (p *Pager) Next(at time.Time) string {
	month := monthOf(at)
	if p.messages > 0 && p.messages < fullPage && (month <= p.month || p.messages < quietPage) {
		p.month = max(p.month, month)
		p.messages++
		return ""
	}
	p.month, p.messages = month, 1
	if p.names == nil {
		p.names = map[string]int{}
	}
	name := monthName(at)
	p.names[name]++
	if n := p.names[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return name
}
