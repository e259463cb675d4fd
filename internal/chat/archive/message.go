package archive

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// check tells why there can be no such room.
func (r Room) check() error {
	if err := checkNumber("channelId", r.ID); err != nil || !r.Known {
		return err
	}
	if err := roomGUID.Check(r.GUID); err != nil {
		return err
	}
	return roomName.Check(r.Name)
}

var roomGUID, roomName = columnsOf("tblNode", "nodeGuid")[0], columnsOf("tblNode", "nodeName")[0]

// The places of the texts in a message's line, were nothing left out.
const (
	contentColumn = 2
	rtfColumn     = 3
)

const messagesHeader = `["chatDate","userId","content","rtf","isAlert"]`

// messageEncoder writes the lines of one member with messages.
type messageEncoder struct {
	rules     rules
	room      int64
	next      int64 // chatId of the next message if it follows
	date      int64
	user      int64
	firstUser bool
	rtf       int // how the RTF of the message is said: a rule's number, 0 for NULL, or one of the two below
}

const (
	leftOut = -1
	itself  = -2
)

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

// prepare writes the lines that must stand before the message, and decides how its RTF is said.
func (e *messageEncoder) prepare(to []byte, m Message) ([]byte, error) {
	e.rtf = leftOut
	switch {
	case !m.HasRTF:
		if e.rules.last != 0 {
			e.rtf = 0
		}
	default:
		n := e.rules.match(m.Content, m.RTF)
		if n == 0 {
			if found, ok := e.rules.find(m.Content, m.RTF); ok {
				n = len(e.rules.known)
				var err error
				if to, err = appendRule(to, n, found); err != nil {
					return nil, err
				}
			}
		}
		switch {
		case n == 0:
			e.rtf = itself
		case n != e.rules.last:
			e.rtf, e.rules.last = n, n
		}
	}
	if m.ChatID != e.next {
		to = append(strconv.AppendInt(append(to, `{"chatId":`...), m.ChatID, 10), "}\n"...)
	}
	return to, nil
}

