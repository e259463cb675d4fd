package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Message is one row of tblChat.
type Message struct {
	ChannelID int64
	ChatID    int64
	ChatDate  int64 // ticks
	UserID    int64
	Alert     bool
	Content   string // WTF-8
	RTF       string // WTF-8; means nothing where HasRTF is false
	HasRTF    bool   // false is NULL
}

// Room is the room that messages stand in. Known is false for a channelId without a node.
type Room struct {
	ID         int64
	GUID, Name string
	Known      bool
}

const messagesHeader = `["chatDate","userId","content","rtf","isAlert"]`

// messageEncoder writes the lines of one member with messages.
type messageEncoder struct {
	rules     rules
	room      int64
	next      int64 // chatId of the next message if it follows
	date      int64
	user      int64
	firstUser bool
}

func (e *messageEncoder) begin(to []byte, room Room) ([]byte, error) {
	e.room, e.next, e.date, e.firstUser = room.ID, 1, 0, true
	to = strconv.AppendInt(append(to, `{"room":`...), room.ID, 10)
	if !room.Known {
		return append(to, ",\"guid\":null,\"name\":null}\n"...), nil
	}
	to, err := appendText(append(to, `,"guid":`...), room.GUID)
	if err != nil {
		return nil, err
	}
	if to, err = appendText(append(to, `,"name":`...), room.Name); err != nil {
		return nil, err
	}
	return append(to, "}\n"...), nil
}

func (e *messageEncoder) message(to []byte, m Message) ([]byte, error) {
	var err error
	rtf := -1 // left out
	switch n := 0; {
	case !m.HasRTF && e.rules.last != 0:
		rtf = 0
	case m.HasRTF:
		if n = e.rules.match(m.Content, m.RTF); n == 0 {
			if found, ok := e.rules.find(m.Content, m.RTF); ok {
				n = len(e.rules.known)
				if to, err = appendRule(to, n, found); err != nil {
					return nil, err
				}
			}
		}
		if n != e.rules.last || n == 0 {
			rtf = n
		}
		if n > 0 {
			e.rules.last = n
		}
	}
	if m.ChatID != e.next {
		to = append(strconv.AppendInt(append(to, `{"chatId":`...), m.ChatID, 10), "}\n"...)
	}
	to = appendSeconds(append(to, '['), m.ChatDate-e.date)
	if e.firstUser || m.UserID != e.user {
		to = strconv.AppendInt(append(to, ','), m.UserID, 10)
	}
	e.next, e.date, e.user, e.firstUser = m.ChatID+1, m.ChatDate, m.UserID, false
	if to, err = appendText(append(to, ','), m.Content); err != nil {
		return nil, err
	}
	switch {
	case rtf == 0 && m.HasRTF:
		if to, err = appendText(append(to, ','), m.RTF); err != nil {
			return nil, err
		}
	case rtf >= 0:
		to = strconv.AppendInt(append(to, ','), int64(rtf), 10)
	}
	if m.Alert {
		to = append(to, ",true"...)
	}
	return append(to, "]\n"...), nil
}

func appendRule(to []byte, n int, r rule) ([]byte, error) {
	to = strconv.AppendInt(append(to, `{"rtf":`...), int64(n), 10)
	for _, part := range [][2]string{{`,"line":`, r.line}, {`,"before":`, r.before}, {`,"after":`, r.after}} {
		var err error
		if to, err = appendText(append(to, part[0]...), part[1]); err != nil {
			return nil, err
		}
	}
	return append(to, "}\n"...), nil
}

// messageDecoder reads what a messageEncoder wrote. It refuses every other way to say the same, so that
// one content has one form.
type messageDecoder struct {
	line     line
	rules    rules
	room     Room
	inRoom   bool
	next     int64
	jumped   bool // a chatId line stands before the message
	lastRoom int64
	date     int64
	user     int64
	hasUser  bool
	makeRTF  bool // whether rules are applied; a proof does not need their results
	work     []byte
}

