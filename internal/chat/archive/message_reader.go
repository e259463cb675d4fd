package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// messageDecoder reads what a messageEncoder wrote. It refuses other ways to say the same, so that one
// content has one form.
type messageDecoder struct {
	proof bool // texts are not wanted, only whether they are in order
	texts *lines
	line  line // of the facts
	rules rules
	fresh bool  // the rule that came last waits for the message that it is for
	lines int64 // of the next message's content, where that was said

	textLine line
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

var errLines = errors.New("the texts of the messages are not those that the messages ask for")

// read takes one line. isMessage tells that it was a message, isRoom that a room begins.
func (d *messageDecoder) read(text []byte, m *Message) (isMessage, isRoom bool, err error) {
	l := &d.line
	l.text, l.at = text, 0
	switch {
	case l.take("["):
		return true, false, d.message(m)
	case d.lines > 1:
	case l.take(`{"lines":`):
		d.lines, err = l.integer()
		if err == nil && l.take("}") && l.end() && d.lines > 1 && d.inRoom {
			return false, false, nil
		}
	case d.jumped:
	case l.take(`{"chatId":`):
		id, err := l.integer()
		if err == nil && l.take("}") && l.end() && d.inRoom && id != d.next {
			d.next, d.jumped = id, true
			return false, false, nil
		}
	case d.fresh:
	case l.take(`{"room":`):
		return false, true, d.begin()
	case l.take(`{"rtf":`):
		return false, false, d.rule()
	}
	return false, false, errLine
}

// end tells whether both members may end here.
func (d *messageDecoder) end() error {
	if !d.inRoom || d.messages == 0 || d.jumped || d.fresh || d.lines > 1 {
		return errors.New("a message is missing at its end")
	}
	_, err := d.texts.next()
	if err == nil {
		return errLines
	}
	if err != io.EOF {
		return err
	}
	return nil
}

func (d *messageDecoder) begin() error {
	l := &d.line
	id, err := l.integer()
	if err != nil || !l.take(`,"guid":`) || (d.inRoom && (id <= d.room.ID || d.messages == 0)) {
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
	return d.room.check()
}

func (d *messageDecoder) rule() error {
	l := &d.line
	n, err := l.integer()
	if err != nil || n != int64(len(d.rules.known)+1) || n > maxRules || !l.take(`,"line":`) || !d.inRoom {
		return errLine
	}
	var r rule
	if r.line, err = l.string(); err != nil || !l.take(`,"before":`) {
		return errLine
	}
	if r.before, err = l.string(); err != nil || !l.take(`,"after":`) {
		return errLine
	}
	if r.after, err = l.string(); err != nil || !l.take("}") || !l.end() || len(r.line) > longestLineForm || len(r.before)+len(r.after) > longestRule {
		return errLine
	}
	d.rules.known = append(d.rules.known, r)
	d.fresh = true
	return nil
}

func (d *messageDecoder) message(m *Message) error {
	l := &d.line
	delta, err := l.seconds()
	if err != nil || !d.inRoom || (d.messages > 0 && d.next <= d.last) {
		return errLine
	}
	if next := l.after(','); next == '-' || (next >= '0' && next <= '9') {
		l.at++
		user, err := l.integer()
		if err != nil || (d.messages > 0 && user == d.user) {
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
	rule, rtfLines, err := d.rtf()
	if err != nil {
		return err
	}
	m.Alert = l.take(",true")
	if !l.take("]") || !l.end() {
		return errLine
	}
	m.HasRTF = rule > 0 || rtfLines > 0
	if m.Content, err = d.text(max(d.lines, 1)); err == nil && rtfLines > 0 {
		m.RTF, err = d.text(rtfLines)
	}
	d.lines = 0
	switch {
	case err != nil:
		return fmt.Errorf("line %d of its texts: %w", d.texts.number, err)
	case rule > 0 && !d.proof:
		d.work = d.rules.known[rule-1].apply(d.work[:0], m.Content)
		m.RTF = string(d.work)
	}
	return nil
}

// rtf reads what a message says of its RTF, if anything: the number of a rule or how many lines it has.
// It is NULL where both are 0.
func (d *messageDecoder) rtf() (rule int, lines int64, err error) {
	l := &d.line
	rule = d.rules.last
	switch {
	case l.peek() == ']': // the usual case
	case l.take(`,null`):
		if rule == 0 {
			return 0, 0, errLine
		}
		rule = 0
	case l.take(`,{"lines":`):
		lines, err = l.integer()
		if err != nil || !l.take("}") || lines < 1 {
			return 0, 0, errLine
		}
		rule = 0
	case l.take(`,"`):
		said, err := l.integer()
		if err != nil || !l.take(`"`) || said < 1 || said > int64(len(d.rules.known)) || said == int64(rule) {
			return 0, 0, errLine
		}
		rule = int(said)
	}
	if d.fresh && rule != len(d.rules.known) {
		return 0, 0, errLine
	}
	d.fresh = false
	if rule > 0 {
		d.rules.last = rule
	}
	return rule, lines, nil
}

// text reads a text of so many lines.
func (d *messageDecoder) text(count int64) (string, error) {
	value := pendingValue{text: true}
	for n := range count {
		text, err := d.texts.next()
		if err == io.EOF {
			return "", errLines
		}
		if err != nil {
			return "", err
		}
		l := &d.textLine
		l.text, l.at = text, 0
		switch {
		case count > 1:
			part, err := l.plain()
			if err == nil {
				err = value.add(part, d.proof)
			}
			if err == nil && !value.whole(n == count-1) {
				err = errLine
			}
			if err != nil {
				return "", err
			}
		case d.proof:
			size, err := l.skipPlain()
			if err == nil && size > longestPart {
				err = errLine
			}
			return "", err
		default:
			whole, err := l.plain()
			if err == nil && len(whole) > longestPart {
				err = errLine
			}
			return whole, err
		}
	}
	return string(value.value), nil
}

// readMessages reads the facts of one part of the messages, whose texts the decoder has. Room is called for
// each room, message for each message.
func readMessages(facts *lines, m Member, d *messageDecoder, room func(Room) error, message func(one *Message) error) error {
	first, err := facts.next()
	if err == io.EOF || (err == nil && !bytes.Equal(first, []byte(messagesHeader))) {
		return errors.New("its first line does not name the columns of the messages")
	}
	rows, one, firstRoom := m.Rows, Message{}, true
	for err == nil {
		var text []byte
		if text, err = facts.next(); err != nil {
			break
		}
		var isMessage, isRoom bool
		switch isMessage, isRoom, err = d.read(text, &one); {
		case err != nil:
		case isMessage:
			rows--
			err = message(&one)
		case isRoom:
			if firstRoom && d.room.ID != m.FirstRoom {
				return errors.New("it begins with another room than the manifest says")
			}
			firstRoom = false
			err = room(d.room)
		}
	}
	if err != io.EOF {
		return err
	}
	if err := d.end(); err != nil {
		return err
	}
	if rows != 0 || d.room.ID != m.LastRoom {
		return errors.New("it has other messages than the manifest says")
	}
	return nil
}
