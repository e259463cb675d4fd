package site

import (
	"io"
	"strconv"
	"time"
)

// roomWriter writes the pages of one room. A page waits until the next one begins, to which it links.
type roomWriter struct {
	site   *Writer
	state  *roomState
	pager  Pager
	body   PageBody
	before string // the name of the page before the one that waits
	name   string // of the page that waits; "" before the first
	months Months
}

// PageBody collects the messages of a page, with a heading for each day.
type PageBody struct {
	HTML        []byte
	Messages    int64
	First, Last time.Time
	day         string
	days        map[string]bool
}

// Add writes a message behind those before it. The root leads from the page to the top of the site.
func (b *PageBody) Add(root string, m Message, author Person) {
	name := "without a date"
	if !m.At.IsZero() {
		name = m.At.UTC().Format(time.DateOnly)
	}
	if name != b.day {
		b.day = name
		b.HTML = append(b.HTML, `<h2 class="day"`...)
		if !m.At.IsZero() && !b.days[name] { // an anchor is there once
			if b.days == nil {
				b.days = map[string]bool{}
			}
			b.days[name] = true
			b.HTML = append(b.HTML, ` id="`+dayAnchor(m.At)+`"`...)
		}
		title := name
		if !m.At.IsZero() {
			title = m.At.UTC().Format("Monday, 2 January 2006")
		}
		b.HTML = append(b.HTML, ">"+title+"</h2>\n"...)
	}
	b.HTML = appendMessage(b.HTML, root, m, author)
	b.Messages++
	if !m.At.IsZero() {
		if b.First.IsZero() || m.At.Before(b.First) {
			b.First = m.At
		}
		if m.At.After(b.Last) {
			b.Last = m.At
		}
	}
}

// Span tells in words from when to when the messages of the page are.
func (b *PageBody) Span() string {
	if b.First.IsZero() {
		return "without a date"
	}
	from, to := day(b.First), day(b.Last)
	if from == to {
		return from
	}
	return from + " to " + to
}

// Reset empties the page.
func (b *PageBody) Reset() {
	*b = PageBody{HTML: b.HTML[:0]}
}

func (r *roomWriter) message(m Message, author Person) error {
	if name := r.pager.Next(m); name != "" {
		if err := r.flush(name); err != nil {
			return err
		}
		r.name = name
	}
	r.body.Add("../../", m, author)
	r.months.Add(m.At, r.name)
	r.state.totals.Add(m.At)
	return r.site.index.message(m, author)
}

// flush writes the page that waits, which the named one follows.
func (r *roomWriter) flush(next string) error {
	if r.name == "" {
		return nil
	}
	turn := Turn{}
	if r.before != "" {
		turn.Before = r.before + ".html"
	}
	if next != "" {
		turn.After = next + ".html"
	}
	path := "rooms/" + strconv.FormatInt(r.state.ID, 10) + "/" + r.name + ".html"
	err := r.site.create(path, func(to io.Writer) error {
		return r.site.pages.MessagesPage(to, r.state.Room, r.state.up, r.body.Span(), turn, r.body.HTML)
	})
	if err != nil {
		return err
	}
	r.site.index.page(r.name, r.body.Messages, r.body.First, r.body.Last)
	r.before = r.name
	r.body.Reset()
	return nil
}

// end writes the last page and the room's first one.
func (r *roomWriter) end() error {
	if err := r.flush(""); err != nil {
		return err
	}
	r.state.done = true
	return r.site.create("rooms/"+strconv.FormatInt(r.state.ID, 10)+"/index.html", func(to io.Writer) error {
		return r.site.pages.RoomPage(to, r.state.Room, r.state.up, r.state.totals, r.months.List())
	})
}
