package chatdata

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Data is what a log says of people and rooms; the messages are read from the file each time.
type Data struct {
	path     string
	people   map[string]int64 // numbers of principals, by poster
	posters  []string         // in the order of their numbers
	rooms    []room
	numbers  map[string]int
	Messages int64 // in one copy
}

type room struct {
	name        string
	messages    int64
	first, last int64 // ticks
	members     map[int64]bool
}

// The numbers of the principals and nodes that are always there.
const (
	systemUser    = 1
	everybody     = 2
	firstPerson   = 10
	rootNode      = 1
	firstCategory = 10
	categories    = 4
	firstRoom     = 100
)

// Read goes through a log once.
func Read(path string) (*Data, error) {
	from, err := openLog(path)
	if err != nil {
		return nil, err
	}
	defer from.close()
	d := &Data{path: path, people: map[string]int64{}, numbers: map[string]int{}}
	for {
		l, err := from.next()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		d.count(l)
	}
}

func (d *Data) count(l line) {
	who, known := d.people[l.poster]
	if !known {
		who = firstPerson + int64(len(d.posters))
		d.people[l.poster] = who
		d.posters = append(d.posters, l.poster)
	}
	number, known := d.numbers[l.room]
	if !known {
		number = len(d.rooms)
		d.numbers[l.room] = number
		d.rooms = append(d.rooms, room{name: l.room, first: ticks(l.at), members: map[int64]bool{}})
	}
	r := &d.rooms[number]
	r.messages++
	r.last = ticks(l.at)
	r.members[who] = true
	d.Messages++
}

// ticks are units of 100 ns since the year 1.
func ticks(unix int64) int64 {
	return unix*int64(time.Second/100) + 621355968000000000
}

// guid is the GUID of the n-th thing of a kind.
func guid(kind, n int64) string {
	return fmt.Sprintf("%08x-c5b1-4000-8000-%012x", kind*0x01000193, n)
}

// roomNumber is the nodeID of a room in a copy, counted from 0.
func (d *Data) roomNumber(room int, copy int64) int64 {
	return firstRoom + copy*int64(len(d.rooms)) + int64(room)
}

// MessageColumns are the columns of the rows that Messages gives.
var MessageColumns = []string{"channelId", "chatId", "chatDate", "userId", "isAlert", "content", "rtf"}

// Copy gives the messages of a copy one after the other, then nil. A copy has rooms of its own and the
// people of all copies.
func (d *Data) Copy(copy int64) (next func() ([]any, error), err error) {
	from, err := openLog(d.path)
	if err != nil {
		return nil, err
	}
	sent := make([]int64, len(d.rooms))
	row := make([]any, len(MessageColumns))
	total := int64(0)
	return func() ([]any, error) {
		l, err := from.next()
		if err == io.EOF {
			return nil, from.close()
		}
		if err != nil {
			return nil, err
		}
		number := d.numbers[l.room]
		sent[number]++
		total++
		row[0], row[1], row[2], row[3], row[4], row[5] = d.roomNumber(number, copy), sent[number], ticks(l.at), d.people[l.poster], int64(0), l.text
		row[6] = nil
		if total%5 != 0 {
			row[6] = RTF(l.text)
		}
		return row, nil
	}, nil
}

// RTF is what a client makes of a plain text.
func RTF(text string) string {
	var b strings.Builder
	b.WriteString(`{\rtf1\fbidis\ansi\ansicpg1252\deff0\nouicompat\deflang1033{\fonttbl{\f0\fnil\fcharset0 Segoe UI;}}` + "\r\n" + `{\colortbl ;\red0\green0\blue0;}` + "\r\n" + `{\*\generator Riched20 15.0.4420}{\*\mmathPr\mwrapIndent1440 }\viewkind4\uc1 ` + "\r\n" + `\pard\cf1\embo\f0\fs20 `)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, r := range text {
		switch {
		case r == '\\' || r == '{' || r == '}':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteString(`\tab `)
		case r == '\n' || r == '\r':
			b.WriteString("\\par\r\n")
		case r < 0x80:
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				b.WriteString(`\u` + strconv.Itoa(int(int16(unit))) + "?")
			}
		}
	}
	b.WriteString("\\embo0\\f0\\par\r\n}\r\n")
	return b.String()
}
