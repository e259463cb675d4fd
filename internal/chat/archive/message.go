package archive

import (
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

const messagesHeader = `["chatDate","userId","rtf","isAlert"]`

// The members of the n-th part of the messages.
func factsMember(n int) string { return fmt.Sprintf("messages/%06d.jsonl", n) }
func textsMember(n int) string { return fmt.Sprintf("messages/%06d.txt", n) }

// messageEncoder writes the facts and the texts of one part of the messages.
type messageEncoder struct {
	facts, texts []byte // lines that are ready to be written
	rules        rules
	room         int64
	next         int64 // chatId of the next message if it follows
	date         int64
	user         int64
	first        bool // the next message is the first of its room
}

// begin starts a room.
func (e *messageEncoder) begin(room Room) error {
	e.room, e.next, e.date, e.first = room.ID, 1, 0, true
	to := strconv.AppendInt(append(e.facts, `{"room":`...), room.ID, 10)
	if !room.Known {
		e.facts = append(to, ",\"guid\":null,\"name\":null}\n"...)
		return nil
	}
	to, err := appendText(append(to, `,"guid":`...), room.GUID)
	if err != nil {
		return err
	}
	if to, err = appendText(append(to, `,"name":`...), room.Name); err != nil {
		return err
	}
	e.facts = append(to, "}\n"...)
	return nil
}

// message writes one message. Flush is called for each line of a long text, to empty texts.
func (e *messageEncoder) message(m Message, flush func() error) error {
	rule, rtfLines, err := e.rule(m)
	if err != nil {
		return err
	}
	if m.ChatID != e.next {
		e.facts = append(strconv.AppendInt(append(e.facts, `{"chatId":`...), m.ChatID, 10), "}\n"...)
	}
	if n := textLines(m.Content); n > 1 {
		e.facts = append(strconv.AppendInt(append(e.facts, `{"lines":`...), int64(n), 10), "}\n"...)
	}
	e.facts = appendSeconds(append(e.facts, '['), m.ChatDate-e.date)
	if e.first || m.UserID != e.user {
		e.facts = strconv.AppendInt(append(e.facts, ','), m.UserID, 10)
	}
	switch {
	case rtfLines > 0:
		e.facts = append(strconv.AppendInt(append(e.facts, `,{"lines":`...), int64(rtfLines), 10), '}')
	case !m.HasRTF && e.rules.last != 0:
		e.facts = append(e.facts, ",null"...)
	case m.HasRTF && rule != e.rules.last:
		e.facts = append(strconv.AppendInt(append(e.facts, `,"`...), int64(rule), 10), '"')
	}
	if m.HasRTF && rtfLines == 0 {
		e.rules.last = rule
	}
	if m.Alert {
		e.facts = append(e.facts, ",true"...)
	}
	e.facts = append(e.facts, "]\n"...)
	e.next, e.date, e.user, e.first = m.ChatID+1, m.ChatDate, m.UserID, false
	if err := e.text(m.Content, flush); err != nil {
		return fmt.Errorf("content: %w", err)
	}
	if rtfLines > 0 {
		if err := e.text(m.RTF, flush); err != nil {
			return fmt.Errorf("rtf: %w", err)
		}
	}
	return nil
}

// rule finds the rule that makes the message's RTF, and announces a new one. Where there is none it tells
// in how many lines the RTF must be written itself.
func (e *messageEncoder) rule(m Message) (number, lines int, err error) {
	if !m.HasRTF {
		return 0, 0, nil
	}
	if n := e.rules.match(m.Content, m.RTF); n > 0 {
		return n, 0, nil
	}
	found, ok := e.rules.find(m.Content, m.RTF)
	if !ok {
		return 0, textLines(m.RTF), nil
	}
	n := len(e.rules.known)
	e.facts, err = appendRule(e.facts, n, found)
	return n, 0, err
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

// textLines tells in how many lines a text is written.
func textLines(text string) int {
	n := 1
	for len(text) > longestPart {
		text = text[cutText(text):]
		n++
	}
	return n
}

// text writes the lines of one text.
func (e *messageEncoder) text(text string, flush func() error) error {
	if err := checkLength(text); err != nil {
		return err
	}
	for {
		at := cutText(text)
		var err error
		if e.texts, err = appendEscapes(e.texts, text[:at], 0); err != nil {
			return err
		}
		e.texts = append(e.texts, '\n')
		if text = text[at:]; text == "" {
			return nil
		}
		if err := flush(); err != nil {
			return err
		}
	}
}