// message writes the line of the message itself, after prepare; long texts are cut by then.
func (e *messageEncoder) message(to []byte, m Message) ([]byte, error) {
	to = appendSeconds(append(to, '['), m.ChatDate-e.date)
	if e.firstUser || m.UserID != e.user {
		to = strconv.AppendInt(append(to, ','), m.UserID, 10)
	}
	e.next, e.date, e.user, e.firstUser = m.ChatID+1, m.ChatDate, m.UserID, false
	to, err := appendText(append(to, ','), m.Content)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	switch {
	case e.rtf == itself:
		if to, err = appendText(append(to, ','), m.RTF); err != nil {
			return nil, fmt.Errorf("rtf: %w", err)
		}
	case e.rtf >= 0:
		to = strconv.AppendInt(append(to, ','), int64(e.rtf), 10)
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

// messageDecoder reads what a messageEncoder wrote. It refuses other ways to say the same, so that one
// content has one form.
type messageDecoder struct {
	proof bool // texts are not wanted, only whether they are in order
	line  line
	rules rules
	fresh bool // the rule that came last waits for the message that it is for
	parts parts

	room     Room
	inRoom   bool
	messages int64 // in the room so far
	next     int64 // the chatId of the next message
	last     int64 // that of the message before
	jumped   bool  // the next chatId was said
	date     int64
	user     int64
	work     []byte
}

func newMessageDecoder(proof bool) *messageDecoder {
	return &messageDecoder{proof: proof, parts: parts{proof: proof, long: []bool{contentColumn: true, rtfColumn: true}}}
}

// read takes one line. isMessage tells that it was a message, newRoom that a room begins.
func (d *messageDecoder) read(text []byte, m *Message) (isMessage, newRoom bool, err error) {
	l := &d.line
	l.text, l.at = text, 0
	switch {
	case l.take("["):
		return true, false, d.message(m)
	case l.take(`{"column":`):
		return false, false, d.parts.read(l)
	case d.parts.waiting():
		return false, false, errLine
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

// end tells whether the member may end here.
func (d *messageDecoder) end() error {
	if !d.inRoom || d.messages == 0 || d.jumped || d.fresh || d.parts.waiting() {
		return errors.New("a message is missing at its end")
	}
	return nil
}

func (d *messageDecoder) begin() error {
	l := &d.line
	id, err := l.integer()
	if err != nil || !l.take(`,"guid":`) || d.jumped || d.fresh || (d.inRoom && (id <= d.room.ID || d.messages == 0)) {
		return errLine
	}
	guid, unknown, err := l.nullable()
	if err != nil || !l.take(`,"name":`) {
		return errLine
	}
	name, unnamed, err := l.nullable()
	if err != nil || unnamed != unknown || !l.take("}") || !l.end() {
		return errLine
	}
	d.room = Room{ID: id, GUID: guid, Name: name, Known: !unknown}
	d.inRoom, d.messages, d.next, d.date = true, 0, 1, 0
	if err := d.room.check(); err != nil {
		return err
	}
	return nil
}

func (d *messageDecoder) rule() error {
	l := &d.line
	n, err := l.integer()
	if err != nil || n != int64(len(d.rules.known)+1) || n > maxRules || !l.take(`,"line":`) || !d.inRoom || d.jumped || d.fresh {
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
	d.fresh = true
	return nil
}

func (d *messageDecoder) message(m *Message) error {
	l := &d.line
	delta, err := l.seconds()
	if err != nil || !l.take(",") || !d.inRoom || (d.messages > 0 && d.next <= d.last) {
		return errLine
	}
	if l.peek() != '"' {
		user, err := l.integer()
		if err != nil || !l.take(",") || (d.messages > 0 && user == d.user) {
			return errLine
		}
		if err := checkNumber("userId", user); err != nil {
			return err
		}
		d.user = user
	} else if d.messages == 0 {
		return errLine
	}
	d.date += delta
	*m = Message{ChannelID: d.room.ID, ChatID: d.next, ChatDate: d.date, UserID: d.user}
	d.last, d.next, d.jumped = d.next, d.next+1, false
	d.messages++
	if m.Content, err = d.text(contentColumn); err != nil {
		return err
	}
	if err := d.rtf(m); err != nil {
		return err
	}
	m.Alert = l.take(",true")
	if !l.take("]") || !l.end() {
		return errLine
	}
	return d.parts.none()
}

// text reads a value that may have parts before the line.
func (d *messageDecoder) text(column int) (string, error) {
	if d.proof && !d.parts.waiting() {
		size, err := d.line.skip()
		if err == nil && size > longestPart {
			err = errLine
		}
		return "", err
	}
	end, err := d.line.string()
	if err != nil {
		return "", err
	}
	whole, err := d.parts.join(column, end)
	if err != nil {
		return "", err
	}
	return whole.(string), nil
}

// rtf reads what a message says of its RTF, if anything.
func (d *messageDecoder) rtf(m *Message) error {
	l := &d.line
	n := d.rules.last
	switch {
	case l.take(`,"`):
		l.at--
		if d.fresh {
			return errLine
		}
		var err error
		m.HasRTF = true
		m.RTF, err = d.text(rtfColumn)
		return err
	case !strings.HasPrefix(string(l.text[l.at:min(l.at+2, len(l.text))]), ",t") && l.take(","):
		said, err := l.integer()
		if err != nil || said < 0 || said > int64(len(d.rules.known)) || said == int64(d.rules.last) {
			return errLine
		}
		n = int(said)
	}
	if d.fresh && n != len(d.rules.known) {
		return errLine
	}
	if d.fresh = false; n == 0 {
		return nil
	}
	d.rules.last, m.HasRTF = n, true
	if !d.proof {
		d.work = d.rules.known[n-1].apply(d.work[:0], m.Content)
		m.RTF = string(d.work)
	}
	return nil
}