// read takes one line. isMessage tells that it was a message, newRoom that a room begins.
func (d *messageDecoder) read(text []byte, m *Message) (isMessage, newRoom bool, err error) {
	d.line.text, d.line.at = text, 0
	l := &d.line
	switch {
	case l.take("["):
		return true, false, d.message(m)
	case l.take(`{"room":`):
		return false, true, d.begin()
	case l.take(`{"chatId":`):
		id, err := l.integer()
		if err != nil || !l.take("}") || !l.end() || !d.inRoom || d.jumped || id == d.next {
			return false, false, errLine
		}
		d.next, d.jumped = id, true
		return false, false, nil
	case l.take(`{"rtf":`):
		return false, false, d.rule()
	}
	return false, false, errLine
}

func (d *messageDecoder) begin() error {
	l := &d.line
	id, err := l.integer()
	if err != nil || !l.take(`,"guid":`) || d.jumped || (d.inRoom && id <= d.room.ID) {
		return errLine
	}
	d.room = Room{ID: id}
	guid, unknown, err := l.nullable()
	if err != nil || !l.take(`,"name":`) {
		return errLine
	}
	name, unnamed, err := l.nullable()
	if err != nil || unnamed != unknown || !l.take("}") || !l.end() {
		return errLine
	}
	d.room = Room{ID: id, GUID: guid, Name: name, Known: !unknown}
	d.inRoom, d.next, d.date, d.hasUser = true, 1, 0, false
	return nil
}

func (d *messageDecoder) rule() error {
	l := &d.line
	n, err := l.integer()
	if err != nil || n != int64(len(d.rules.known)+1) || n > maxRules || !l.take(`,"line":`) || d.jumped {
		return errLine
	}
	var r rule
	if r.line, err = l.string(); err != nil || !l.take(`,"before":`) {
		return errLine
	}
	if r.before, err = l.string(); err != nil || !l.take(`,"after":`) {
		return errLine
	}
	if r.after, err = l.string(); err != nil || !l.take("}") || !l.end() || len(r.line) > 64 || len(r.before)+len(r.after) > longestRule {
		return errLine
	}
	d.rules.known = append(d.rules.known, r)
	return nil
}

func (d *messageDecoder) message(m *Message) error {
	l := &d.line
	delta, err := l.seconds()
	if err != nil || !l.take(",") || !d.inRoom {
		return errLine
	}
	if l.peek() != '"' {
		user, err := l.integer()
		if err != nil || !l.take(",") || (d.hasUser && user == d.user) {
			return errLine
		}
		d.user, d.hasUser = user, true
	}
	if !d.hasUser {
		return errLine
	}
	d.date += delta
	*m = Message{ChannelID: d.room.ID, ChatID: d.next, ChatDate: d.date, UserID: d.user}
	d.next, d.jumped = d.next+1, false
	if m.Content, err = l.string(); err != nil {
		return errLine
	}
	n := d.rules.last
	if l.take(",") {
		if l.peek() == 't' {
			l.at--
		} else if n, err = d.ownRTF(m); err != nil {
			return err
		}
	}
	if n > 0 && !m.HasRTF {
		m.HasRTF = true
		if d.makeRTF {
			d.work = d.rules.known[n-1].apply(d.work[:0], m.Content)
			m.RTF = string(d.work)
		}
	}
	m.Alert = l.take(",true")
	if !l.take("]") || !l.end() {
		return errLine
	}
	return nil
}

// ownRTF reads what a message says of its RTF, and gives the number of the rule.
func (d *messageDecoder) ownRTF(m *Message) (int, error) {
	l := &d.line
	if l.peek() == '"' {
		var err error
		m.HasRTF = true
		m.RTF, err = l.string()
		return 0, err
	}
	n, err := l.integer()
	if err != nil || n < 0 || n > int64(len(d.rules.known)) || n == int64(d.rules.last) {
		return 0, errLine
	}
	if n > 0 {
		d.rules.last = int(n)
	}
	return int(n), nil
}

// tableHeader gives the first line of a table.
func tableHeader(columns []string) ([]byte, error) {
	text, err := json.Marshal(columns)
	if err != nil {
		return nil, fmt.Errorf("write the column names: %w", err)
	}
	return append(bytes.TrimSpace(text), '\n'), nil
}
